/** Who acts is decided without a clock and without anybody's help, whatever was left behind (invariant I5). */
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedPaths } from '../fixtures/folder-listing.ts';
import { Fleet, type Running } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const IMPATIENT = { env: { RECONCILE_LEASE_TTL: '300ms' } };
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

interface StoredTrial {
  id: string;
  generation: number;
  verdict: string | null;
  reason: string | null;
  startedAt: string;
  endedAt: string | null;
}

async function trials(): Promise<StoredTrial[]> {
  const folder = join(fleet.state, 'shop', 'trials');
  const read = (await readdir(folder)).map(async (id) =>
    JSON.parse(await readFile(join(folder, id, 'trial.json'), 'utf8')),
  );
  return ((await Promise.all(read)) as StoredTrial[]).toSorted((a, b) => a.generation - b.generation);
}

/** A pass that waits in a step of an upgrade, with a short lease, and is then suspended past it. */
async function suspendedIn(what: RegExp): Promise<Running> {
  const running = fleet.start(['--once', '--json'], IMPATIENT);
  while (!what.test(running.stderr())) await sleep(5);
  running.process.kill('SIGSTOP');
  return running;
}

async function successor() {
  let outcome = await pass(fleet);
  while (outcome.code === 1) outcome = await pass(fleet);
  return outcome;
}

describe('a holder that was suspended past its lease', () => {
  it.each(['sync', 'checkout', 'install', 'upgrade', 'rest', 'promote', 'tidy'])(
    'in step %s is woken by its successor, writes nothing more, and exits 1',
    async (step) => {
      const upstream = await fleet.recipe('shop', V1);
      await pass(fleet);
      await upstream.release(V2);
      const suspended = await suspendedIn(new RegExp(`shop ${V2.replaceAll(/[.+]/g, '\\$&')}: ${step}`));
      const outcome = await successor();
      expect((await suspended.done).code).toBe(1);
      expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
      expect(await fleet.record('shop')).toMatchObject({ version: V2 });
      for (const [index, trial] of (await trials()).entries()) {
        const before = (await trials())[index - 1];
        if (before !== undefined) expect(trial.startedAt >= (before.endedAt ?? '')).toBe(true);
      }
      await expectInvariants(fleet);
    },
  );

  it('is closed as interrupted before its successor starts a trial', async () => {
    await fleet.recipe('shop', V1, { health: { timeout: '20s', path: '/get?never', stableFor: '0s' } });
    const suspended = await suspendedIn(/: install/);
    await fleet.manifest('shop');
    await successor();
    await suspended.done;
    const [first, second] = await trials();
    expect(first).toMatchObject({ verdict: 'interrupted', reason: 'crashed' });
    expect((first?.endedAt ?? '') <= (second?.startedAt ?? '')).toBe(true);
    expect(second).toMatchObject({ verdict: 'green' });
    await expectInvariants(fleet);
  });
});

describe('whatever lies where leases lie', () => {
  it('is taken over without a person, and gone after a pass', async () => {
    await fleet.recipe('shop', V1);
    const terms = join(fleet.state, '.reconcile', 'terms');
    await mkdir(join(terms, 'empty'), { recursive: true });
    await writeFile(join(terms, 'a-file'), 'garbage');
    await symlink('/nonexistent', join(terms, 'a-link'));
    await mkdir(join(terms, 'half'));
    await writeFile(join(terms, 'half', 'holder.json'), '{"term": "half", "pid":');
    await mkdir(join(terms, 'a-folder', 'holder.json'), { recursive: true });
    await mkdir(join(fleet.state, '.reconcile', 'ended', 'without-a-word'), { recursive: true });
    await writeFile(join(fleet.state, '.reconcile', 'ended', 'a-file'), '');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

describe('looking', () => {
  it('needs no lease and writes nothing, while somebody acts and while nobody does', async () => {
    await fleet.recipe('shop', V1, { health: { timeout: '20s', path: '/get?never', stableFor: '0s' } });
    const suspended = await suspendedIn(/: install/);
    const before = await fleet.listing();
    for (const args of [['plan'], ['explain', 'shop'], ['history'], ['logs', 'shop']])
      expect((await fleet.reconcile(args)).stdout).not.toBe('');
    expect(changedPaths(before, await fleet.listing())).toEqual([]);
    suspended.process.kill('SIGKILL');
    await suspended.done;
    await fleet.manifest('shop');
    await successor();
    await expectInvariants(fleet);
  });
});
