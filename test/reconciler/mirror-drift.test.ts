/** How a mirror differs from upstream, and what of it is people's. */
import { describe, expect, it } from 'vitest';
import { mirrorDrift, mirrorState } from '../../src/reconciler/mirror-drift.ts';
import type { RemoteRefs, SyncReport } from '../../src/reconciler/model.ts';
import { mirrorNews, rememberMirror, type MirrorOutcome } from '../../src/reconciler/remember-mirror.ts';
import { isMirrorDue, isSyncDue, namedTags } from '../../src/reconciler/sync-mirrors.ts';
import { arePullRequestsDue, tendPullRequests } from '../../src/reconciler/tend-pull-requests.ts';
import type { RecipeView } from '../../src/reconciler/view.ts';
import { commitOf, generation, manifest, memory, NOW, record, tag, view } from './world.ts';

const V1 = '1.0.0+1';
const V2 = '1.1.0+1';
const main = (commit = commitOf('main')): RemoteRefs['branch'] => ({ name: 'main', commit });
const refs = (over: Partial<RemoteRefs> = {}): RemoteRefs => ({
  branch: main(),
  tags: [tag(V1), tag(V2)],
  ...over,
});

const MIRRORED = manifest({
  mirror: { url: 'https://mirror.example.org/app.git', login: null, forge: null },
});

function mirrored(mirror: RemoteRefs | string, over: Partial<RecipeView> = {}): RecipeView {
  return {
    ...view({ manifest: MIRRORED }),
    refs: { readable: true, value: refs() },
    mirror: typeof mirror === 'string' ? { readable: false, why: mirror } : { readable: true, value: mirror },
    ...over,
  };
}

describe('a mirror', () => {
  it.each<[string, RemoteRefs, RemoteRefs, string[]]>([
    ['equals upstream', refs(), refs(), []],
    ['lacks everything', refs(), { branch: null, tags: [] }, ['main', V1, V2]],
    ['is behind on its branch', refs(), refs({ branch: main(commitOf('old')) }), ['main']],
    ['lacks a tag', refs(), refs({ tags: [tag(V1)] }), [V2]],
    ['has a tag at another commit', refs(), refs({ tags: [tag(V1, commitOf('x')), tag(V2)] }), [V1]],
    [
      'has a tag at the same commit, by another object',
      refs(),
      refs({ tags: [{ ...tag(V1), object: commitOf('annotated') }, tag(V2)] }),
      [V1],
    ],
    ['of an upstream without a branch', refs({ branch: null }), refs({ branch: null }), []],
  ])('that %s', (_, upstream, mirror, differing) => {
    expect(mirrorDrift(upstream, mirror, memory())).toEqual(differing);
  });

  it('that alone has a tag differs, until a sync found that tag to be people’s', () => {
    const mirror = refs({ tags: [tag(V1), tag(V2), tag('ours'), tag('2.0.0+1')] });
    expect(mirrorDrift(refs(), mirror, memory())).toEqual(['ours', '2.0.0+1']);
    const found = { foreignTags: ['ours'], rewrites: [], failing: null, pullRequests: null };
    expect(mirrorDrift(refs(), mirror, memory({ mirror: found }))).toEqual(['2.0.0+1']);
  });

  it('is not asked for names that no mirror can hold', () => {
    const odd = [
      tag('../../outside'),
      tag('x.lock'),
      tag(''),
      tag('caf\ufffd'),
      tag('x'.repeat(251)),
      tag('ä'.repeat(126)),
      tag(`${'y/'.repeat(495)}y`),
      tag(`${V1}/more`),
    ];
    expect(mirrorDrift(refs({ tags: [tag(V1), ...odd] }), refs({ tags: [tag(V1)] }), memory())).toEqual([]);
  });

  it('that has no name in the manifest, or whose upstream cannot be read, has no state', () => {
    expect(mirrorState({ ...mirrored(refs()), manifest: manifest() })).toBeNull();
    expect(mirrorState(mirrored(refs(), { refs: { readable: false, why: 'refused' } }))).toBeNull();
  });
});

