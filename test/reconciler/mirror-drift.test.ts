/** How a mirror differs from upstream, and what of it is people's. */
import { describe, expect, it } from 'vitest';
import { mirrorDrift, mirrorState } from '../../src/reconciler/mirror-drift.ts';
import type { RemoteRefs, SyncReport } from '../../src/reconciler/model.ts';
import { mirrorNews, rememberMirror } from '../../src/reconciler/remember-mirror.ts';
import { isMirrorDue, isSyncDue, namedTags, type SyncOutcome } from '../../src/reconciler/sync-mirrors.ts';
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

  it('where pull requests could not be looked after the last time', () => {
    const pullRequests = { since: NOW.toISOString(), message: 'the API answers 500' };
    const mirror = { foreignTags: [], rewrites: [], failing: null, pullRequests };
    const forge = { type: 'gitea', api: 'http://x', repo: 'a/b', token: { kind: 'env', name: 'T' } } as const;
    const wanted = manifest({ mirror: { url: 'https://mirror.example.org/app.git', login: null, forge } });
    const left = mirrored(refs(), {
      manifest: wanted,
      memory: { readable: true, value: memory({ mirror }) },
    });
    expect(isSyncDue(left, { decision: 'in-sync' }, NOW)).toBe(true);
    expect(isSyncDue(left, { decision: 'unknown' }, NOW)).toBe(false);
    // No drift of the mirror's, though.
    expect(due(left)).toBe(false);
  });
});

describe('what is remembered of a mirror', () => {
  const report: SyncReport = { rewrites: [], foreignTags: [], closed: [], pullRequests: null };
  const ok = (over: Partial<SyncReport> = {}): SyncOutcome => ({
    report: { ...report, ...over },
    fault: null,
  });
  const LATER = new Date(NOW.getTime() + 60_000);

  it('is nothing new where nothing is', () => {
    const before = memory();
    expect(rememberMirror(before, mirrored(refs()), null, NOW)).toBe(before);
    expect(rememberMirror(before, mirrored(refs()), ok(), NOW)).toBe(before);
  });

  it('is since when it fails, until it no longer does', () => {
    const failed = rememberMirror(memory(), mirrored('x'), { report: null, fault: 'refused' }, NOW);
    expect(failed.mirror?.failing).toEqual({ since: NOW.toISOString(), message: 'refused' });
    const again = rememberMirror(failed, mirrored('x'), { report: null, fault: 'read-only' }, LATER);
    expect(again.mirror?.failing).toEqual({ since: NOW.toISOString(), message: 'read-only' });
    expect(rememberMirror(again, mirrored(refs()), ok(), LATER).mirror?.failing).toBeNull();
    expect(rememberMirror(again, mirrored(refs()), null, LATER).mirror?.failing).toBeNull();
    expect(rememberMirror(again, mirrored('x'), null, LATER)).toBe(again);
  });

  it('says of people’s tags once', () => {
    const before = memory();
    const outcome = ok({ foreignTags: ['ours'] });
    const after = rememberMirror(before, mirrored(refs()), outcome, NOW);
    expect(mirrorNews(before, after, outcome)).toEqual([
      'tags of the mirror that upstream does not have, left alone: ours',
    ]);
    expect(rememberMirror(after, mirrored(refs()), outcome, LATER)).toBe(after);
    expect(rememberMirror(after, mirrored(refs()), null, LATER)).toBe(after);
    expect(mirrorNews(after, after, outcome)).toEqual([]);
  });

  it('says what upstream rewrote and which pull requests were closed, and keeps a rewrite once', () => {
    const rewrite = { ref: `refs/tags/${V1}`, from: commitOf('a'), to: commitOf('b') };
    const gone = { ref: `refs/tags/${V2}`, from: commitOf('c'), to: null };
    const outcome: SyncOutcome = {
      report: { ...report, rewrites: [rewrite, gone], closed: [7] },
      fault: null,
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
