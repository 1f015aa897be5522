/** What of a checkout reaches a deployment: its environment, its secrets, and no file from outside of it. */
import { mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assertNamesFit } from '../../../../src/actuators/drivers/swarm/name-limits.ts';
import { readRecipe } from '../../../../src/actuators/drivers/swarm/recipe.ts';
import { dropOtherSecrets, ensureSecrets } from '../../../../src/actuators/drivers/swarm/secrets.ts';
import type { DeployRequest } from '../../../../src/reconciler/ports.ts';
import { faultOf } from '../../../suites/driver.ts';
import { bareManifest } from '../process/harness.ts';

let folder: string;
let checkout: string;
let noted: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkout-'));
  checkout = join(folder, 'checkout');
  await mkdir(checkout);
  await write('compose.yml', 'services: {app: {image: a}}');
  noted = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const write = (name: string, text: string): Promise<void> => writeFile(join(checkout, name), text);
const request = (env: Record<string, string> = {}, provided: Record<string, string> = {}): DeployRequest => ({
  home: {
    stack: 'warm-x-1',
    folder: join(folder, 'home'),
    owner: { recipe: 'x', generation: 1, trial: 'trial-1' },
  },
  recipe: 'x',
  version: '1.0.0+1',
  domain: 'warm-x.example.org',
  checkout,
  manifest: bareManifest(null, env),
  address: { url: 'http://127.0.0.1:1', release: () => Promise.resolve() },
  env: provided,
  tmp: folder,
});
const read = (...[env, provided]: Parameters<typeof request>) =>
  readRecipe(request(env, provided), (text) => void noted.push(text));

describe('the environment of a recipe', () => {
  it('is the sample, then abra.sh, then the manifest, then what was provided, and ours last', async () => {
    await write('.env.sample', 'A=sample\nB=sample\nC=sample\nD=sample\nDOMAIN=sample\nSTACK_NAME=sample\n');
    await write('abra.sh', 'export B=abra\nexport C=abra\nexport D=abra\nexport E=$(date)\n');
    const { env } = await read({ C: 'manifest', D: 'manifest', DOMAIN: 'manifest' }, { D: 'provided' });
    expect(env).toEqual({
      A: 'sample',
      B: 'abra',
      C: 'manifest',
      D: 'provided',
      DOMAIN: 'warm-x.example.org',
      STACK_NAME: 'warm-x-1',
    });
    expect(noted[0]).toContain('abra.sh computes E');
  });

  it('reaches the docker command but for what that itself heeds, which is said', async () => {
    await write('.env.sample', 'SSH_PORT=2222\nSSH_ASKPASS=/evil\nDOCKER_HOST=tcp://evil\n');
    await write('compose.yml', 'services: {app: {image: "a:${SSH_PORT}${SSH_ASKPASS}"}}');
    expect((await read()).compose.services['app']?.image).toBe('a:2222');
    expect(noted).toEqual([expect.stringContaining('heed SSH_ASKPASS, DOCKER_HOST, and is not told them')]);
  });

  it.each([
    ['LD_HERE', './${LD_HERE:-../out}/file', 'file-outside'],
    ['HOME', '.${HOME}/file', 'file-missing'],
    ['RECONCILE_MARK', './${RECONCILE_MARK:-a/b}/../../out/file', 'file-outside'],
  ])('means by %s in a path what the docker command does', async (_name, file, reason) => {
    vi.stubEnv('HOME', '/nowhere');
    for (const above of [folder, checkout]) await mkdir(join(above, 'out'));
    for (const path of ['file', 'out/file', '../out/file']) await write(path, 'A=1');
    await write('.env.sample', 'LD_HERE=out');
    await write('compose.yml', `services: {app: {env_file: "${file}"}}`);
    expect(await faultOf(read())).toMatchObject({ verdict: 'red', reason });
  });

  it('chooses the compose files', async () => {
    await write('compose.more.yml', 'services: {db: {image: b}}');
    const { files, compose } = await read({ COMPOSE_FILE: 'compose.yml:compose.more.yml' });
    expect(files).toHaveLength(2);
    expect(Object.keys(compose.services)).toEqual(['app', 'db']);
  });
});