describe('a sync without a trial is due', () => {
  const due = (each: RecipeView, decision: 'in-sync' | 'held' | 'unknown' | 'seed' = 'in-sync') =>
    isMirrorDue(each, { decision }, NOW);

  it('where the mirror differs or cannot be read, also while the recipe is held', () => {
    expect(due(mirrored(refs()))).toBe(false);
    expect(due(mirrored(refs({ tags: [] })))).toBe(true);
    expect(due(mirrored(refs({ tags: [] })), 'held')).toBe(true);
    expect(due(mirrored('refused'))).toBe(true);
  });

  it('but not on a word of upstream that is not believed, and not while the recipe is suspended', () => {
    expect(due(mirrored(refs({ tags: [] })), 'unknown')).toBe(false);
    const suspended = { ...MIRRORED, suspend: { reason: 'migration', by: null, until: null } };
    expect(due(mirrored(refs({ tags: [] }), { manifest: suspended }))).toBe(false);
    expect(due(mirrored(refs({ tags: [] }), { manifest: { ...MIRRORED, enrolled: false } }))).toBe(false);
  });

  it('but one that cannot even be listed is not waited for', () => {
    expect(isSyncDue(mirrored(refs({ tags: [] })), { decision: 'in-sync' }, NOW)).toBe(true);
    expect(isSyncDue(mirrored('refused'), { decision: 'in-sync' }, NOW)).toBe(false);
  });

  it('where the branch that the manifest names is gone, which a sync would say', () => {
    const named = { ...MIRRORED, branch: 'stable' };
    const gone = mirrored(refs({ branch: null }), {
      manifest: named,
      refs: { readable: true, value: refs({ branch: null }) },
    });
    expect(due(gone)).toBe(true);
    expect(mirrorState(gone)?.message).toBe(
      'upstream has no branch stable, which spec.branch of app.yaml names',
    );
  });
});

describe('pull requests', () => {
  const forge = { type: 'gitea', api: 'http://x', repo: 'a/b', token: { kind: 'env', name: 'T' } } as const;
  const forged = (name: string): RecipeView => ({
    ...mirrored(refs(), {
      manifest: manifest({ name, mirror: { url: `https://mirror.example.org/${name}`, login: null, forge } }),
    }),
    recipe: name,
  });

  it('are looked after where the mirror was synced, or where that failed the last time', () => {
    const due = (each: RecipeView, synced: string[], decision: 'in-sync' | 'unknown' = 'in-sync') => {
      const report = { rewrites: [], foreignTags: [] };
      const outcomes = new Map(synced.map((name) => [name, { report, fault: null }]));
      return arePullRequestsDue(each, { decision }, outcomes, NOW);
    };
    const pullRequests = { since: NOW.toISOString(), message: 'the API answers 500' };
    const mirror = { foreignTags: [], rewrites: [], failing: null, pullRequests };
    const left = { ...forged('a'), memory: { readable: true, value: memory({ mirror }) } } as const;
    expect(due(forged('a'), [])).toBe(false);
    expect(due(forged('a'), ['a'])).toBe(true);
    expect(due(left, [])).toBe(true);
    expect(due(left, [], 'unknown')).toBe(false);
    expect(due({ ...mirrored(refs()), recipe: 'a' }, ['a'])).toBe(false);
    // It is no drift of the mirror's.
    expect(isMirrorDue(left, { decision: 'in-sync' }, NOW)).toBe(false);
  });

  it('of a forge that failed three times in a row are left to the next pass', async () => {
    const asked: string[] = [];
    const port = {
      tendPullRequests: ({ name }: { name: string }) => {
        asked.push(name);
        return Promise.resolve({ closed: [], trouble: 'no answer' });
      },
    };
    const work = {
      signal: new AbortController().signal,
      mark: '',
      log: { note() {}, output() {}, conceal() {} },
    };
    const reports = await tendPullRequests(
      Array.from({ length: 20 }, (_, index) => forged(`r${index}`)),
      { mirror: port as never, stop: work.signal, workFor: () => work },
    );
    expect(asked.length).toBeLessThan(8);
    expect(reports.size).toBe(20);
    expect(reports.get('r19')?.trouble).toContain('http://x failed');
  });
});

