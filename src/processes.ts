/**
 * Finds and ends every process that belongs to a piece of work, whatever group or session it moved to (invariant I11).
 *
 * A process belongs to a mark if the mark stands in its environment; if it descends from one that belongs, or lives
 * in a process group or session that one of them leads; if it was seen to belong before (by pid and start time, so
 * that a pid that is used again is never mistaken); or if it is an orphan without a terminal that works inside a
 * folder which belongs to the work alone: what clears its environment and daemonizes between two looks is left
 * with nothing else to be known by.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const MARK_VARIABLE = 'RECONCILE_MARK';

export interface ProcessId {
  pid: number;
  /** In clock ticks since boot. */
  startTime: string;
}

export interface FindOptions {
  /** Folders that belong to the work alone. */
  folders?: readonly string[];
  /** Processes that were found earlier. */
  remembered?: Iterable<ProcessId>;
}

interface Process extends ProcessId {
  parent: number;
  group: number;
  session: number;
  terminal: number;
}

/** How long processes that were sent SIGKILL may take to disappear. */
const KILL_PATIENCE_MS = 10_000;

/** Everything alive that belongs to a mark equal to `mark`, or below it (`mark/...`). */
export function findProcesses(
  mark: string,
  { folders = [], remembered = [] }: FindOptions = {},
): ProcessId[] {
  const all = allProcesses();
  const known = new Map([...remembered].map(({ pid, startTime }) => [pid, startTime]));
  const ours = ancestry(all, process.pid);
  const members = new Map<number, Process>();
  for (const each of all.values()) {
    if (ours.has(each.pid)) continue;
    const found =
      known.get(each.pid) === each.startTime ||
      carries(each.pid, mark) ||
      (isStray(each, all) && isInside(each.pid, folders));
    if (found) members.set(each.pid, each);
  }
  while (addRelatives(members, all, ours));
  return [...members.values()].map(({ pid, startTime }) => ({ pid, startTime }));
}

/**
 * Ends everything that belongs to a mark: SIGTERM, `graceMs` to go by itself, then SIGKILL until nothing is found.
 * Returns how many processes that were; throws, naming them, where some could not be ended.
 */
export async function endProcesses(
  mark: string,
  options: FindOptions & { graceMs: number },
): Promise<number> {
  const seen = new Map<number, ProcessId>([...(options.remembered ?? [])].map((each) => [each.pid, each]));
  const ended = new Set<string>();
  const look = (): ProcessId[] => {
    const found = findProcesses(mark, { ...options, remembered: seen.values() });
    for (const each of found) {
      seen.set(each.pid, each);
      ended.add(`${each.pid}/${each.startTime}`);
    }
    return found;
  };
  const asked = new Set<string>();
  const grace = Date.now() + options.graceMs;
  let alive = look();
  for (let pause = 5; alive.length > 0 && Date.now() < grace; pause = Math.min(pause * 2, 100)) {
    for (const each of alive) {
      const key = `${each.pid}/${each.startTime}`;
      if (!asked.has(key)) signal(each, 'SIGTERM');
      asked.add(key);
    }
    await sleep(pause);
    alive = look();
  }
  const patience = Date.now() + KILL_PATIENCE_MS;
  for (let pause = 5; alive.length > 0; pause = Math.min(pause * 2, 100)) {
    if (Date.now() > patience)
      throw new Error(`could not end process ${alive.map(({ pid }) => pid).join(', ')}`);
    // Stopped first, all of them: what forks faster than we look cannot fork while it is stopped.
    for (const each of alive) signal(each, 'SIGSTOP');
    for (const each of look()) signal(each, 'SIGKILL');
    await sleep(pause);
    alive = look();
  }
  return ended.size;
}

/** Null where there is no such process, or only its remains. */
export function startTimeOf(pid: number): string | null {
  return readProcess(pid)?.startTime ?? null;
}

function addRelatives(
  members: Map<number, Process>,
  all: ReadonlyMap<number, Process>,
  ours: ReadonlySet<number>,
): boolean {
  const leaders = new Set(
    [...members.values()].filter((each) => each.group === each.pid).map(({ pid }) => pid),
  );
  const sessions = new Set(
    [...members.values()].filter((each) => each.session === each.pid).map(({ pid }) => pid),
  );
  const before = members.size;
  for (const each of all.values()) {
    if (members.has(each.pid) || ours.has(each.pid)) continue;
    if (members.has(each.parent) || leaders.has(each.group) || sessions.has(each.session))
      members.set(each.pid, each);
  }
  return members.size > before;
}

function allProcesses(): Map<number, Process> {
  const all = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    const each = /^[0-9]+$/.test(name) ? readProcess(Number(name)) : null;
    if (each !== null) all.set(each.pid, each);
  }
  return all;
}

function readProcess(pid: number): Process | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // It ended since it was listed.
  }
  // The name in parentheses may hold anything, parentheses included: count from its end.
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  const [parent = 0, group = 0, session = 0, terminal = 0] = fields.slice(0, 4).map(Number);
  return { pid, parent, group, session, terminal, startTime: fields[18] ?? '' };
}

function ancestry(all: ReadonlyMap<number, Process>, pid: number): Set<number> {
  const ancestors = new Set<number>();
  for (let each: number | undefined = pid; each !== undefined && each > 0 && !ancestors.has(each);) {
    ancestors.add(each);
    each = all.get(each)?.parent;
  }
  return ancestors;
}

function carries(pid: number, mark: string): boolean {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return false; // Gone, or somebody else's, whose environment is none of our business.
  }
  const wanted = `${MARK_VARIABLE}=${mark}`;
  return environment.split('\0').some((entry) => entry === wanted || entry.startsWith(`${wanted}/`));
}

/** Handed over to init, or to whatever adopts orphans here, and without a person's terminal. */
function isStray({ parent, terminal }: Process, all: ReadonlyMap<number, Process>): boolean {
  return terminal === 0 && (parent <= 1 || all.get(parent)?.parent === 0);
}

function isInside(pid: number, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const inside = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);
    return ['cwd', 'exe', 'root'].some((link) => {
      try {
        return inside(readlinkSync(`/proc/${pid}/${link}`));
      } catch {
        return false;
      }
    });
  });
}

function signal({ pid, startTime }: ProcessId, name: 'SIGTERM' | 'SIGSTOP' | 'SIGKILL'): void {
  if (startTimeOf(pid) !== startTime) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
