/** What a recipe's own repository and its app may try: nothing runs but the app's command, and nothing leaves its place. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, lstat, mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { GIT_ENVIRONMENT, type UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;
let pwned: string;

beforeEach(async () => {
  fleet = await Fleet.create();
  pwned = join(fleet.folder, 'pwned');
});

afterEach(async () => {
  expect(existsSync(pwned)).toBe(false);
  await fleet.dispose();
});

describe('a repository', () => {
  it('with hooks, filters, submodules and configuration of every kind runs nothing of them', async () => {
    const upstream = await fleet.upstream('shop');
    const evil = `touch ${pwned}`;
    await upstream.release(
      V1,
      {},
      {
        files: {
          '.gitattributes':
            '* filter=evil diff=evil merge=evil ident\n*.bin filter=lfs diff=lfs merge=lfs -text\n',
          '.gitconfig': configuration(evil),
          '.gitmodules': `[submodule "a"]\n\tpath = a\n\turl = ext::sh -c "${evil}"\n[submodule "b"]\n\tpath = b\n\turl = ../../../state\n\tupdate = !${evil}\n`,
          '.lfsconfig': `[lfs]\n\turl = http://127.0.0.1:9/\n[lfs "customtransfer.x"]\n\tpath = ${evil}\n`,
          'large.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 5\n',
          'hooks/post-checkout': { content: `#!/bin/sh\n${evil}\n`, mode: 0o755 },
          '.husky/post-checkout': { content: `#!/bin/sh\n${evil}\n`, mode: 0o755 },
          passwd: { link: '/etc/passwd' },
          outside: { link: '../../../../../..' },
        },
      },
    );
    await addSubmodules(upstream);
    await upstream.tag(V2, { message: 'with submodules' });
    for (const hook of ['post-checkout', 'pre-receive', 'post-upload-pack', 'reference-transaction'])
      await executable(join(upstream.folder, '.git', 'hooks', hook), evil);
    await appendFile(join(upstream.folder, '.git', 'config'), configuration(evil));
    const look = { name: 'look', phase: 'installed', command: ['sh', '-ec', LOOK] };
    await fleet.manifest('shop', { ...fleet.storeSpec(), checks: [look] });
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ commit: await upstream.commitOf(V2) });
    await expectInvariants(fleet);
  });

  it.each(['.git', '.GIT', 'git~1', '..'])(
    'with a tree that puts a configuration into %s is refused where it cannot be checked out',
    async (name) => {
      const upstream = await fleet.recipe('shop', V1);
      await upstream.git('tag', '--', V2, await treeWith(upstream, name, configuration(`touch ${pwned}`)));
      const outcome = await pass(fleet);
      expect(row(outcome, 'shop').trial).toMatchObject({
        verdict: 'infra',
        step: 'checkout',
        promoted: false,
      });
      expect(row(outcome, 'shop').trial?.message).toMatch(/could not check out [0-9a-f]{40}: .*invalid path/);
      await upstream.deleteTag(V2);
      expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
      await expectInvariants(fleet);
    },
  );

  it('whose branch and tags are named like options is mirrored like any other', async () => {
    const upstream = await fleet.recipe('shop', V1);
    for (const ref of [
      'refs/tags/-f',
      `refs/tags/--upload-pack=touch\u00a0${pwned.replaceAll('/', '-')}`,
      'refs/heads/--exec',
    ])
      await upstream.git('update-ref', ref, 'HEAD');
    await upstream.git('symbolic-ref', 'HEAD', 'refs/heads/--exec');
    const mirror = join(fleet.folder, 'mirror.git');
    execFileSync('git', ['init', '--quiet', '--bare', mirror], { env: GIT_ENVIRONMENT });
    await fleet.manifest('shop', { ...fleet.storeSpec(), mirror: { url: mirror } });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    const refs = execFileSync('git', ['for-each-ref', '--format=%(refname)'], {
      cwd: mirror,
      env: GIT_ENVIRONMENT,
    });
    expect(refs.toString()).toContain('refs/heads/--exec');
    expect(refs.toString()).toContain('refs/tags/-f');
    await expectInvariants(fleet);
  });

  it('whose program is a link out of the checkout starts nothing from there', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(
      V1,
      {},
      { files: { run: { link: '../../../../../../etc/passwd' }, folder: { link: '/etc' } } },
    );
    for (const command of [['./run'], ['./folder/passwd'], ['node', './run']]) {
      const app = { process: { command, volumes: ['data'] } };
      await fleet.manifest('shop', { ...fleet.storeSpec(), app });
      const { trial } = row(await pass(fleet), 'shop');
      expect(trial).toMatchObject({ verdict: 'red', step: 'install', promoted: false });
      expect(trial?.message).not.toContain('root:');
    }
    await expectInvariants(fleet);
  });
});

describe('an app', () => {
  /** Everything that a volume may hold, once; and then the app as always. */
  const PLANT = `
    cd "$VOLUME_DATA"
    if [ ! -e planted ]; then
      ln -s /etc/passwd to-passwd; ln -s "$STATE" to-state; ln -s nowhere to-nothing; ln -s . to-itself
      ln "$OUTSIDE" hard; ln hard hard-again
      mkfifo pipe
      node -e 'require("node:net").createServer().listen("socket", () => process.kill(process.pid, "SIGKILL"))' || true
      if [ "$(id -u)" = 0 ]; then mknod device c 1 3; fi
      truncate -s 64M sparse; printf x >> sparse
      printf x > "$(printf 'bytes-\\377\\376')"; printf x > "$(printf 'line\\nbreak')"; printf x > ' -rf '
      deep=deep; for level in 1 2 3 4 5 6 7 8 9; do deep="$deep/$(printf '%0100d' 0)"; done; mkdir -p "$deep"
      printf x > read-only; chmod 0400 read-only; mkdir -m 0500 locked
      touch planted
    fi
    printf "$VERSION" >> hard
    cd - > /dev/null
    exec node app.mjs`;

  it('that plants links, pipes, sockets, devices and odd names has its data cloned as it is, and nothing else touched', async () => {
    const outside = join(fleet.folder, 'outside');
    await writeFile(outside, 'not ours');
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1);
    const env = { STARTS_LOG: fleet.startsLog, STATE: fleet.state, OUTSIDE: outside };
    const app = { env, process: { command: ['sh', '-ec', PLANT], volumes: ['data'] } };
    await fleet.manifest('shop', { ...fleet.storeSpec(), app });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await upstream.release(V2);
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    // Installed afresh, the app wrote to what it links to outside. Neither the canonical nor its clones share that.
    expect(await readFile(outside, 'utf8')).toBe(`not ours${V1}${V2}`);
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 2, kept: [1] });
    const data = join(fleet.state, 'shop', 'generations', '2', 'volumes', 'data');
    expect(await readlink(join(data, 'to-state'))).toBe(fleet.state);
    expect(await readlink(join(data, 'to-passwd'))).toBe('/etc/passwd');
    const kinds = await Promise.all(
      ['pipe', 'socket', 'sparse', 'hard'].map(async (name) => await lstat(join(data, name))),
    );
    expect(kinds.map((each) => [each.isFIFO(), each.isSocket(), each.isFile()])).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, true],
    ]);
    expect(kinds[3]?.nlink).toBe(2);
    await expectInvariants(fleet);
  });

  it.each(['volumes', 'secrets'])(
    'that puts a link in the place of its %s has nothing removed elsewhere',
    async (name) => {
      const precious = join(fleet.folder, 'precious');
      await mkdir(precious);
      await writeFile(join(precious, 'file'), 'not ours');
      const move = `home="$(dirname "$(dirname "$VOLUME_DATA")")"; mv "$home/${name}" "$home/away"; ln -s "${precious}" "$home/${name}"; VOLUME_DATA= exec node app.mjs`;
      await fleet.recipe('shop', V1, {
        app: { process: { command: ['sh', '-ec', move], volumes: ['data'], secrets: ['password'] } },
      });
      const { trial } = row(await pass(fleet), 'shop');
      expect(trial).toMatchObject({ verdict: 'red', promoted: false });
      expect(await readFile(join(precious, 'file'), 'utf8')).toBe('not ours');
      await expectInvariants(fleet);
    },
  );

  it('that buries its data deeper than a path can reach is red, and everything of it goes', async () => {
    const bury = `node -e '
      const { mkdirSync } = require("node:fs");
      process.chdir(process.env.VOLUME_DATA);
      for (let depth = 0; depth < 60; depth++) { mkdirSync("d".repeat(200)); process.chdir("d".repeat(200)); }
    '; exec node app.mjs`;
    await fleet.recipe('shop', V1, {
      app: { process: { command: ['sh', '-ec', bury], volumes: ['data'] } },
    });
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict: 'red', step: 'rest', promoted: false });
    expect(trial?.message).toContain('cannot be read');
    await expectInvariants(fleet);
  });

  it('that takes the right to read its data away is red, where rights bind', async () => {
    await fleet.dispose();
    fleet = await Fleet.create({ unprivileged: true });
    const lock = 'mkdir "$VOLUME_DATA/locked"; chmod 0 "$VOLUME_DATA/locked"; exec node app.mjs';
    await fleet.recipe('shop', V1, {
      app: { process: { command: ['sh', '-ec', lock], volumes: ['data'] } },
    });
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict: 'red', step: 'rest', promoted: false });
    expect(trial?.message).toContain('volume data');
    await expectInvariants(fleet);
  });
});