describe('what is remembered of a mirror', () => {
  const report: SyncReport = { rewrites: [], foreignTags: [] };
  const ok = (over: Partial<SyncReport> = {}): MirrorOutcome => ({
    synced: { report: { ...report, ...over }, fault: null },
    tended: null,
  });
  const faulted = (message: string): MirrorOutcome => ({
    synced: { report: null, fault: { reason: 'mirror-refused', message } },
    tended: null,
  });
  const NONE: MirrorOutcome = { synced: null, tended: null };
  const LATER = new Date(NOW.getTime() + 60_000);

  it('is nothing new where nothing is', () => {
    const before = memory();
    expect(rememberMirror(before, mirrored(refs()), NONE, NOW)).toBe(before);
    expect(rememberMirror(before, mirrored(refs()), ok(), NOW)).toBe(before);
  });

  it('is since when it fails, until it no longer does', () => {
    const failed = rememberMirror(memory(), mirrored('x'), faulted('refused'), NOW);
    expect(failed.mirror?.failing).toEqual({ since: NOW.toISOString(), message: 'refused' });
    const again = rememberMirror(failed, mirrored('x'), faulted('read-only'), LATER);
    expect(again.mirror?.failing).toEqual({ since: NOW.toISOString(), message: 'read-only' });
    expect(rememberMirror(again, mirrored(refs()), ok(), LATER).mirror?.failing).toBeNull();
    expect(rememberMirror(again, mirrored(refs()), NONE, LATER).mirror?.failing).toBeNull();
    // One that cannot be listed fails as well.
    const unread = rememberMirror(again, mirrored('hangs'), NONE, LATER);
    expect(unread.mirror?.failing).toEqual({ since: NOW.toISOString(), message: 'hangs' });
  });

  it('says of people’s tags once', () => {
    const before = memory();
    const outcome = ok({ foreignTags: ['ours'] });
    const after = rememberMirror(before, mirrored(refs()), outcome, NOW);
    expect(mirrorNews(before, after, outcome)).toEqual([
      'tags of the mirror that upstream does not have, left alone: ours',
    ]);
    expect(rememberMirror(after, mirrored(refs()), outcome, LATER)).toBe(after);
    expect(rememberMirror(after, mirrored(refs()), NONE, LATER)).toBe(after);
    expect(mirrorNews(after, after, outcome)).toEqual([]);
  });

  it('says what upstream rewrote and which pull requests were closed, and keeps a rewrite once', () => {
    const rewrite = { ref: `refs/tags/${V1}`, from: commitOf('a'), to: commitOf('b') };
    const gone = { ref: `refs/tags/${V2}`, from: commitOf('c'), to: null };
    const outcome: MirrorOutcome = {
      ...ok({ rewrites: [rewrite, gone] }),
      tended: { closed: [7], trouble: null },
    };
    const before = memory();
    const after = rememberMirror(before, mirrored(refs()), outcome, NOW);
    expect(after.mirror?.rewrites).toEqual(
      [rewrite, gone].map((each) => ({ ...each, at: NOW.toISOString() })),
    );
    expect(rememberMirror(after, mirrored(refs()), outcome, LATER)).toBe(after);
    expect(mirrorNews(before, after, outcome)).toEqual([
      `upstream rewrote ${rewrite.ref} from ${rewrite.from} to ${rewrite.to}`,
      `upstream withdrew ${gone.ref}, which named ${gone.from}`,
      'closed pull request 7 of the mirror, which would change nothing any more',
    ]);
  });
});

it('the tags that a record stands on are those of the canonical and of what is kept', () => {
  const stored = view({
    record: record(V2, 2, { kept: [1] }),
    generations: [generation(2, V2), generation(1, V1)],
  });
  expect(namedTags(stored)).toEqual([V2, V1]);
  expect(namedTags(view())).toEqual([]);
});
