/**
 * Mirrors of upstream (design: the trial, `sync` and `checkout`): always a local bare one, and with `mirror.url` the
 * team's own. What is tested comes out of the local mirror, right after it was made equal to upstream; so a stale
 * mirror is never tested (invariant I9).
 */
import { access, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { git, type GitOptions } from '../git.ts';
import { describe, NOT_A_COMMIT, TrialFault } from '../reconciler/errors.ts';
import type { Manifest, SyncReport } from '../reconciler/model.ts';
import type { MirrorPort, Work } from '../reconciler/ports.ts';
import { readRefListing } from '../remotes/ref-listing.ts';
import { KEPT_REFS, type Layout } from '../state/layout.ts';
import { isMissing, type Term } from '../state/term.ts';

const TAGS = 'refs/tags/';

interface MirrorOptions {
  layout: Layout;
  term: Term;
  /** Deadline of one transfer. */
  timeoutMs: number;
}

export function gitMirror(options: MirrorOptions): MirrorPort {
  return {
    sync: ({ manifest }, work) => sync(manifest, options, work),
    checkout: (recipe, commit, folder, work) =>
      checkout(options.layout.mirror(recipe), commit, folder, options, work),
    retain: (recipe, commits, work) => retain(options.layout.mirror(recipe), commits, options, work),
    letGo: (recipe, except, work) => letGo(options.layout.mirror(recipe), except, options, work),
  };
}

async function sync(manifest: Manifest, options: MirrorOptions, work: Work): Promise<SyncReport> {
  const { upstream, name } = manifest;
  const mirror = await ensureMirror(name, options, work);
  const call = callOptions(options, work, mirror);
  const wanted = await refsOf(upstream, manifest.branch, call);
  if (manifest.branch !== null && branchesIn(wanted).length === 0) {
    const message = `${upstream} has no branch ${manifest.branch}, which spec.branch of ${manifest.file} names`;
    throw new TrialFault('infra', 'branch-missing', message);
  }
  const present = await localRefs(mirror, call);
  if (!hasTags(wanted) && hasTags(present)) {
    // Fetching would let go of every release that the mirror holds, on the word of an answer that may be wrong.
    const message = `${upstream} shows no tags at all, though it had some when it was mirrored last`;
    throw new TrialFault('infra', 'tags-vanished', message);
  }
  if (sameRefs(wanted, present)) {
    work.log.note(`the local mirror already equals ${upstream}`);
  } else {
    // A branch that was mirrored before may stand in the way of one whose name begins with its own.
    for (const ref of branchesIn(present).filter((each) => !wanted.has(each))) {
      await mirrorGit(`let go of ${ref} in ${mirror}`, ['update-ref', '-d', ref], call);
    }
    const refspecs = [...branchesIn(wanted), 'refs/tags/*'].map((ref) => `+${ref}:${ref}`);
    const flags = [
      '--quiet',
      '--force',
      '--prune',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
    ];
    await mirrorGit(
      `fetch ${upstream} into the local mirror`,
      ['fetch', ...flags, '--', upstream, ...refspecs],
      call,
    );
    const now = await localRefs(mirror, call);
    if (!sameRefs(wanted, now)) {
      const message = `the local mirror of ${name} does not equal ${upstream} after a fetch: upstream changed meanwhile`;
      throw new TrialFault('infra', 'mirror-not-equal', message, { hint: 'it is tried again' });
    }
    work.log.note(`fetched ${upstream}: ${now.size} branches and tags`);
  }
  if (manifest.mirror !== null) await push(manifest.mirror.url, wanted, call, work);
  return { rewrites: [], foreignTags: [], closed: [], pullRequests: null };
}

/** Branch and tags of the team's mirror are made those of upstream, and read back from it (invariant I3). */
async function push(url: string, wanted: Refs, call: MirrorCall, work: Work): Promise<void> {
  const [branch] = branchesIn(wanted);
  const named = branch?.slice('refs/heads/'.length) ?? null;
  if (containsAll(await refsOf(url, named, call), wanted)) {
    work.log.note(`the mirror ${url} already equals upstream`);
    return;
  }
  const refspecs = [...wanted.keys()].map((ref) => `+${ref}:${ref}`);
  for (let start = 0; start < refspecs.length; start += 500) {
    const some = refspecs.slice(start, start + 500);
    await mirrorGit(
      `push to the mirror ${url}`,
      ['push', '--quiet', '--no-verify', '--', url, ...some],
      call,
    );
  }
  if (!containsAll(await refsOf(url, named, call), wanted)) {
    throw new TrialFault(
      'infra',
      'mirror-not-equal',
      `the mirror ${url} does not equal upstream after a push`,
    );
  }
  work.log.note(`pushed ${wanted.size} branches and tags to ${url}`);
}

async function checkout(mirror: string, commit: string, folder: string, options: MirrorOptions, work: Work) {
  const call = callOptions(options, work, mirror);
  const flags = ['--quiet', '--shared', '--no-checkout', '--no-tags'];
  // From within the folder above, which git would make anew were it gone.
  const above = { ...call, cwd: dirname(folder) };
  await mirrorGit(`make a checkout from ${mirror}`, ['clone', ...flags, '--', mirror, folder], above);
  const inside = { ...call, cwd: folder };
  const type = (await mirrorGit(`find ${commit}`, ['cat-file', '-t', commit], inside)).trim();
  // That there is no release behind a tag is remembered for ever: so only on these words, and not on half of one.
  if (['tree', 'blob', 'tag'].includes(type)) {
    throw new TrialFault('infra', NOT_A_COMMIT, `the tag names ${commit}, which is a ${type} and no commit`);
  }
  if (type !== 'commit') {
    throw new TrialFault('infra', 'git-failed', `could not find ${commit}: git says that it is a "${type}"`);
  }
  await mirrorGit(
    `check out ${commit}`,
    ['checkout', '--quiet', '--force', '--detach', commit, '--'],
    inside,
  );
  const head = (await mirrorGit(`read HEAD of ${folder}`, ['rev-parse', '--verify', 'HEAD'], inside)).trim();
  if (head !== commit) {
    throw new TrialFault('infra', 'checkout-mismatch', `HEAD of the checkout is ${head}, expected ${commit}`);
  }
  work.log.note(`checked out ${commit}`);
}

async function retain(
  mirror: string,
  commits: readonly string[],
  options: MirrorOptions,
  work: Work,
): Promise<void> {
  const call = callOptions(options, work, mirror);
  const existing = await keptRefs(mirror, call);
  for (const commit of new Set(commits)) {
    const ref = `${KEPT_REFS}${commit}`;
    if (existing.includes(ref) || !(await hasCommit(commit, call))) continue;
    await mirrorGit(`keep ${commit} reachable in ${mirror}`, ['update-ref', ref, commit], call);
    if ((await keptRefs(mirror, call)).includes(ref)) continue;
    const message = `${ref} was written to ${mirror} and not read back`;
    throw new TrialFault('infra', 'kept-not-read-back', message);
  }
}

async function letGo(
  mirror: string,
  except: readonly string[],
  options: MirrorOptions,
  work: Work,
): Promise<void> {
  const call = callOptions(options, work, mirror);
  for (const ref of await keptRefs(mirror, call)) {
    if (except.includes(ref.slice(KEPT_REFS.length))) continue;
    await mirrorGit(`let go of ${ref} in ${mirror}`, ['update-ref', '-d', ref], call);
  }
}

async function keptRefs(mirror: string, call: MirrorCall): Promise<string[]> {
  const format = ['for-each-ref', '--format=%(refname)', KEPT_REFS];
  return lines(await mirrorGit(`list kept commits of ${mirror}`, format, call));
}

/**
 * A mirror that was lost and fetched anew may lack what upstream no longer has. Git is asked so that it succeeds either
 * way: a git that fails is not one that found nothing.
 */
async function hasCommit(commit: string, call: MirrorCall): Promise<boolean> {
  const args = ['rev-list', '--no-walk', '--ignore-missing', commit, '--'];
  const found = (await mirrorGit(`find ${commit}`, args, call)).trim();
  if (found === '' || found === commit) return found !== '';
  throw new TrialFault(
    'infra',
    'git-failed',
    `could not find ${commit}: git answers ${JSON.stringify(found)}`,
  );
}

/** A mirror is made elsewhere and renamed into place, so that half a mirror is never taken for one. */
async function ensureMirror(
  recipe: string,
  { layout, term, timeoutMs }: MirrorOptions,
  work: Work,
): Promise<string> {
  const mirror = layout.mirror(recipe);
  try {
    await access(`${mirror}/HEAD`);
  } catch (error) {
    // A mirror that may not be read holds commits that upstream may no longer have (invariant I7).
    if (!isMissing(error)) throw unreadableMirror(mirror, error);
    const call = { timeoutMs, mark: work.mark, signal: work.signal, term };
    const init = (folder: string): Promise<string> =>
      mirrorGit(`make the local mirror of ${recipe}`, ['init', '--quiet', '--bare', '--', '.'], {
        ...call,
        cwd: folder,
      });
    if (await isThere(mirror)) {
      // One that lost its HEAD is made whole where it is: what it holds may be nowhere else any more.
      await init(mirror);
      return mirror;
    }
    const folder = await term.makeFolder(`mirror-${recipe}`);
    await init(folder);
    await term.place(folder, mirror);
  }
  return mirror;
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

function unreadableMirror(mirror: string, error: unknown): TrialFault {
  const message = `could not read the local mirror ${mirror}: ${describe(error)}`;
  return new TrialFault('infra', 'mirror-unreadable', message, { cause: error });
}

type Refs = ReadonlyMap<string, string>;

/** The mirrored branch and every tag, each with its own object (for an annotated tag not the commit). */
async function refsOf(url: string, branch: string | null, call: MirrorCall): Promise<Refs> {
  const head = branch === null ? 'HEAD' : `refs/heads/${branch}`;
  const args = ['ls-remote', '--quiet', '--symref', '--', url, head, 'refs/tags/*'];
  const { head: named, objects } = readRefListing(
    await mirrorGit(`list the refs of ${url}`, args, call),
    url,
  );
  // A HEAD that names no branch is detached: there is no branch to keep equal, only tags.
  const branchRef = branch === null ? named : head;
  const tip = objects.get(head);
  const refs = new Map([...objects].filter(([name]) => name.startsWith(TAGS)));
  return branchRef === null || tip === undefined ? refs : new Map([[branchRef, tip], ...refs]);
}

async function localRefs(mirror: string, call: MirrorCall): Promise<Refs> {
  const args = ['for-each-ref', '--format=%(objectname)%09%(refname)', 'refs/heads', 'refs/tags'];
  const found = lines(await mirrorGit(`list the refs of ${mirror}`, args, call));
  return new Map(
    found.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]),
  );
}

function branchesIn(refs: Refs): string[] {
  return [...refs.keys()].filter((ref) => ref.startsWith('refs/heads/'));
}

function hasTags(refs: Refs): boolean {
  return [...refs.keys()].some((ref) => ref.startsWith(TAGS));
}

function sameRefs(wanted: Refs, have: Refs): boolean {
  return wanted.size === have.size && containsAll(have, wanted);
}

function containsAll(have: Refs, wanted: Refs): boolean {
  return [...wanted].every(([ref, object]) => have.get(ref) === object);
}

interface MirrorCall extends GitOptions {
  term: Term;
}

function callOptions({ term, timeoutMs }: MirrorOptions, work: Work, cwd: string): MirrorCall {
  return { cwd, timeoutMs, mark: work.mark, lifeline: term.lifeline, signal: work.signal, term };
}

/** No rename guards what git writes: so each git is started only while the lease is held (invariant I5). */
async function mirrorGit(what: string, args: readonly string[], call: MirrorCall): Promise<string> {
  await call.term.assertHeld();
  return await git(what, args, call);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
