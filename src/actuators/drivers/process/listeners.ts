/**
 * Which TCP ports a set of processes listens on, read from /proc: an answer counts only from the app's own process.
 * Only sockets that 127.0.0.1 reaches count; of two on one port, the kernel gives a call to either.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { readProc, type ProcessId } from '../../../process-table.ts';

export interface Listeners {
  /** Ports that these processes listen on, ascending. */
  own: number[];
  /** Ports that somebody else on this machine listens on. */
  foreign: ReadonlySet<number>;
}

const LISTEN = '0A';

/** 127.0.0.1, 0.0.0.0, ::, and 127.0.0.1 as an IPv6 address, as the kernel writes them on this kind of machine. */
const REACHED = new Set(
  endianness() === 'LE'
    ? ['0100007F', '00000000', '0'.repeat(32), '0000000000000000FFFF00000100007F']
    : ['7F000001', '00000000', '0'.repeat(32), '00000000000000000000FFFF7F000001'],
);

export function listenersOf(processes: readonly ProcessId[]): Listeners {
  const sockets = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  const own = new Set<number>();
  const foreign = new Set<number>();
  for (const { port, inode } of listeningSockets()) (sockets.has(inode) ? own : foreign).add(port);
  return { own: [...own].toSorted((a, b) => a - b), foreign };
}

function listeningSockets(): { port: number; inode: string }[] {
  return ['net/tcp', 'net/tcp6'].flatMap((path) =>
    readOrEmpty(path)
      .split('\n')
      .slice(1)
      // Most are of connections, and need not be taken apart.
      .filter((line) => line.includes(` ${LISTEN} `))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN)
      .map((fields) => ({ at: fields[1]?.split(':') ?? [], inode: fields[9] ?? '' }))
      .filter(({ at: [address = ''] }) => REACHED.has(address))
      .map(({ at: [, port = '0'], inode }) => ({ port: Number.parseInt(port, 16), inode })),
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
    return readProc(path);
  } catch {
    return ''; // No IPv6 on this machine.
  }
}
