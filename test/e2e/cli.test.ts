/** The commands that tell: status, explain, history, logs, validate, schema. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  try {
    await expectInvariants(fleet);
  } finally {
    await fleet.dispose();
  }
});

const told = (outcome: Outcome) => ({ ...outcome.json });

describe('plan', () => {
  it('writes nothing anywhere, not even a state folder', async () => {
    await fleet.recipe('shop', V1);
    await rm(fleet.state, { recursive: true });
    const outcome = await plan(fleet);
    expect(outcome.code).toBe(2);
    expect(outcome.json).toMatchObject({
      apiVersion: 'reconcile/v1',
      kind: 'Plan',
      exitCode: 2,
      summary: { seed: 1 },
    });
    expect(outcome.json?.['program']).toMatchObject({ version: '0.1.0' });
    await expect(readFile(fleet.state)).rejects.toThrow('ENOENT');
  });

  it('says what --once then does', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    const planned = row(await plan(fleet), 'shop');
    expect(planned).toMatchObject({
      decision: 'advance',
      drift: 'advance',
      reason: 'newer-release',
      message: `${V2} is newer than the canonical ${V1}`,
      latest: { version: V2, commit: await upstream.commitOf(V2) },
      canonical: { version: V1, commit: await upstream.commitOf(V1), generation: 1 },
      after: [],
      nextAt: null,
      acted: false,
      trial: null,
    });
  });

  it('over some recipes lists only them, and only they are acted on', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    expect((await plan(fleet, ['blog'])).json?.recipes?.map(({ recipe }) => recipe)).toEqual(['blog']);
    await pass(fleet, ['blog']);
    expect(await fleet.record('blog')).not.toBeNull();
    expect(await fleet.record('shop')).toBeNull();
  });
});

describe('status', () => {
  it('shows the last pass without asking upstream, and exits as it did', async () => {
    const upstream = await fleet.recipe('shop', V1, { app: { process: { command: ['false'] } } });
    expect((await pass(fleet)).code).toBe(2);
    await rm(upstream.folder, { recursive: true });
    const status = await fleet.reconcile(['status', '--json']);
    expect(status.code).toBe(2);
    expect(told(status)).toMatchObject({ kind: 'Status', exitCode: 2, enrolled: ['shop'] });
    expect(row(status, 'shop')).toMatchObject({
      decision: 'held',
      acted: true,
      trial: { verdict: 'red', step: 'install' },
    });
    const { stdout } = await fleet.reconcile(['status']);
    expect(stdout).toMatch(/as of \S+, \S+ ago, by version 0\.1\.0/);
  });

  it('tells what each recipe and all of them take on disk, and of what budget', async () => {
    const command = ['sh', '-c', 'head -c 3000000 /dev/zero > "$VOLUME_DATA/big"; exec node app.mjs'];
    await fleet.recipe('shop', V1, { app: { process: { command, volumes: ['data'] } } });
    await fleet.recipe('blog', V1);
    await fleet.reconciler({ diskBudget: '1GiB' });
    await pass(fleet);
    const { json, stdout: text } = await fleet.reconcile(['status', '--json']);
    expect(row(await fleet.reconcile(['status', '--json']), 'shop')['bytes']).toBeGreaterThan(3_000_000);
    expect(json, text).toMatchObject({ disk: { budgetBytes: 1024 ** 3 } });
    const { stdout } = await fleet.reconcile(['status']);
    expect(stdout).toMatch(/^shop +in-sync +\S+ +2\.9 MiB/m);
    expect(stdout).toMatch(/MiB on disk in all generations, of a diskBudget of 1\.0 GiB/);
    await expectInvariants(fleet);
  });

  it('of some recipes exits over these', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1, { app: { process: { command: ['false'] } } });
    await pass(fleet);
    expect((await fleet.reconcile(['status', 'shop', '--json'])).code).toBe(0);
    expect((await fleet.reconcile(['status', 'blog', '--json'])).code).toBe(2);
    expect((await fleet.reconcile(['status', 'nobody', '--json'])).code).toBe(1);
  });

  it('after a pass over some recipes keeps what was known of the others', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await pass(fleet, ['blog']);
    const status = await fleet.reconcile(['status', '--json']);
    expect(status.json?.recipes?.map(({ recipe, acted }) => [recipe, acted])).toEqual([
      ['blog', false],
      ['shop', true],
    ]);
  });
});

describe('explain', () => {
  it('answers in its first line why nothing is happening, and shows the failing step and the end of its log', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2, { failOnUpgrade: true });
    await upstream.tag('latest');
    await pass(fleet);
    const { code, stdout } = await fleet.reconcile(['explain', 'shop']);
    expect(code).toBe(0);
    const [first = ''] = stdout.split('\n');
    expect(first).toMatch(
      /^Nothing is happening because shop is held \(failed-same-inputs, it would advance\)/,
    );
    for (const words of [
      'by spec.retry',
      `release  ${V2}`,
      'ignored  latest',
      'generation 1 (canonical)',
      'upgrade   failed',
      'cannot migrate data',
    ]) {
      expect(stdout).toContain(words);
    }
    const asJson = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(told(asJson)).toMatchObject({
      kind: 'Explanation',
      recipe: 'shop',
      answer: first,
      rule: expect.stringContaining('spec.retry'),
    });
  });

  it('knows no recipe that nobody declared', async () => {
    await fleet.recipe('shop', V1);
    const outcome = await fleet.reconcile(['explain', 'shpo', '--json']);
    expect(outcome.code).toBe(1);
    expect(outcome.json?.error).toContain('shpo');
  });
});

describe('history and logs', () => {
  it('list every trial, newest first, and what each step and its app said', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await upstream.release(V2);
    await pass(fleet);
    const history = told(await fleet.reconcile(['history', '--json']))['trials'];
    expect(history).toMatchObject([
      { recipe: 'shop', version: V2, base: { version: V1, generation: 1 }, verdict: 'green', promoted: true },
      { recipe: 'shop', version: V1, base: null },
      { recipe: 'blog', version: V1 },
    ]);
    expect((await fleet.reconcile(['history', 'blog'])).stdout.split('\n').length).toBe(3);
    const last = await fleet.reconcile(['logs', 'shop']);
    for (const words of ['== upgrade', 'cloning generation 1', `[warm-shop-2] ${V2} listens on`])
      expect(last.stdout).toContain(words);
    const first = await fleet.reconcile([
      'logs',
      'shop',
      '--step',
      'rest',
      '--trial',
      String((history as { id: string }[])[1]?.id),
    ]);
    expect(first.stdout).toContain('volume data:');
    expect(first.stdout).not.toContain('==');
    for (const args of [
      ['logs', 'nobody'],
      ['logs', 'shop', '--trial', 'x'],
      ['logs', 'shop', '--step', 'x'],
      ['history', 'nobody'],
    ]) {
      expect((await fleet.reconcile(args)).code).toBe(1);
    }
  });

  it('are followed until the trial ends', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, { neverListen: true });
    await fleet.manifest('shop', { ...fleet.storeSpec(), health: { timeout: '3s', stableFor: '0s' } });
    const running = fleet.start(['--once']);
    while ((await fleet.starts()).length === 0) await sleep(20);
    const followed = await fleet.reconcile(['logs', 'shop', '--follow']);
    expect(followed.code).toBe(0);
    expect(followed.stdout).toContain('failed: shop 1.0.0+1.0 did not answer');
    await running.done;
  });
});

describe('validate and schema', () => {
  it('names every problem of every file at once, with the nearest valid name', async () => {
    await fleet.recipe('shop', V1);
    await fleet.document(
      'a.yaml',
      'apiVersion: reconcile/v1\nkind: Recipe\nmetadata: { name: UPPER }\nspec: { upstream: "https://me:hunter2@example.org/x.git", retian: 3 }\n',
    );
    await fleet.document('b.yaml', 'a: [');
    const outcome = await fleet.reconcile(['validate', '--json']);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).not.toContain('hunter2');
    const { problems } = told(outcome) as { problems?: { file: string; line: number; message: string }[] };
    const files = problems?.map(({ file }) => file.split('/').at(-1)) ?? [];
    expect(files.filter((file) => file === 'a.yaml').length).toBe(3);
    expect(files).toContain('b.yaml');
    expect(problems?.map(({ message }) => message).join()).toContain('did you mean "retain"');
  });

  it('is content with what is right, and touches nothing', async () => {
    await fleet.recipe('shop', V1);
    await rm(fleet.state, { recursive: true });
    expect((await fleet.reconcile(['validate'])).code).toBe(0);
    expect((await fleet.reconcile(['validate', join(fleet.manifests, 'shop.yaml')])).code).toBe(0);
    expect((await fleet.reconcile(['validate', join(fleet.manifests, 'nothing.yaml')])).code).toBe(1);
    await expect(readFile(fleet.state)).rejects.toThrow('ENOENT');
  });

  it('gives a JSON Schema of both kinds', async () => {
    for (const [kind, key] of [
      ['recipe', 'upstream'],
      ['reconciler', 'domainTemplate'],
    ] as const) {
      const outcome = await fleet.reconcile(['schema', kind]);
      expect(outcome.code).toBe(0);
      expect(outcome.stdout).toContain(`"${key}"`);
      expect(outcome.json?.['type']).toBe('object');
    }
  });
});

describe('whoever reads what is printed', () => {
  it('may go away, on either stream: a trial is not left half done for that', async () => {
    await fleet.recipe('shop', V1);
    const running = fleet.start(['--once']);
    running.process.stdout?.destroy();
    running.process.stderr?.destroy();
    expect((await running.done).code).toBe(0);
    expect(await fleet.record('shop')).toMatchObject({ version: V1 });
  });

  it('gets one line for each problem, whatever the file is called', async () => {
    await fleet.document('a\nb: \u001b[2J\u202e.yaml', 'kind: Recipe');
    const { stdout, stderr } = await fleet.reconcile(['validate']);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    for (const line of stdout.trim().split('\n').slice(0, -1)) expect(line).toMatch(/\.yaml:1:1: /);
    expect((await fleet.reconcile(['plan'])).stdout).not.toContain('\nb: ');
  });
});

describe('a recipe that is named where a command would stand', () => {
  it('is refused, and said how recipes are named', async () => {
    const { code, stderr } = await fleet.reconcile(['blog']);
    expect(code).toBe(1);
    expect(stderr).toContain("unknown command 'blog'");
    expect(stderr).toContain('; to act on recipes, say --once before their names');
  });
});

describe('a recipe that is named by a path', () => {
  it('is nowhere: nothing outside of the state folder is looked at', async () => {
    await mkdir(join(fleet.folder, 'trials', 'x'), { recursive: true });
    for (const args of [
      ['logs', '..'],
      ['history', '..'],
      ['explain', '../x'],
      ['--once', '../x'],
      ['status', '..'],
    ]) {
      const outcome = await fleet.reconcile([...args, '--json']);
      expect(outcome.code).toBe(1);
      expect(outcome.json?.error).toBeTypeOf('string');
      expect(outcome.stderr).not.toContain(join(fleet.folder, 'trials'));
    }
  });
});

describe('the state and manifest folders', () => {
  it('may be named by the environment, relative to where one stands, with spaces in them', async () => {
    await fleet.recipe('shop', V1);
    await mkdir(join(fleet.folder, 'a state'));
    const env = { RECONCILE_STATE: 'a state', RECONCILE_MANIFESTS: 'manifests' };
    const outcome = await pass(fleet, [], { env, state: null, manifests: null });
    expect(outcome.code).toBe(0);
    expect(
      JSON.parse(await readFile(join(fleet.folder, 'a state', 'shop', 'canonical.json'), 'utf8')),
    ).toMatchObject({ version: V1 });
  });
});
