/** Refs by their full names, each with its own object: for an annotated tag not the commit. */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import { possibleRefNames } from '../../ref-name.ts';
import { readRefListing, type RefListing } from '../../remotes/ref-listing.ts';
import { inWords, onSide, remoteGit, type MirrorCall, type Remote } from './calls.ts';

export type Refs = ReadonlyMap<string, string>;

const HEADS = 'refs/heads/';
const TAGS = 'refs/tags/';

export const isTag = (ref: string): boolean => ref.startsWith(TAGS);
export const isBranch = (ref: string): boolean => ref.startsWith(HEADS);
export const tagName = (ref: string): string => ref.slice(TAGS.length);
export const branchName = (ref: string): string => ref.slice(HEADS.length);
export const tagRef = (name: string): string => `${TAGS}${name}`;

export interface Listing {
  refs: Refs;
  /** What its annotated tags stand for. */
  peeled: readonly string[];
}

/** What is to be mirrored: one branch and every tag. */
export async function listUpstream(
  upstream: Remote,
  { branch, file }: Pick<Manifest, 'branch' | 'file'>,
  call: MirrorCall,
  work: Work,
): Promise<Listing> {
  const asked = branch === null ? 'HEAD' : `${HEADS}${branch}`;
  const { head, objects, peeled } = await list(upstream, [asked, `${TAGS}*`], call);
  // A HEAD that names no branch is detached: there is no branch to keep equal, only tags.
  const ref = branch === null ? head : asked;
  const tip = objects.get(asked);
  if (branch !== null && tip === undefined) {
    const message = `${upstream.url} has no branch ${branch}, which spec.branch of ${file} names`;
    throw new TrialFault('infra', 'branch-missing', message);
  }
  const refs = new Map([...objects].filter(([name]) => isTag(name)));
  if (ref !== null && isBranch(ref) && tip !== undefined) refs.set(ref, tip);
  return { refs: withoutImpossible(refs, upstream, work), peeled: [...peeled.values()] };
}

/** Every branch and every tag. */
export async function listMirror(mirror: Remote, call: MirrorCall): Promise<Listing> {
  const { objects, peeled } = await list(mirror, [`${HEADS}*`, `${TAGS}*`], call);
  const refs = new Map([...objects].filter(([name]) => isBranch(name) || isTag(name)));
  return { refs, peeled: [...peeled.values()] };
}

/** Patterns match the ends of names, so more may come back than was asked for. */
export async function list(
  remote: Remote,
  patterns: readonly string[],
  call: MirrorCall,
): Promise<RefListing> {
  const words = inWords(remote);
  const args = ['ls-remote', '--quiet', '--symref', '--', remote.url, ...patterns];
  const { stdout } = await remoteGit(remote, `list the refs of ${words}`, args, { ...call, listsOnly: true });
  return await onSide(remote, async () => readRefListing(stdout, words));
}

function withoutImpossible(refs: Refs, upstream: Remote, work: Work): Refs {
  const possible = possibleRefNames(refs.keys());
  const impossible = [...refs.keys()].filter((ref) => !possible.has(ref));
  if (impossible.length === 0) return refs;
  const names = named(impossible.map((ref) => JSON.stringify(ref)));
  work.log.note(`${inWords(upstream)} lists what no mirror can hold, and it is left out: ${names}`);
  return new Map([...refs].filter(([ref]) => possible.has(ref)));
}

const MOST_NAMED = 10;
const LONGEST_NAMED = 100;

/** A list for people: of many only the first are named, and of long ones only the beginning. */
export function named(names: readonly string[]): string {
  return listed(names.map(shortName));
}

export function listed(entries: readonly string[]): string {
  const more = entries.length - MOST_NAMED;
  return entries.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function shortName(name: string): string {
  return name.length > LONGEST_NAMED ? `${name.slice(0, LONGEST_NAMED)}…` : name;
}
