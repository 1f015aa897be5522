/**
 * Finding and ending every process that belongs to a piece of work, whatever group or session it moved to
 * (invariant I11). Everything is read from /proc, in one look at a time:
 *
 * - what carries the work's mark in its environment;
 * - what descends from such a process, or is in a process group or session that one leads;
 * - what an earlier look found, known again by pid *and* start time, so that a reused pid is nobody we know;
 * - what cleared its environment and became a daemon, if it lives in a folder that belongs to the work alone, or holds
 *   a file in it open to write;
 * - what holds a lifeline open: a file that each command inherits, and that nobody else has reason to open.
 *
 * Never ourselves, nor whoever started us. A process that has ended and waits to be collected is not alive.
 */
import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  descriptorsOf,
  linkOf,
  marksOf,
  mayWrite,
  nameOf,
  readTable,
  startTimeOf,
  type ProcessId,
  type Seen,
} from './process-table.ts';

export interface FindOptions {
  /** Folders that belong to the work alone: a daemon that lives in one of them belongs to it too. */
  folders?: readonly string[];
  remembered?: Iterable<ProcessId>;
  /** Lifelines, or folders that hold them. Costs a look at every descriptor of this machine. */
  lifelines?: readonly string[];
}

/** How the files that serve as lifelines are called, within a folder that belongs to the work. */
export const LIFELINE_PREFIX = 'lifeline-';

/** After this long, what survives SIGKILL is stuck in the kernel. */
const KILL_DEADLINE_MS = 10_000;

/** How many looks in a row must find nobody before nobody is left. */
const LOOKS_FOR_NOBODY = 3;

/** Every living process of a mark: its own is `mark` itself, or begins with it and a `/`. */
export function findProcesses(
  mark: string,
  options: FindOptions = {},
  ruledOut = new Set<string>(),
): ProcessId[] {
  const table = readTable();
  const untouchable = ourselvesAndAncestors(table);
  const candidates = [...table.values()].filter(({ pid }) => !untouchable.has(pid));
  const owned = new Set<number>();
  const leaders = new Set<number>();
  for (const { pid, startTime } of options.remembered ?? []) {
    const now = table.get(pid);
    if (now?.startTime === startTime && !untouchable.has(pid)) owned.add(pid);
    // As long as a group or session outlives its leader, the kernel gives the number to nobody else.
    if (now === undefined) leaders.add(pid);
  }
  const folders = (options.folders ?? []).map(realFolder);
  const lifelines = (options.lifelines ?? []).map(realFolder);
  for (const process of candidates) {
    const marks = marksOf(process.pid);
    const marked = marks?.some((each) => each === mark || each.startsWith(`${mark}/`)) ?? false;
    const unmarked = marks?.length === 0;
    const stray = unmarked && isDaemonIn(folders, process, untouchable);
    if (marked || stray || holdsOne(lifelines, process, ruledOut)) owned.add(process.pid);
  }
  addRelatives(candidates, owned, leaders);
  return candidates
    .filter(({ pid, alive }) => alive && owned.has(pid))
    .map(({ pid, startTime }) => ({ pid, startTime }));
}

/**
 * SIGTERM to all, SIGKILL to what still lives after `graceMs`, again and again until none is found. Returns how many
 * were ended; throws, naming them, if some cannot be.
 */
export async function endProcesses(
  mark: string,
  options: FindOptions & { graceMs: number },
): Promise<number> {
  const known = new Map<string, ProcessId>();
  const met = new Set<string>();
  const remember = (process: ProcessId): unknown => known.set(keyOf(process), process);
  for (const process of options.remembered ?? []) remember(process);
  const ruledOut = new Set<string>();
  const scan = (): ProcessId[] => findProcesses(mark, { ...options, remembered: known.values() }, ruledOut);
  const look = (): ProcessId[] => {
    let found = scan();
    // Who was born of one that ended between the listing and the reading of it is in neither: nobody only counts twice.
    for (let again = 1; again < LOOKS_FOR_NOBODY && found.length === 0; again++) found = scan();
    for (const process of found) {
      remember(process);
      met.add(keyOf(process));
    }
    return found;
  };
  const left = await askToEnd(look, options.graceMs);
  if (left.length > 0) await kill(look);
  return met.size;
}

/** Ends one process and nothing that it started: asked first, also if it was stopped, and killed after `graceMs`. */
export async function endProcess(target: ProcessId, graceMs: number): Promise<void> {
  const isGone = (): boolean => startTimeOf(target.pid) !== target.startTime;
  const killAt = performance.now() + graceMs;
  send(target, 'SIGTERM');
  send(target, 'SIGCONT');
  while (!isGone()) {
    if (performance.now() > killAt) send(target, 'SIGKILL');
    if (performance.now() > killAt + KILL_DEADLINE_MS) throw new Error(survived([target]));
    await sleep(10);
  }
}

