/**
 * Pull requests on the team's mirror whose work has arrived from upstream: merging one would change nothing any more, so
 * it is closed, with a comment that says why. Every other is left exactly as it was. The forge is no part of what is
 * tested: whatever fails here is told, and fails no sync.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../../deadline.ts';
import { Fenced, inFull } from '../../reconciler/errors.ts';
import type { Forge, Manifest, PullRequestReport } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import { readToken } from '../../tokens.ts';
import { giteaClient } from '../forge/gitea.ts';
import type { ForgeClient, PullRequest } from '../forge/pull-request.ts';
import {
  askMirrorGit,
  callOptions,
  inWords,
  mirrorGit,
  remoteGit,
  remoteOf,
  type MirrorCall,
  type MirrorOptions,
  type Remote,
} from './calls.ts';
import { recall } from './memory.ts';
import { branchName, isBranch, list, type Refs } from './refs.ts';
import { FETCH_FLAGS, withScratch } from './scratch.ts';

interface Subject {
  mirror: Remote;
  forge: Forge;
  /** The mirrored one, and the commit that it is at. */
  branch: string;
  tip: string;
}

/** Of all pull requests of one recipe together. The forge is waited for by nothing, but not for ever. */
const DEADLINE_MS = 120_000;

/** Does what it is given; a fault of that is noted, and ends nothing else. */
type Attempt = (tend: () => Promise<void>) => Promise<void>;

interface Tending extends Subject {
  client: ForgeClient;
  options: MirrorOptions;
  call: MirrorCall;
  work: Work;
  /** Numbers are added as pull requests are closed. */
  closed: number[];
}

export async function tendPullRequests(
  manifest: Manifest,
  options: MirrorOptions,
  work: Work,
): Promise<PullRequestReport> {
  const closed: number[] = [];
  const faults: string[] = [];
  const attempt: Attempt = async (tend) => {
    try {
      await tend();
    } catch (error) {
      if (error instanceof Fenced) throw error;
      work.signal.throwIfAborted();
      faults.push(inFull(error));
    }
  };
  await attempt(async () => {
    const call = callOptions(options, work, options.layout.mirror(manifest.name));
    const subject = await subjectOf(manifest, call);
    if (subject === null) return;
    await withDeadline(Math.min(DEADLINE_MS, options.timeoutMs), work.signal, async (signal) => {
      const client = await openForge(subject.forge, options, work, signal);
      await tendAll({ ...subject, client, options, call: { ...call, signal }, work, closed }, attempt);
    });
  });
  for (const fault of faults) work.log.note(fault);
  return { closed, trouble: faults.length === 0 ? null : together(faults) };
}

/** Of more than so many only the first are told. */
const TOLD = 5;

