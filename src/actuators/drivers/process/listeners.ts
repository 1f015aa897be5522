/** Which TCP ports a set of processes listens on, read from /proc: an answer counts only from the app's own process. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessId } from '../../../processes.ts';

export interface Listeners {
  /** Ports that these processes listen on, ascending. */
  own: number[];
  /** Ports of the whole machine that somebody else listens on. */
  foreign: ReadonlySet<number>;
}

const LISTEN = '0A';

export function listenersOf(processes: readonly ProcessId[]): Listeners {
  const sockets = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  const own = new Set<number>();
  const foreign = new Set<number>();
  for (const { port, inode } of listeningSockets()) (sockets.has(inode) ? own : foreign).add(port);
  return { own: [...own].toSorted((a, b) => a - b), foreign };
}

function listeningSockets(): { port: number; inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    readOrEmpty(path)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN)
      .map((fields) => ({
        port: Number.parseInt(fields[1]?.split(':')[1] ?? '0', 16),
        inode: fields[9] ?? '',
      })),
  );
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      const match = /^socket:\[([0-9]+)\]$/.exec(linkTarget(`${folder}/${fd}`));
      return match?.[1] ?? [];
    });
  } catch {
    return []; // The process ended meanwhile.
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // No IPv6 on this machine.
  }
}
