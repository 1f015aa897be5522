/** A manifest that names another upstream than before: the same project elsewhere is followed, another one is not. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { MirrorBench, refsIn } from './harness.ts';

let bench: MirrorBench;
let upstream: UpstreamRepo;
let other: UpstreamRepo;

beforeEach(async () => {
  bench = await MirrorBench.open();
  ({ upstream } = bench);
  await upstream.release('1.0.0+1');
  await upstream.release('1.1.0+1');
  other = await UpstreamRepo.create(join(bench.root, 'served', 'other'));
});

afterEach(() => bench.close());

const fromOther = () => ({ ...bench.both(), upstream: bench.server.url('other') });

async function moveToOther(): Promise<void> {
  await other.git(
    'fetch',
    '--quiet',
    '--update-head-ok',
    upstream.folder,
    'main:main',
    'refs/tags/*:refs/tags/*',
  );
  await other.git('reset', '--quiet', '--hard');
}

describe('an upstream that names another project', () => {
  it.each(['first', 'second'])(
    'is refused at the %s attempt, and neither mirror is changed',
    async (attempt) => {
      await bench.sync();
      const [team, local] = [await refsIn(bench.team), await refsIn(bench.local)];
      const strange = await other.release('1.0.0+1', { exitAfter: 1 });
      if (attempt === 'second') await expect(bench.sync(fromOther())).rejects.toThrow();
      bench.server.requests.clear();
      await expect(bench.sync(fromOther())).rejects.toMatchObject({
        verdict: 'infra',
        reason: 'upstream-unrelated',
        message: `nothing was taken from upstream ${bench.server.url('other')}: it shares no commit with what was mirrored before`,
        hint: expect.stringMatching(/spec\.upstream of .*app\.yaml; .*"reconcile forget app --yes" first$/),
      });
      expect(await refsIn(bench.team)).toEqual(team);
      expect(await refsIn(bench.local)).toEqual(local);
      await expect(bench.local.git('cat-file', '-e', strange)).rejects.toThrow();
      expect(bench.server.requests.get('/team/info/refs')).toBeUndefined();
      await bench.sync();
    },
  );

  it('is refused without a mirror of the team as well, and without any tags', async () => {
    await bench.sync(bench.alone());
    await other.commit({ another: 'project' });
    const alone = bench.alone({ upstream: bench.server.url('other') });
    await expect(bench.sync(alone)).rejects.toMatchObject({ reason: 'upstream-unrelated' });
  });

  it('is taken where nothing was mirrored yet', async () => {
    await other.release('3.0.0+1');
    await bench.sync(fromOther());
    expect(await refsIn(bench.team)).toEqual(await refsIn(other));
  });
});

describe('an upstream that names the same project elsewhere', () => {
  it('goes on as before, though it has more by now', async () => {
    await bench.sync();
    await moveToOther();
    await other.release('2.0.0+1');
    const { rewrites, foreignTags } = await bench.sync(fromOther());
    expect([rewrites, foreignTags]).toEqual([[], []]);
    expect(await refsIn(bench.team)).toEqual(await refsIn(other));
  });

  it('is followed where all that it shows is new, and only its beginning is shared', async () => {
    await bench.sync();
    await moveToOther();
    await other.git('reset', '--quiet', '--hard', 'main~1');
    for (const tag of ['1.0.0+1', '1.1.0+1']) await other.deleteTag(tag);
    await other.release('2.0.0+1', { exitAfter: 1 });
    const { rewrites } = await bench.sync(fromOther());
    expect(rewrites.map(({ ref }) => ref)).toEqual([
      'refs/heads/main',
      'refs/tags/1.0.0+1',
      'refs/tags/1.1.0+1',
    ]);
    expect(await refsIn(bench.team)).toEqual(await refsIn(other));
  });
});
