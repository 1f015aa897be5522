/** Where upstream, record and manifest contradict each other: seen by any pass, shown whole, never silently followed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { storeTree, type UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const OLDER = '0.9.0+0.9';
const ELSEWHERE = 'e'.repeat(40);
const SEEN = String.raw`\(first seen \d{4}-\d\d-\d\dT[\d:.]+Z\)`;
let fleet: Fleet;
let upstream: UpstreamRepo;

beforeEach(async () => {
  fleet = await Fleet.create();
  upstream = await fleet.recipe('shop', V1);
  await pass(fleet);
});

afterEach(async () => {
  await fleet.dispose();
});

async function renameCommit(): Promise<void> {
  for (const path of ['canonical.json', 'generations/1/generation.json']) {
    const file = join(fleet.state, 'shop', path);
    const document: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...document, commit: ELSEWHERE }));
  }
}

/** The commit that the canonical was, and the one that it is compared with. */
type Contradiction = () => Promise<[string, string]>;

const contradictions: [string, string, Contradiction][] = [
  [
    'tag-moved',
    `moved from FIRST ${SEEN} to SECOND`,
    async () => {
      const before = await upstream.commitOf(V1);
      await upstream.commit({ ...(await storeTree()), MOVED: 'yes' });
      await upstream.moveTag(V1);
      return [before, await upstream.commitOf(V1)];
    },
  ],
  [
    'record-mismatch',
    String.raw`names FIRST \(never seen under that tag\) for 1\.0\.0\+1\.0; that tag is at SECOND ${SEEN}`,
    async () => {
      await renameCommit();
      return [ELSEWHERE, await upstream.commitOf(V1)];
    },
  ],
  [
    'release-withdrawn',
    String.raw`at FIRST ${SEEN}, is gone upstream; the newest is 0\.9\.0\+0\.9 at SECOND`,
    async () => {
      const before = await upstream.commitOf(V1);
      await upstream.release(OLDER);
      await upstream.deleteTag(V1);
      return [before, await upstream.commitOf(OLDER)];
    },
  ],
  [
    'canonical-not-allowed',
    String.raw`1\.0\.0\+1\.0 at FIRST ${SEEN}; the newest is 0\.9\.0\+0\.9 at SECOND`,
    async () => {
      await upstream.release(OLDER);
      await fleet.manifest('shop', { ...fleet.storeSpec(), release: { ignore: ['1.*'] } });
      return [await upstream.commitOf(V1), await upstream.commitOf(OLDER)];
    },
  ],
];

it.each(contradictions)(
  '%s is held until it is accepted, and shown with both commits',
  async (reason, words, make) => {
    const starts = (await fleet.starts()).length;
    const [first, second] = await make();
    const record = await fleet.record('shop');
    const shown = new RegExp(words.replace('FIRST', first).replace('SECOND', second));
    const planned = await plan(fleet);
    expect(planned.code).toBe(3);
    expect(row(planned, 'shop')).toMatchObject({ decision: 'held', reason, acted: false });
    expect(row(planned, 'shop').message).toMatch(shown);
    for (let time = 0; time < 2; time++) {
      const outcome = await pass(fleet, ['--retry-failed']);
      expect(outcome.code).toBe(3);
      expect(row(outcome, 'shop')).toMatchObject({ decision: 'held', reason, acted: false });
      expect(row(outcome, 'shop').message).toMatch(shown);
      // By now both were seen, each at its time.
      if (time === 1) expect(row(outcome, 'shop').message).toMatch(new RegExp(`${second} ${SEEN}`));
    }
    expect((await fleet.reconcile(['status'])).stdout).toMatch(shown);
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toContain('reconcile accept shop');
    expect(await fleet.record('shop')).toEqual(record);
    expect(await fleet.starts()).toHaveLength(starts);
    const accepted = await fleet.reconcile(['accept', 'shop']);
    expect(accepted.stdout).toContain('now: repair (accepted)');
    expect(row(await pass(fleet), 'shop')).toMatchObject({
      decision: 'in-sync',
      canonical: { commit: second },
    });
    await expectInvariants(fleet);
  },
);