/** Each process is asked once, those that appear meanwhile too; returns who did not follow. */
async function askToEnd(look: () => ProcessId[], graceMs: number): Promise<ProcessId[]> {
  const asked = new Set<string>();
  const end = performance.now() + graceMs;
  let living = look();
  for (let pause = 2; living.length > 0 && performance.now() < end; pause = Math.min(pause * 2, 50)) {
    for (const process of living.filter((each) => !asked.has(keyOf(each)))) {
      asked.add(keyOf(process));
      send(process, 'SIGTERM');
      // A stopped process would hear of it only when it goes on.
      send(process, 'SIGCONT');
    }
    await sleep(Math.max(0, Math.min(pause, end - performance.now())));
    living = look();
  }
  return living;
}

/** Whoever starts itself anew whenever it is killed is stopped first: what is stopped starts nothing. */
async function kill(look: () => ProcessId[]): Promise<void> {
  const end = performance.now() + KILL_DEADLINE_MS;
  let living = look();
  for (let pause = 1; living.length > 0; pause = Math.min(pause * 2, 50)) {
    if (performance.now() > end) throw new Error(survived(living));
    const stopped = new Set<string>();
    for (let running = living; running.length > 0 && performance.now() < end;) {
      for (const process of running) {
        stopped.add(keyOf(process));
        send(process, 'SIGSTOP');
      }
      living = look();
      running = living.filter((each) => !stopped.has(keyOf(each)));
    }
    for (const process of living) send(process, 'SIGKILL');
    await sleep(pause);
    living = look();
  }
}

function survived(living: readonly ProcessId[]): string {
  const names = living.map(({ pid }) => `${pid} (${nameOf(pid)})`).join(', ');
  return `could not end ${living.length === 1 ? 'process' : 'processes'} ${names}: SIGKILL changed nothing`;
}

function send(target: ProcessId, signal: NodeJS.Signals): void {
  // Looked at again right before: the number may have passed on to somebody else.
  if (startTimeOf(target.pid) !== target.startTime) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It ended meanwhile; or it may not be signalled, and is then named as a survivor.
  }
}

function addRelatives(candidates: readonly Seen[], owned: Set<number>, leaders: Set<number>): void {
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent, group, session } of candidates) {
      if (!owned.has(pid) && (owned.has(parent) || leaders.has(group) || leaders.has(session)))
        owned.add(pid);
      else if (!owned.has(pid) || leaders.has(pid)) continue;
      grown = true;
      // A group or session that carries the number of a process is the one that it leads.
      leaders.add(pid);
    }
  }
}

function isDaemonIn(folders: readonly string[], process: Seen, ancestors: ReadonlySet<number>): boolean {
  if (folders.length === 0 || process.hasTerminal || !process.alive) return false;
  // Orphans go to init, or to whichever ancestor of ours adopts them.
  const adopted = process.parent === 1 || (ancestors.has(process.parent) && process.parent !== ownPid());
  if (!adopted) return false;
  const livesThere = ['cwd', 'root', 'exe'].some((link) => {
    const place = linkOf(process.pid, link);
    return place !== null && isWithin(place, folders);
  });
  return livesThere || writesInto(folders, process.pid);
}

/** Who only reads there may be anybody's, such as a backup. */
function writesInto(folders: readonly string[], pid: number): boolean {
  return descriptorsOf(pid).some((fd) => {
    const place = linkOf(pid, `fd/${fd}`);
    return place !== null && isWithin(place, folders) && mayWrite(pid, fd);
  });
}

/** A descriptor is inherited or never had: who holds none at one look is ruled out for the following ones. */
function holdsOne(lifelines: readonly string[], process: Seen, ruledOut: Set<string>): boolean {
  if (lifelines.length === 0 || !process.alive || ruledOut.has(keyOf(process))) return false;
  const holds = descriptorsOf(process.pid).some((fd) => {
    const place = linkOf(process.pid, `fd/${fd}`);
    return place !== null && basename(place).startsWith(LIFELINE_PREFIX) && isWithin(place, lifelines);
  });
  if (!holds) ruledOut.add(keyOf(process));
  return holds;
}

function isWithin(place: string, folders: readonly string[]): boolean {
  return folders.some((folder) => place === folder || place.startsWith(`${folder}/`));
}

function ourselvesAndAncestors(table: ReadonlyMap<number, Seen>): Set<number> {
  const found = new Set<number>();
  for (let pid = ownPid(); pid > 0 && !found.has(pid); pid = table.get(pid)?.parent ?? 0) found.add(pid);
  return found;
}

const ownPid = (): number => process.pid;

const keyOf = ({ pid, startTime }: ProcessId): string => `${pid} ${startTime}`;

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}
