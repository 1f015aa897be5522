/** The team's mirrors beside the loop: kept equal on nobody's time, and tried again where that fails. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { HttpGit } from '../../fixtures/http-git.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { expectInvariants } from '../../invariants.ts';

let fleet: Fleet;
let mirrors: HttpGit;
let upstream: UpstreamRepo;
let mirror: UpstreamRepo;
let loop: RunningLoop;

beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '1s' });
  const root = join(fleet.folder, 'mirrors');
  await mkdir(root);
  mirrors = await HttpGit.start(root);
  mirrors.writable = true;
  mirror = await UpstreamRepo.create(join(root, 'shop.git'));
  await mirror.git('config', 'core.bare', 'true');
  upstream = await fleet.recipe('shop', '1.0.0+1.0', { mirror: { url: mirrors.url('shop.git/.git') } });
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'decided', decision: 'in-sync' });
});

afterEach(async () => {
  await loop.stop();
  await expectInvariants(fleet);
  await mirrors.close();
  await fleet.dispose();
});

const refsIn = async (repo: UpstreamRepo) =>
  await repo.git('for-each-ref', '--format=%(objectname) %(refname)');
const pushes = () => mirrors.requests.get('/shop.git/.git/git-receive-pack') ?? 0;

/** The round after next: whatever follows from a look of this one has happened by its end. */
async function twoRounds(): Promise<void> {
  for (let round = 0; round < 2; round++) await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
}

it('a mirror follows upstream where no trial is due, and is then left alone', async () => {
  await upstream.commit({ more: 'words' }, 'A change without a release');
  const commit = (await upstream.git('rev-parse', 'HEAD')).trim();
  while ((await mirror.git('rev-parse', 'main')).trim() !== commit)
    await loop.line({ msg: 'looked' }, loop.mark());
  expect(await refsIn(mirror)).toEqual(await refsIn(upstream));
  const count = pushes();
  await twoRounds();
  expect(pushes()).toBe(count);
  expect(loop.lines().filter(({ msg }) => msg === 'a trial ended')).toHaveLength(1);
});

it('one that refuses is told once, with what fails, and not asked again at every look', async () => {
  mirrors.writable = false;
  const from = loop.mark();
  await upstream.commit({ more: 'words' }, 'A change without a release');
  await loop.line({ msg: 'decided', mirror: 'failing' }, from);
  const asked = () => mirrors.requests.get('/shop.git/.git/info/refs') ?? 0;
  const [count, before] = [asked(), loop.mark()];
  for (let round = 0; round < 3; round++) await twoRounds();
  const since = loop.lines().slice(before);
  expect(since.filter(({ msg }) => msg === 'looked').length).toBeGreaterThanOrEqual(6);
  expect(since.filter(({ msg }) => msg === 'decided')).toEqual([]);
  // It is tried again by chance, once at the most in this time; each time asks twice.
  expect(asked() - count).toBeLessThanOrEqual(4);
  mirrors.writable = true;
  await upstream.commit({ more: 'still' }, 'Another change without a release');
  await loop.line({ msg: 'decided', mirror: 'equal' }, before);
});