describe('a recipe is refused', () => {
  it.each([
    ['that names a compose file outside', { COMPOSE_FILE: '../other.yml' }, 'file-outside'],
    ['that names a compose file that is not there', { COMPOSE_FILE: 'none.yml' }, 'file-missing'],
    ['whose compose file is not one', { COMPOSE_FILE: 'abra.sh' }, 'compose-invalid'],
  ])('%s', async (_what, env, reason) => {
    await writeFile(join(folder, 'other.yml'), 'services: {}');
    await write('abra.sh', 'a: b: c');
    expect(await faultOf(read(env))).toMatchObject({ verdict: 'red', reason });
  });

  it.each([
    ['a config', 'configs: {a: {file: FILE}}'],
    ['a secret', 'secrets: {a: {file: FILE}}'],
    ['an environment', 'services: {app: {env_file: FILE}}'],
  ])('that takes %s from outside of its checkout, also by a link', async (_what, text) => {
    await write('compose.yml', text.replace('FILE', '/etc/passwd'));
    expect(await faultOf(read())).toMatchObject({ verdict: 'red', reason: 'file-outside' });
    await symlink('/etc/passwd', join(checkout, 'link'));
    await write('compose.yml', text.replace('FILE', './link'));
    expect(await faultOf(read())).toMatchObject({ verdict: 'red', reason: 'file-outside' });
  });
});

describe('the files of a recipe in a subfolder', () => {
  const inside = { COMPOSE_FILE: 'sub/compose.yml:compose.yml' };
  const kinds: [string, string][] = [
    ['a config', 'configs: {a: {file: conf}}'],
    ['a secret', 'secrets: {a: {file: ./conf}}'],
    ['an environment', 'services: {app: {env_file: [conf]}}'],
  ];
  beforeEach(() => mkdir(join(checkout, 'sub')));

  it.each(kinds)('name %s from there, as the docker command reads them', async (_what, text) => {
    await write('sub/compose.yml', text);
    await write('sub/conf', 'A=1');
    expect((await read(inside)).folder).toBe(join(await realpath(checkout), 'sub'));
  });

  it.each(kinds)(
    'take %s neither from elsewhere nor by a link, whatever lies at the top',
    async (_what, text) => {
      await write('conf', 'A=1');
      await write('sub/compose.yml', text);
      expect(await faultOf(read(inside))).toMatchObject({ verdict: 'red', reason: 'file-missing' });
      await symlink('/etc/passwd', join(checkout, 'sub', 'conf'));
      expect(await faultOf(read(inside))).toMatchObject({ verdict: 'red', reason: 'file-outside' });
    },
  );

  it('may name what lies above them, within the checkout', async () => {
    await write('conf', 'A=1');
    await write('sub/compose.yml', 'configs: {a: {file: ../conf}}');
    expect((await read(inside)).files).toHaveLength(2);
    await write('sub/compose.yml', 'configs: {a: {file: ../../checkout.txt}}');
    await writeFile(join(folder, 'checkout.txt'), '');
    expect(await faultOf(read(inside))).toMatchObject({ verdict: 'red', reason: 'file-outside' });
  });
});

describe('a name that is too long for a Swarm', () => {
  const SHORT = 'a'.repeat(64 - 'warm-x-1_'.length);
  const LONG = `${SHORT}a`;
  it.each([
    ['service', 'by its key', (name: string) => `services: {${name}: {image: a}}`, SHORT.slice(1), SHORT],
    ['config', 'by its key', (name: string) => `configs: {${name}: {file: abra.sh}}`, SHORT, LONG],
    ['config', 'by its name', (name: string) => `configs: {a: {file: abra.sh, name: ${name}}}`, SHORT, LONG],
    ['secret', 'by its key', (name: string) => `secrets: {${name}: {file: abra.sh}}`, SHORT, LONG],
    [
      'secret',
      'that is generated',
      (name: string) => `secrets: {a: {external: true, name: warm-x-1_${name}}}`,
      SHORT,
      LONG,
    ],
  ])('of a %s, %s, is refused before anything is made', async (kind, _how, compose, fits, long) => {
    await write('abra.sh', '');
    await write('compose.yml', compose(fits));
    const recipe = await read();
    expect(() => assertNamesFit(request(), recipe, 'warm-x-1')).not.toThrow();
    await write('compose.yml', compose(long));
    const refused = read().then((longer) => assertNamesFit(request(), longer, 'warm-x-1'));
    const fault = await faultOf(refused);
    expect(fault).toMatchObject({ verdict: 'red', reason: 'name-too-long' });
    expect(fault.message).toContain(`${kind} warm-x-1_${long} has ${'warm-x-1_'.length + long.length}`);
  });

  it('of what is somebody else’s is none of ours', async () => {
    await write('compose.yml', `configs: {a: {external: true, name: ${LONG}}}`);
    const recipe = await read();
    expect(() => assertNamesFit(request(), recipe, 'warm-x-1')).not.toThrow();
  });
});

