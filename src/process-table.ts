/** What /proc says of the processes of this machine, each question answered as far as we may know. */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

export interface ProcessId {
  pid: number;
  /** In clock ticks since boot, as the kernel says it. */
  startTime: string;
}

export interface Seen extends ProcessId {
  alive: boolean;
  parent: number;
  group: number;
  session: number;
  hasTerminal: boolean;
}

export const MARK_VARIABLE = 'RECONCILE_MARK';

/** Every mark that a process was started with; null where its environment may not be read. */
export function marksOf(pid: number): string[] | null {
  try {
    const prefix = `${MARK_VARIABLE}=`;
    const text = readProc(`${pid}/environ`);
    if (!text.includes(prefix)) return [];
    const entries = text.split('\0').filter((entry) => entry.startsWith(prefix));
    return entries.map((entry) => entry.slice(prefix.length));
  } catch {
    return null;
  }
}

export function readTable(): Map<number, Seen> {
  const table = new Map<number, Seen>();
  for (const name of readdirSync('/proc')) {
    const seen = /^\d+$/.test(name) ? readProcess(Number(name)) : null;
    if (seen !== null) table.set(seen.pid, seen);
  }
  return table;
}

/** The name in the middle may hold spaces and parentheses; what follows its last one does not (proc(5)). */
function readProcess(pid: number): Seen | null {
  let text;
  try {
    text = readProc(`${pid}/stat`);
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session, terminal] = fields;
  const threads = Number(fields[17]);
  return {
    pid,
    // A first thread that has ended leaves a process alive whose other threads go on.
    alive: (state !== 'Z' && state !== 'X') || threads > 1,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    hasTerminal: terminal !== '0',
    startTime: fields[19] ?? '',
  };
}

/** Null where there is no such process, or only its remains. */
export function startTimeOf(pid: number): string | null {
  const seen = readProcess(pid);
  return seen?.alive === true ? seen.startTime : null;
}

/** Numbers of the descriptors that it holds open; none where it ended, or is somebody else's. */
export function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** Whether a descriptor is open to write: the last digit of its octal flags (proc(5)) is the way of access. */
export function mayWrite(pid: number, descriptor: string): boolean {
  try {
    const [, access] = /^flags:\s*[0-7]*([0-7])$/m.exec(readProc(`${pid}/fdinfo/${descriptor}`)) ?? [];
    return access !== undefined && (Number(access) & 3) !== 0;
  } catch {
    return false;
  }
}

/** Where one of its links leads, such as `cwd` or `fd/3`. */
export function linkOf(pid: number, name: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`).replace(/ \(deleted\)$/, '');
  } catch {
    return null;
  }
}

export function nameOf(pid: number): string {
  try {
    return Buffer.from(readProc(`${pid}/comm`), 'latin1')
      .toString('utf8')
      .trim();
  } catch {
    return 'gone';
  }
}

/**
 * The files of /proc say no size: Node would make a buffer of 64 KiB for each, hundreds of them at each look at all
 * processes. One serves for all, as each is read at once.
 */
const shared = Buffer.allocUnsafe(64 * 1024);

/** A file below /proc, a character for each byte. */
export function readProc(path: string): string {
  const file = openSync(`/proc/${path}`, 'r');
  try {
    let text = '';
    for (;;) {
      const length = readSync(file, shared);
      if (length === 0) return text;
      text += shared.toString('latin1', 0, length);
    }
  } finally {
    closeSync(file);
  }
}
