/** Without git and by git, the same repository has the same refs: on real servers, whatever is in it. */
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpGit, type HttpGitMode } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { anyWay, byGit, refsBy } from './listing-remotely.ts';

let root: string;
let server: HttpGit;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'both-ways-'));
  server = await HttpGit.start(root);
});

afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

type Step =
  | { do: 'commit' }
  | { do: 'tag'; name: string; annotated: boolean; of: 'HEAD' | 'tree' | 'blob' | 'last tag' }
  | { do: 'branch'; name: string }
  | { do: 'ref'; name: string }
  | { do: 'detach' };

const tagName = fc.constantFrom(
  '1.0.0+1',
  '1.1.0+1.2',
  'v1',
  'HEAD',
  'deep/er',
  'über+1',
  '2.0.0+日本',
  '3.0.0+a=b',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ do: 'commit' }),
  fc.record({
    do: fc.constant('tag' as const),
    name: tagName,
    annotated: fc.boolean(),
    of: fc.constantFrom('HEAD' as const, 'tree' as const, 'blob' as const, 'last tag' as const),
  }),
  fc.record({
    do: fc.constant('branch' as const),
    name: fc.constantFrom('main-2', 'stable', 'refs/tags/9.9.9+9', 'HEAD'),
  }),
  fc.record({
    do: fc.constant('ref' as const),
    name: fc.constantFrom('refs/pull/1/head', 'refs/tagsx/1', 'refs/notes/a'),
  }),
  fc.constant<Step>({ do: 'detach' }),
);

async function carryOut(repo: UpstreamRepo, steps: readonly Step[]): Promise<void> {
  let last = 'HEAD';
  for (const [index, each] of steps.entries()) {
    const isUnborn = (await repo.git('for-each-ref', '--count=1')) === '';
    if (each.do === 'commit') await repo.commit({ a: String(index) });
    else if (isUnborn) continue;
    else if (each.do === 'branch') await repo.git('update-ref', `refs/heads/${each.name}`, 'HEAD');
    else if (each.do === 'ref') await repo.git('update-ref', each.name, 'HEAD');
    else if (each.do === 'detach') await repo.git('checkout', '--quiet', '--detach', 'HEAD');
    else {
      const at = { HEAD: 'HEAD', tree: 'HEAD^{tree}', blob: 'HEAD:a', 'last tag': last }[each.of];
      await repo.moveTag(each.name, { at, ...(each.annotated && { message: 'words' }) });
      last = `refs/tags/${each.name}`;
    }
  }
}

async function newRepository(...options: string[]): Promise<UpstreamRepo> {
  const folder = join(root, `r${++count}`);
  const repo = await UpstreamRepo.create(folder);
  if (options.length > 0) {
    await rm(join(folder, '.git'), { recursive: true });
    await repo.git('init', '--quiet', '--initial-branch=main', ...options);
  }
  return repo;
}

const nameOf = (repo: UpstreamRepo) => repo.folder.slice(root.length + 1);

async function expectTheSame(repo: UpstreamRepo, mode: HttpGitMode, path = `${nameOf(repo)}/.git`) {
  server.mode = mode;
  const url = server.url(path);
  for (const branch of [null, 'main', 'stable', 'nowhere']) {
    // Asked twice: a host that is known is asked in another way than one that is not.
    const lister = anyWay();
    const first = await refsBy(lister, url, branch);
    const second = await refsBy(lister, url, branch);
    const expected = await refsBy(byGit(), url, branch);
    expect(first).toEqual(expected);
    expect(second).toEqual(expected);
  }
}

describe('without git and by git', () => {
  it.each(['serve', 'version-0'] as const)('a repository has the same refs (%s)', async (mode) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const repo = await newRepository();
        await carryOut(repo, [{ do: 'commit' }, ...steps]);
        await expectTheSame(repo, mode);
      }),
      { numRuns: 12 },
    );
  });

  it.each(['serve', 'version-0'] as const)('an empty repository has none (%s)', async (mode) => {
    const repo = await newRepository();
    await expectTheSame(repo, mode);
    expect(await refsBy(anyWay(), server.url(`${nameOf(repo)}/.git`))).toEqual({ branch: null, tags: [] });
  });

  it.each(['serve', 'version-0'] as const)('objects may have longer names (%s)', async (mode) => {
    const repo = await newRepository('--object-format=sha256');
    await carryOut(repo, [{ do: 'commit' }, { do: 'tag', name: '1.0.0+1', annotated: true, of: 'HEAD' }]);
    await expectTheSame(repo, mode);
    expect((await refsBy(anyWay(), server.url(`${nameOf(repo)}/.git`))).tags[0]?.commit).toHaveLength(64);
  });

  it('a plain web server may serve it as files', async () => {
    const repo = await newRepository();
    await carryOut(repo, [{ do: 'commit' }, { do: 'tag', name: '1.0.0+1', annotated: true, of: 'HEAD' }]);
    await repo.git('update-server-info');
    await expectTheSame(repo, 'plain-files');
    expect((await refsBy(anyWay(), server.url(`${nameOf(repo)}/.git`))).tags).toHaveLength(1);
  });

  it('a server may redirect to where it is now', async () => {
    const repo = await newRepository();
    await carryOut(repo, [{ do: 'commit' }, { do: 'tag', name: '1.0.0+1', annotated: false, of: 'HEAD' }]);
    await expectTheSame(repo, 'redirect', `moved/${nameOf(repo)}/.git`);
    expect((await refsBy(anyWay(), server.url(`moved/${nameOf(repo)}/.git`))).tags).toHaveLength(1);
  });

  it.each(['not-git', 'refuse', 'require-auth'] as const)('neither takes %s for an answer', async (mode) => {
    const repo = await newRepository();
    server.mode = mode;
    const url = server.url(`${nameOf(repo)}/.git`);
    await expect(refsBy(byGit(), url)).rejects.toThrow(url);
    await expect(refsBy(anyWay(), url)).rejects.toThrow(url);
  });
});