describe('a name that is none of a file', () => {
  it.each([
    ['secret', '/../../../written'],
    ['secret', '..'],
    ['secret', ''],
    ['secret', '.hidden'],
    ['secret', 'a b'],
    ['secret', 'a\\nb'],
    ['config', 'a/b'],
    ['config', ''],
  ])('of a %s, %j, is refused before anything is made', async (kind, name) => {
    const own = kind === 'secret' ? 'external: true' : 'file: compose.yml';
    await write('compose.yml', `${kind}s: {a: {${own}, name: "\${STACK_NAME}_${name}"}}`);
    const refused = read().then((recipe) => assertNamesFit(request(), recipe, 'warm-x-1'));
    expect(await faultOf(refused)).toMatchObject({ verdict: 'red', reason: 'name-invalid' });
  });
});

describe('secrets', () => {
  const secret = (name: string): string => `{external: true, name: '\${STACK_NAME}_${name}'}`;
  const ensure = async (...operands: Parameters<typeof request>) => {
    const { home } = request();
    await mkdir(home.folder, { recursive: true });
    return await ensureSecrets(home, await read(...operands), 'warm-x-1');
  };
  beforeEach(async () => {
    const names = ['plain_v1', 'pin_${SECRET_PIN_VERSION}', 'shared'];
    const listed = names.map((name, at) => `  s${at}: ${secret(name)}`).join('\n');
    await write('compose.yml', `secrets:\n${listed}\n  other: {external: true, name: somebodys}\n`);
    await write('.env.sample', 'SECRET_PIN_VERSION=v2 # length=6 charset=numeric\nSECRET_PLAIN_VERSION=v1\n');
  });

  it('are as long, and of such characters, as the sample says; those that are not the stack’s are left alone', async () => {
    const made = await ensure();
    expect(made.map(({ name, fullName }) => [name, fullName])).toEqual([
      ['plain_v1', 'warm-x-1_plain_v1'],
      ['pin_v2', 'warm-x-1_pin_v2'],
      ['shared', 'warm-x-1_shared'],
    ]);
    const [plain, pin] = made.map(({ value }) => value);
    expect(plain).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(pin).toMatch(/^[0-9]{6}$/);
    const file = join(request().home.folder, 'secrets', 'pin_v2');
    expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual([pin, 0o600]);
  });

  it('stay what they are, unless one is provided', async () => {
    const first = await ensure();
    expect(await ensure()).toEqual(first);
    const provided = await ensure({}, { SECRET_PIN: 'handed over' });
    expect(provided.map(({ value }) => value)).toEqual([first[0]?.value, 'handed over', first[2]?.value]);
    expect(await ensure()).toEqual(provided);
  });

  it('take no value from the recipe or the manifest: only dependencies provide them', async () => {
    await write('.env.sample', 'SECRET_PIN_VERSION=v2\nSECRET_PIN=sample\n');
    await write('abra.sh', 'export SECRET_PIN=exported\n');
    const pin = (await ensure({ SECRET_PIN: 'set' })).find(({ name }) => name === 'pin_v2');
    expect(pin?.value).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  it('are not made up where the sample says so, but kept once they were provided', async () => {
    await write('.env.sample', 'SECRET_PIN_VERSION=v2 # length=6 generate=false\n');
    const fault = await faultOf(ensure());
    expect(fault).toMatchObject({ verdict: 'red', reason: 'secret-not-provided' });
    expect(fault.hint).toContain('write SECRET_PIN=value');
    const provided = await ensure({}, { SECRET_PIN: 'handed over' });
    expect(provided.map(({ value }) => value)).toContain('handed over');
    expect(await ensure()).toEqual(provided);
  });

  it('are written to no file outside of their folder, whoever asks', async () => {
    await write('.env.sample', 'SECRET_PIN_VERSION=/../../../written\n');
    const fault = await faultOf(ensure({}, { SECRET_PIN: 'anything' }));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'name-invalid' });
    await expect(stat(join(folder, 'written'))).rejects.toThrow('ENOENT');
  });

  it('go with the release that no longer has them', async () => {
    const [kept] = await ensure();
    await dropOtherSecrets(request().home, kept === undefined ? [] : [kept]);
    expect((await ensure({ SECRET_PIN_VERSION: 'v3' })).map(({ name }) => name)).toContain('pin_v3');
    await expect(stat(join(request().home.folder, 'secrets', 'pin_v2'))).rejects.toThrow('ENOENT');
  });

  it('make no folder above their own: what is gone must stay so', async () => {
    const { home } = request();
    const gone = { ...home, folder: join(folder, 'gone', 'home') };
    await expect(ensureSecrets(gone, await read(), 'warm-x-1')).rejects.toThrow('ENOENT');
  });
});