function together(faults: readonly string[]): string {
  const more = faults.length - TOLD;
  return faults.slice(0, TOLD).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** What the local mirror has is what the team's own was made equal to. Null where there is nothing to look after. */
async function subjectOf({ mirror }: Manifest, call: MirrorCall): Promise<Subject | null> {
  if (mirror === null || mirror.forge === null) return null;
  const [branch] = [...(await recall(call)).refs].filter(([ref]) => isBranch(ref));
  if (branch === undefined) return null;
  const [ref, tip] = branch;
  return { mirror: remoteOf(mirror), forge: mirror.forge, branch: branchName(ref), tip };
}

async function openForge(
  { api, repo, token: source }: Forge,
  { pause = wait }: MirrorOptions,
  work: Work,
  signal: AbortSignal,
): Promise<ForgeClient> {
  const token = await readToken(source);
  work.log.conceal(token);
  return giteaClient(repo, { address: api, token, signal, pause });
}

async function tendAll(tending: Tending, attempt: Attempt): Promise<void> {
  const { client, branch, call, options, work } = tending;
  const pulls = (await client.openPullRequests()).filter(({ isOpen, base }) => isOpen && base === branch);
  if (pulls.length === 0) return;
  const heads = await headsOf(pulls, tending);
  await withScratch(call.cwd, options, work, async ({ cwd }) => {
    for (const pull of pulls) await attempt(() => tendOne(pull, heads, { ...call, cwd }, tending));
  });
}

/** What the mirror itself has of them. The forge's word alone closes nothing. */
async function headsOf(pulls: readonly PullRequest[], { mirror, call }: Tending): Promise<Refs> {
  const patterns = pulls.map(({ number }) => headRef(number));
  return (await list(mirror, patterns, call)).objects;
}

const headRef = (number: number): string => `refs/pull/${number}/head`;

async function tendOne(pull: PullRequest, heads: Refs, scratch: MirrorCall, tending: Tending): Promise<void> {
  const { mirror, branch, work } = tending;
  const { number, head } = pull;
  const there = heads.get(headRef(number));
  if (there === undefined) {
    const why = `the mirror shows no ${headRef(number)}; see whether spec.mirror.url and forge.repo name one repository`;
    throw new Error(`could not look at pull request #${number} of ${inWords(mirror)}: ${why}`);
  }
  if (there !== head) {
    work.log.note(`pull request #${number} is being pushed to, and left to the next sync`);
  } else if (await wouldChangeNothing(pull, scratch, tending)) {
    await close(pull, tending);
  } else {
    work.log.note(
      `pull request #${number} would still change ${branch}, or cannot be merged, and stays as it is`,
    );
  }
}

async function wouldChangeNothing(
  { number, head }: PullRequest,
  scratch: MirrorCall,
  { mirror, tip }: Tending,
): Promise<boolean> {
  const fetched = `fetch pull request #${number} from ${inWords(mirror)}`;
  await remoteGit(mirror, fetched, ['fetch', ...FETCH_FLAGS, '--', mirror.url, head], scratch);
  const what = `merge pull request #${number} of ${inWords(mirror)} for a trial`;
  const args = ['merge-tree', '--write-tree', tip, head];
  const { exitCode, stdout, complaint } = await askMirrorGit(what, args, scratch, [0, 1, 128]);
  if (exitCode === 128 && !complaint.includes('unrelated histories'))
    throw new Error(`could not ${what}: ${complaint}`);
  if (exitCode !== 0) return false;
  const tree = await mirrorGit(
    `read the tree of ${tip}`,
    ['rev-parse', '--verify', `${tip}^{tree}`],
    scratch,
  );
  return stdout.trim() === tree.trim();
}

/** Only as it was looked at: whoever pushes to it meanwhile is not overruled. */
async function close(pull: PullRequest, tending: Tending): Promise<void> {
  const { client, branch, call, work, closed } = tending;
  const { number, head } = pull;
  const marker = `<!-- recipe-reconciler: nothing left to merge of ${head} -->`;
  const hasOurs = (await client.comments(number)).some((text) => text.includes(marker));
  const now = await client.pullRequest(number);
  if (!now.isOpen || now.head !== head || now.base !== branch) {
    work.log.note(`pull request #${number} was changed meanwhile, and left to the next sync`);
    return;
  }
  if (!hasOurs) {
    await call.term.assertHeld();
    await client.comment(number, `${explanation(pull, tending)}\n\n${marker}`);
  }
  await call.term.assertHeld();
  await client.close(number);
  const after = await client.pullRequest(number);
  if (after.isOpen)
    throw new Error(`could not close pull request #${number}: it is still open afterwards; close it by hand`);
  if (after.head !== head) {
    throw new Error(
      `pull request #${number} was closed while it was pushed to: reopen it, if ${after.head} is needed`,
    );
  }
  closed.push(number);
  work.log.note(`closed pull request #${number}: merging it would change nothing any more`);
}

function explanation({ head }: PullRequest, { branch, tip }: Tending): string {
  return (
    `Closed, because merging this would change nothing any more: \`${branch}\` now is at ${tip}, as it is upstream, and ` +
    `a merge of ${head} into it has exactly the same files.\n\n` +
    'Should something be missing all the same, push it to the branch of this pull request and reopen it.'
  );
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