/** What git would run, were it asked to believe it. */
function configuration(evil: string): string {
  return [
    `[core]\n\tfsmonitor = ${evil}\n\tsshCommand = ${evil}\n\tpager = ${evil}\n\teditor = ${evil}\n\talternateRefsCommand = ${evil}`,
    `[filter "evil"]\n\tsmudge = ${evil}\n\tclean = ${evil}\n\tprocess = ${evil}\n\trequired = true`,
    `[filter "lfs"]\n\tsmudge = ${evil}\n\tprocess = ${evil}`,
    `[uploadpack]\n\tpackObjectsHook = ${evil}`,
    `[credential]\n\thelper = !${evil}`,
    `[include]\n\tpath = nowhere`,
    `[protocol "ext"]\n\tallow = always\n`,
  ].join('\n');
}

/** Nothing was smudged or followed: pointers are pointers, links are links, and submodules are empty. */
const LOOK = `
  cd "$CHECKOUT"
  [ -L passwd ] && [ -L outside ]
  grep -q git-lfs large.bin
  [ -d a ] && [ -z "$(ls -A a)$(ls -A b)" ]
  [ "$(git rev-parse HEAD)" = "$COMMIT" ]
  [ ! -e .git/modules ]`;

async function addSubmodules(upstream: UpstreamRepo): Promise<void> {
  const head = await upstream.head();
  for (const path of ['a', 'b'])
    await upstream.git('update-index', '--add', '--cacheinfo', `160000,${head},${path}`);
  await upstream.git('commit', '--quiet', '--message', 'submodules');
}

/** A commit whose tree holds a folder of any name with a file `config` in it; git itself would not make one. */
async function treeWith(upstream: UpstreamRepo, name: string, config: string): Promise<string> {
  const hash = (type: string, input: string | Buffer): string =>
    execFileSync('git', ['hash-object', '-t', type, '--literally', '-w', '--stdin'], {
      cwd: upstream.folder,
      env: GIT_ENVIRONMENT,
      input,
    })
      .toString()
      .trim();
  const entry = (mode: string, called: string, object: string): Buffer =>
    Buffer.concat([Buffer.from(`${mode} ${called}\0`), Buffer.from(object, 'hex')]);
  const inner = hash('tree', entry('100644', 'config', hash('blob', config)));
  const tree = hash('tree', entry('40000', name, inner));
  return await upstream.git('commit-tree', '-m', 'a trap', tree);
}

async function executable(path: string, script: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
