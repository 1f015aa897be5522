/**
 * Pushes single changes, each under a lease: the server must still have what the change was decided on. A refspec with
 * a `+`, or `--force`, would defeat its lease; the lease alone already permits what is no fast-forward.
 */
import { keepStart } from '../../cut.ts';
import { TrialFault } from '../../reconciler/errors.ts';
import { inWords, lines, remoteGit, type MirrorCall, type Remote } from './calls.ts';
import type { Change } from './difference.ts';
import { listed, listMirror, named, shortName } from './refs.ts';

const MOST_AT_ONCE = 300;
/** Each name stands twice among the arguments, which the system bounds. */
const LONGEST_AT_ONCE = 100_000;

/** How much of a server's words about one ref is repeated. */
const LONGEST_WHY = 200;

const FLAGS = ['--porcelain', '--no-verify', '--no-follow-tags', '--recurse-submodules=no'];

/** In their order. Throws `mirror-moved` or `mirror-refused` at the first that the server does not take. */
export async function pushChanges(
  mirror: Remote,
  changes: readonly Change[],
  call: MirrorCall,
): Promise<void> {
  for (const some of batches(changes)) {
    const leases = some.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ''}`);
    const refspecs = some.map(({ ref, to }) => `${to ?? ''}:${ref}`);
    const args = ['push', ...FLAGS, ...leases, '--', mirror.url, ...refspecs];
    const answer = await remoteGit(mirror, `push to ${inWords(mirror)}`, args, call, [0, 1, 128]);
    if (answer.exitCode === 0) continue;
    const rejections = readRejections(answer.stdout).map(({ ref, why }) => ({
      ref,
      why: answer.cleaned(why),
    }));
    throw await whyNot(mirror, rejections, answer.complaint, some, call);
  }
}

function batches(changes: readonly Change[]): Change[][] {
  const result: Change[][] = [];
  let length = Infinity;
  for (const change of changes) {
    const last = result.at(-1);
    length += change.ref.length;
    if (last !== undefined && last.length < MOST_AT_ONCE && length <= LONGEST_AT_ONCE) {
      last.push(change);
    } else {
      result.push([change]);
      length = change.ref.length;
    }
  }
  return result;
}

interface Rejection {
  ref: string;
  why: string;
}

/** Lines of `git push --porcelain` such as `!\t<object>:<ref>\t[remote rejected] (hook declined)`. */
function readRejections(porcelain: string): Rejection[] {
  return lines(porcelain).flatMap((line) => {
    const [, ref, why] = /^!\t[^:\t]*:([^\t]+)\t(.*)$/.exec(line) ?? [];
    return ref === undefined || why === undefined ? [] : [{ ref, why }];
  });
}

const NO_ACCESS =
  /returned error: 40[13]|authentication failed|could not read (username|password)|permission denied|(access|write) denied|not (allowed|permitted|authorized)|denied to|read.only/i;

async function whyNot(
  mirror: Remote,
  rejections: readonly Rejection[],
  complaint: string,
  tried: readonly Change[],
  call: MirrorCall,
): Promise<TrialFault> {
  const words = inWords(mirror);
  if (rejections.length === 0) {
    const refs = named(tried.map(({ ref }) => ref));
    const message = `could not push ${refs} to ${words}: ${complaint}`;
    if (!NO_ACCESS.test(complaint)) return new TrialFault('infra', 'mirror-sync-failed', message);
    const hint =
      'let whoever this program pushes as write to the mirror, and see which login belongs to its address';
    return new TrialFault('infra', 'mirror-refused', message, { hint });
  }
  if (await hasMoved(mirror, rejections, tried, call)) {
    const refs = named(rejections.map(({ ref }) => ref));
    const message = `could not push ${refs} to ${words}: it was changed there after it was listed; nothing was forced`;
    return new TrialFault('infra', 'mirror-moved', message, { hint: 'it is tried again' });
  }
  const refs = listed(rejections.map(({ ref, why }) => `${shortName(ref)}: ${keepStart(why, LONGEST_WHY)}`));
  const message = `${words} refused the push of ${refs}; it says: ${complaint}`;
  const hint =
    'let whoever this program pushes as force the mirrored branch and all tags there, past hooks and protection';
  return new TrialFault('infra', 'mirror-refused', message, { hint });
}

/** A server may notice only while it writes, and says so in words of its own: what it then has is what counts. */
async function hasMoved(
  mirror: Remote,
  rejections: readonly Rejection[],
  tried: readonly Change[],
  call: MirrorCall,
): Promise<boolean> {
  if (rejections.some(({ why }) => why.includes('(stale info)'))) return true;
  try {
    const { refs } = await listMirror(mirror, call);
    return tried.some(
      ({ ref, from }) => rejections.some((each) => each.ref === ref) && (refs.get(ref) ?? null) !== from,
    );
  } catch (error) {
    if (error instanceof TrialFault) return false;
    throw error;
  }
}
