/** The team's own mirror: brought in line with upstream by pushing what differs, and nothing else (invariant I9). */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import { inWords, type MirrorCall, type MirrorOptions, type Remote } from './calls.ts';
import { difference, isNothing, type Difference, type Removal } from './difference.ts';
import { noteOffer, onceUpstream, type Memory } from './memory.ts';
import { pushChanges } from './push.ts';
import { isTag, listMirror, named, type Refs } from './refs.ts';
import { assertMirrorRelated } from './relation.ts';
import { withScratch } from './scratch.ts';

interface RemoteSync {
  mirror: Remote;
  manifest: Manifest;
  wanted: Refs;
  memory: Memory;
}

export interface InLine {
  /** Names of the tags there that upstream never had. */
  foreignTags: readonly string[];
  /** What was taken away. */
  removals: readonly Removal[];
}

/** The local mirror must hold all that is wanted. */
export async function bringInLine(
  { mirror, manifest, wanted, memory }: RemoteSync,
  options: MirrorOptions,
  call: MirrorCall,
  work: Work,
): Promise<InLine> {
  const once = onceUpstream(memory);
  const listing = await listMirror(mirror, call);
  const todo = difference(wanted, listing.refs, once);
  if (todo.foreignTags.length > 0) {
    work.log.note(
      `${inWords(mirror)} has tags that upstream never had: ${named(todo.foreignTags)}; they are left alone`,
    );
  }
  if (isNothing(todo)) {
    work.log.note(`${inWords(mirror)} already equals upstream`);
    return todo;
  }
  await withScratch(call.cwd, options, work, async (scratch) => {
    await assertMirrorRelated(mirror, listing, manifest, call, scratch);
    await noteOffer(memory, todo.updates, call);
    // A tag that goes may stand in the way of one whose name begins with its own.
    await pushChanges(mirror, todo.removals, scratch);
    await pushChanges(mirror, todo.updates, scratch);
  });
  const left = difference(wanted, (await listMirror(mirror, call)).refs, once);
  if (!isNothing(left)) {
    const refs = named([...left.updates, ...left.removals].map(({ ref }) => ref));
    const message = `${inWords(mirror)} does not equal upstream after a push that it took: ${refs}`;
    throw new TrialFault('infra', 'mirror-not-equal', message, { hint: 'it is tried again' });
  }
  for (const note of inNotes(todo, mirror)) work.log.note(note);
  const count = todo.updates.length + todo.removals.length;
  work.log.note(`pushed ${count} branches and tags to ${inWords(mirror)}`);
  return { foreignTags: left.foreignTags, removals: todo.removals };
}

/** What is taken away from whoever relied on it. */
function inNotes({ updates, removals }: Difference, mirror: Remote): string[] {
  const where = inWords(mirror);
  const overruled = updates.filter(({ ref, from }) => isTag(ref) && from !== null);
  return [
    ...overruled.map(
      ({ ref, from, to }) => `${ref} of ${where} was ${from}; upstream's ${to} took its place`,
    ),
    ...removals.map(({ ref, from }) => `${ref} of ${where} is gone, as upstream withdrew it; it was ${from}`),
  ];
}
