/** Who holds a term, and whether it still does. Judged by boot, process start and uptime, never by the wall clock. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { startTimeOf, type ProcessId } from '../process-table.ts';
import { LONGEST_TTL_MS } from './longest-ttl.ts';

export const Holder = z.object({
  term: z.string(),
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  pid: z.number().int(),
  /** In clock ticks since boot: with the pid it names one process, also after the pid is used again. */
  processStart: z.string(),
  since: z.string(),
  doing: z.string(),
  ttlMs: z.number().max(LONGEST_TTL_MS),
  /** Asking for the lease, or having it. */
  phase: z.enum(['candidate', 'holder']),
  /** Moves with every renewal. */
  beat: z.object({ count: z.number(), uptimeMs: z.number() }),
  /** Everything that carries it is ended: so none that others could come to carry. */
  mark: z.string().regex(/^[0-9a-f]{32}$/),
});
export type Holder = z.infer<typeof Holder>;

export type Life = 'alive' | 'dead' | 'another-machine';

export function describeSelf(term: string, mark: string, ttlMs: number, now: Date): Holder {
  return {
    term,
    host: hostname(),
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    processStart: startTimeOf(process.pid) ?? '',
    since: now.toISOString(),
    doing: 'starting',
    ttlMs,
    phase: 'candidate',
    beat: { count: 0, uptimeMs: uptimeMs() },
    mark,
  };
}

/** A holder on another machine can only be judged by watching whether its beat moves. */
export function lifeOf(holder: Holder): Life {
  if (holder.bootId !== bootId()) return holder.host === hostname() ? 'dead' : 'another-machine';
  if (holder.pidNamespace === pidNamespace() && startTimeOf(holder.pid) !== holder.processStart)
    return 'dead';
  return uptimeMs() - holder.beat.uptimeMs > holder.ttlMs ? 'dead' : 'alive';
}

/** One process of one boot as part of a file's name. */
export function whoIs({ bootId: boot, pidNamespace: namespace, pid, processStart, term }: Holder): string {
  return `${machineOf(boot, namespace)}-${pid}-${processStart}-${term}`;
}

/** What became of whoever wrote such a name: nothing is known of those on other machines, and no other name is ours. */
export function lifeOfWho(who: string): 'alive' | 'dead' | 'unknown' | 'nobody' {
  const [, machine, pid, processStart] = /^([0-9a-f]{12})-([0-9]+)-([0-9]+)-/.exec(who) ?? [];
  if (machine === undefined) return 'nobody';
  if (machine !== machineOf(bootId(), pidNamespace())) return 'unknown';
  return startTimeOf(Number(pid)) === processStart ? 'alive' : 'dead';
}

function machineOf(boot: string, namespace: string): string {
  return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 12);
}

/** One process of one machine: its number alone would be another one's by tomorrow. */
export const ProcessName = z.object({
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  pid: z.number().int(),
  processStart: z.string(),
});
export type ProcessName = z.infer<typeof ProcessName>;

export function nameSelf(): ProcessName {
  const processStart = startTimeOf(process.pid) ?? '';
  return { host: hostname(), bootId: bootId(), pidNamespace: pidNamespace(), pid: process.pid, processStart };
}

/** One in another namespace of this machine is as far away as another machine: its number says nothing here. */
export function lifeOfProcess({
  host,
  bootId: boot,
  pidNamespace: namespace,
  pid,
  processStart,
}: ProcessName): Life {
  if (boot !== bootId()) return host === hostname() ? 'dead' : 'another-machine';
  if (namespace !== pidNamespace()) return 'another-machine';
  return startTimeOf(pid) === processStart ? 'alive' : 'dead';
}

/** The process of a holder, where it is one of this machine's and still lives; its lease may be long over. */
export function livingProcessOf(holder: Holder): ProcessId | null {
  if (holder.bootId !== bootId() || holder.pidNamespace !== pidNamespace()) return null;
  const { pid, processStart: startTime } = holder;
  return startTimeOf(pid) === startTime ? { pid, startTime } : null;
}

export function uptimeMs(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}
