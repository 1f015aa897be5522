/**
 * The local mirror as the memory of what upstream had: its branch and tags are those of the last sync that was
 * complete, and nothing is taken out of it before the team's mirror was brought in line. What a sync is about to push
 * is noted as well, in a blob that `OFFERED_REF` names, until that sync is complete: so that a tag which reached the
 * team's mirror, and which upstream withdrew before anything else was done, is still known for upstream's.
 */
import { TrialFault } from '../../reconciler/errors.ts';
import { OFFERED_REF } from '../../state/layout.ts';
import { lines, mirrorGit, type MirrorCall } from './calls.ts';
import type { Change, OnceUpstream } from './difference.ts';
import { isTag, type Refs } from './refs.ts';

type Named = readonly [ref: string, object: string];

export interface Memory {
  /** As of the last sync that was complete. */
  refs: Refs;
  /** What syncs since then may have pushed; one ref may stand here with several objects. */
  offered: readonly Named[];
}

export async function recall(call: MirrorCall): Promise<Memory> {
  const listing = `list the refs of ${call.cwd}`;
  const args = [
    'for-each-ref',
    '--format=%(objectname)%09%(refname)',
    'refs/heads',
    'refs/tags',
    OFFERED_REF,
  ];
  const found = parse(await mirrorGit(listing, args, call), listing);
  const refs = found.filter(([ref]) => ref !== OFFERED_REF);
  if (refs.length === found.length) return { refs: new Map(refs), offered: [] };
  const reading = `read ${OFFERED_REF} of ${call.cwd}`;
  const noted = await mirrorGit(reading, ['cat-file', 'blob', OFFERED_REF], call);
  return { refs: new Map(refs), offered: parse(noted, reading) };
}

export function onceUpstream({ refs, offered }: Memory): OnceUpstream {
  const known = new Set([...refs, ...offered].map(asLine));
  return (ref, object) => known.has(asLine([ref, object]));
}

/** To be called before these changes are pushed. */
export async function noteOffer(memory: Memory, updates: readonly Change[], call: MirrorCall): Promise<void> {
  const known = onceUpstream(memory);
  const added = updates.flatMap(({ ref, to }): Named[] =>
    to !== null && isTag(ref) && !known(ref, to) ? [[ref, to]] : [],
  );
  if (added.length === 0) return;
  const input = [...memory.offered, ...added].map((each) => `${asLine(each)}\n`).join('');
  const what = `note in ${call.cwd} what is pushed`;
  const blob = await mirrorGit(what, ['hash-object', '-w', '--stdin'], { ...call, input });
  await mirrorGit(what, ['update-ref', OFFERED_REF, blob.trim()], call);
}

/** Makes `refs` all that is remembered, and reads it back (invariant I3). */
export async function settle(memory: Memory, refs: Refs, call: MirrorCall): Promise<void> {
  const gone = [...memory.refs.keys()].filter((ref) => !refs.has(ref));
  const set = [...refs].filter(([ref, object]) => memory.refs.get(ref) !== object);
  if (gone.length + set.length + memory.offered.length === 0) return;
  // What is gone may stand in the way of a name that begins with its own; one transaction cannot do both.
  await updateRefs(
    gone.map((ref) => `delete ${ref}`),
    call,
  );
  await updateRefs(
    set.map(([ref, object]) => `update ${ref} ${object}`),
    call,
  );
  const now = await recall(call);
  if (now.refs.size !== refs.size || [...refs].some(([ref, object]) => now.refs.get(ref) !== object)) {
    const message = `the local mirror ${call.cwd} does not hold what was just written to it`;
    throw new TrialFault('infra', 'mirror-not-equal', message, { hint: 'it is tried again' });
  }
  if (now.offered.length > 0) await updateRefs([`delete ${OFFERED_REF}`], call);
}

async function updateRefs(commands: readonly string[], call: MirrorCall): Promise<void> {
  if (commands.length === 0) return;
  const input = commands.map((command) => `${command}\n`).join('');
  await mirrorGit(`update the refs of ${call.cwd}`, ['update-ref', '--no-deref', '--stdin'], {
    ...call,
    input,
  });
}

const asLine = ([ref, object]: Named): string => `${object}\t${ref}`;

function parse(text: string, what: string): Named[] {
  return lines(text).map((line) => {
    const [, object, ref] = /^([0-9a-f]{40}|[0-9a-f]{64})\t(.+)$/.exec(line) ?? [];
    // Half of an answer would be taken for an upstream that had less.
    if (object !== undefined && ref !== undefined && text.endsWith('\n')) return [ref, object];
    throw new TrialFault('infra', 'git-failed', `could not ${what}: git answers ${JSON.stringify(line)}`);
  });
}
