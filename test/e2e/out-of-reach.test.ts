/** Things that are there but out of reach, or not what they should be: nothing is concluded from them that costs data. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { changedPaths } from '../fixtures/folder-listing.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const execute = promisify(execFile);
const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.recipe('shop', V1);
  await pass(fleet);
});

afterEach(async () => {
  await fleet.dispose();
});

const at = (...path: string[]): string => join(fleet.state, ...path);

/** What was below generations/ before is still there, as it was. */
async function expectNothingLost(work: () => Promise<unknown>): Promise<void> {
  const before = await fleet.listing();
  await work();
  const changed = changedPaths(before, await fleet.listing());
  expect(changed.filter((path) => path.includes('generations/') && before[path] !== undefined)).toEqual([]);
}

describe('a link whose other end is missing', () => {
  it.each(['shop/canonical.json', 'shop'])(
    'in the place of %s is unreadable and not absent',
    async (place) => {
      await rename(at(place), join(fleet.folder, 'elsewhere'));
      await symlink('/nonexistent/mount', at(place));
      await expectNothingLost(async () => {
        const outcome = await pass(fleet);
        expect(outcome.code).toBe(4);
        expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'record-unreadable' });
      });
      await rm(at(place));
      await rename(join(fleet.folder, 'elsewhere'), at(place));
      expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
      await expectInvariants(fleet);
    },
  );

  it('is told from one that leads to where there is more room', async () => {
    await rename(at('shop'), join(fleet.folder, 'elsewhere'));
    await symlink(join(fleet.folder, 'elsewhere'), at('shop'));
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect((await fleet.reconcile(['audit'])).stdout).not.toContain('WRONG');
    await expectInvariants(fleet);
  });
});

describe('a pipe that nobody writes to', () => {
  it.each([
    ['.reconcile/terms/z/holder.json', 0],
    ['shop/generations/5/generation.json', 0],
    ['.reconcile/schema.json', 1],
  ])('in the place of %s is waited for by nobody', async (place, code) => {
    await rm(at(place), { force: true });
    await mkdir(join(at(place), '..'), { recursive: true });
    await execute('mkfifo', [at(place)]);
    expect((await pass(fleet)).code).toBe(code);
    expect((await fleet.reconcile(['gc', '--dry-run'])).signal).toBeNull();
    expect((await fleet.reconcile(['audit'])).signal).toBeNull();
  });
});

describe('a record that names no generation', () => {
  const edit = async (change: (record: Record<string, unknown>) => object): Promise<void> => {
    const record = JSON.parse(await readFile(at('shop/canonical.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(at('shop/canonical.json'), JSON.stringify(change(record)));
  };

  it('but what a generation has contradicts itself: it is unreadable, and nothing is removed', async () => {
    await edit((record) => ({ ...record, generation: null }));
    await expectNothingLost(async () => {
      expect(row(await plan(fleet), 'shop')).toMatchObject({ reason: 'record-unreadable' });
      expect((await fleet.reconcile(['gc'])).code).toBe(1);
      await pass(fleet);
    });
  });

  it('because it was adopted keeps every generation that is there, through recovery and gc', async () => {
    await edit(({ recipe, version, commit, status, ts }) => ({ recipe, version, commit, status, ts }));
    await mkdir(at('.reconcile/ended/a-term'), { recursive: true });
    await expectNothingLost(async () => {
      expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
      await fleet.reconcile(['gc']);
    });
    expect(await readdir(at('shop/generations'))).toEqual(['1']);
  });
});

describe('a daemon that holds a file of its volume open', () => {
  it('is found by that, though it cleared and left everything else, and cannot write into what is promoted', async () => {
    const daemon = 'cd /; exec 5>>"$0"; while sleep 0.1; do echo x >&5; done';
    const script = [
      `const { VOLUME_DATA, PATH } = process.env;`,
      `const args = ['sh', '-c', ${JSON.stringify(daemon)}, VOLUME_DATA + '/log'];`,
      `const options = { env: { PATH }, detached: true, stdio: 'ignore', cwd: '/' };`,
      `require('child_process').spawn('setsid', args, options).unref();`,
      `import(process.cwd() + '/app.mjs');`,
    ];
    await fleet.recipe('blog', V1, {
      app: { process: { command: ['node', '-e', script.join('\n')], volumes: ['data'] } },
    });
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ blog: 'in-sync', shop: 'in-sync' });
    expect(await whoHolds(at('blog'))).toEqual([]);
    expect(decisions(await pass(fleet))).toEqual({ blog: 'in-sync', shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

async function whoHolds(folder: string): Promise<string[]> {
  const held: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target.startsWith(folder)) held.push(`${pid}: ${target}`);
    }
  }
  return held;
}

describe('what lies where it should not', () => {
  it('a file among the trials holds nobody up', async () => {
    await writeFile(at('shop/trials/notes.txt'), 'mine');
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await readFile(at('shop/trials/notes.txt'), 'utf8')).toBe('mine');
  });

  it('a generation that no record names counts for diskBudget', async () => {
    await mkdir(at('shop/generations/8'), { recursive: true });
    await writeFile(at('shop/generations/8/big'), Buffer.alloc(3 * 1024 * 1024));
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
    await fleet.reconciler({ diskBudget: '1MiB' });
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'held', reason: 'disk-budget' });
  });

  it('a mirror that lost its HEAD is made whole, with the commits that only it still has', async () => {
    await rm(at('shop/mirror.git/HEAD'));
    const upstream = UpstreamRepo.open(join(fleet.upstreams, 'shop'));
    await upstream.release(V2);
    await upstream.deleteTag(V1);
    await upstream.git('checkout', '--quiet', '--orphan', 'anew');
    await upstream.release('2.0.0+2.0');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: '2.0.0+2.0', kept: [1] });
  });

  it('an empty manifest folder is no proof that anything was de-enrolled', async () => {
    await rm(join(fleet.manifests, 'shop.yaml'));
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
  });
});
