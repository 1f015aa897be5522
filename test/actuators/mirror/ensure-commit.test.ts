/** A commit that somebody else's trial needs, in a mirror that may have been lost since. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { MirrorBench, refsIn } from './harness.ts';

let bench: MirrorBench;
let released: string;

beforeEach(async () => {
  bench = await MirrorBench.open({ transport: 'folder' });
  await bench.upstream.commit({ first: '1' });
  released = await bench.upstream.release('1.0.0+1');
});

afterEach(() => bench.close());

const ensure = async (commit: string, of = bench.alone()): Promise<void> =>
  await bench.port.ensureCommit(of, commit, bench.work);

const kept = async (): Promise<string> =>
  await bench.local.git('for-each-ref', '--format=%(objectname)', 'refs/reconcile/kept');

describe('a commit that the mirror has', () => {
  it('is not asked for at upstream', async () => {
    await bench.port.sync({ manifest: bench.alone(), named: [] }, bench.work);
    await rm(bench.upstream.folder, { recursive: true });
    await ensure(released);
    await bench.port.checkout('app', released, join(bench.root, 'checkout'), bench.work);
  });
});

describe('a mirror that was lost', () => {
  it('is made equal to upstream, keeps the commit, and the next sync has nothing to do', async () => {
    await ensure(released);
    expect(await refsIn(bench.local)).toEqual(await refsIn(bench.upstream));
    expect(await kept()).toBe(released);
    bench.notes.length = 0;
    await bench.port.sync({ manifest: bench.alone(), named: [] }, bench.work);
    expect(bench.notes).toEqual([`the local mirror already has all of upstream ${bench.upstream.folder}`]);
  });

  it('is made once, however many want it at a time', async () => {
    const many = Array.from({ length: 4 }, () => ensure(released));
    const own = bench.port.sync({ manifest: bench.alone(), named: [] }, bench.work);
    await Promise.all([...many, own, ...Array.from({ length: 4 }, () => ensure(released))]);
    expect(bench.notes.filter((note) => note.startsWith('fetched'))).toHaveLength(1);
    expect(await refsIn(bench.local)).toEqual(await refsIn(bench.upstream));
  });

  it('remembers nothing of an upstream that does not have the commit', async () => {
    const other = await UpstreamRepo.create(join(bench.root, 'other'));
    await other.commit({ another: 'project' });
    await other.release('9.0.0+9');
    await expect(ensure(released, bench.alone({ upstream: other.folder }))).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'mirror-incomplete',
      message: `the local mirror of app lacks ${released}, and it could not be fetched: upstream ${other.folder} does not have it either`,
    });
    await ensure(released);
    expect(await refsIn(bench.local)).toEqual(await refsIn(bench.upstream));
  });
});

describe('a mirror that remembers', () => {
  it('gets the commit and nothing else, so that its own sync still finds what upstream rewrote', async () => {
    await bench.sync();
    const before = await refsIn(bench.local);
    const object = await bench.upstream.git('rev-parse', 'refs/tags/1.0.0+1');
    await bench.upstream.deleteTag('1.0.0+1');
    const newer = await bench.upstream.release('2.0.0+1');
    await ensure(newer);
    expect(await refsIn(bench.local)).toEqual(before);
    expect(await kept()).toBe(newer);
    const { rewrites, foreignTags } = await bench.sync();
    expect(rewrites).toMatchObject([{ ref: 'refs/tags/1.0.0+1', from: object, to: null }]);
    expect(foreignTags).toEqual([]);
    expect(await refsIn(bench.team)).toEqual(await refsIn(bench.upstream));
  });
});
