/**
 * The lease: one acting reconciler per state folder (invariant I5), on plain files.
 *
 * Whoever wants it announces itself first, by renaming a finished folder into `terms/`, and looks around second.
 * Of two that do so at the same time at least one sees the other; among candidates the lower term goes first. Terms
 * that are found dead are renamed away, which fences them (see `term.ts`), and left in `ended/` for recovery. A
 * clean release leaves nothing, so a pass that had nothing to do leaves no trace of its lease either.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotRun } from '../reconciler/errors.ts';
import { describeSelf, Holder, lifeOf, lifeOfWho, uptimeMs, whoIs } from './holder.ts';
import type { Layout } from './layout.ts';
import { entriesIn } from './made.ts';
import { removeTree } from './remove-tree.ts';
import { readRegularFile } from './stored.ts';
import { isMissing, makeFolders, Term } from './term.ts';

/** Written again with each beat. */
export const HOLDER_FILE = 'holder.json';
export const PREPARED = 'prepared-';
const ABANDONED_AFTER_MS = 60_000;
const LOOK_AGAIN_MS = 25;

export interface Lease {
  term: Term;
  /** Shown to whoever is refused. */
  doing(what: string): void;
  /**
   * Called with the first error of renewals that fail one after the other, but for that of a lost lease, which the term
   * says; and with null once one succeeds. Until then another machine may take the holder for dead, and fence it.
   */
  whenRenewalChanges(tell: (error: unknown) => void): void;
  release(): Promise<void>;
}

/** Somebody else acts. */
export class LeaseHeld extends CannotRun {
  readonly holder: Holder;

  constructor(holder: Holder) {
    const { host, pid, since, doing } = holder;
    super(
      `the lease is held by another reconciler: host ${host}, pid ${pid}, since ${since}, doing: ${doing}`,
      {
        hint: 'wait until it ends, or stop it; a lease of a dead process is taken over at once',
      },
    );
    this.holder = holder;
  }
}

/** Throws `LeaseHeld`, naming the holder, where another has it; the signal's reason where it aborts first. */
export async function acquireLease(layout: Layout, ttlMs: number, signal?: AbortSignal): Promise<Lease> {
  const id = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`;
  const mark = randomBytes(16).toString('hex');
  const self = describeSelf(id, mark, ttlMs, new Date());
  await announce(layout, self);
  const term = new Term(id, join(layout.terms, id), mark);
  try {
    while ((await lookAround(layout, id, signal)) === 'wait') await pause(LOOK_AGAIN_MS, signal);
    self.phase = 'holder';
    await renew(term, self);
  } catch (error) {
    await withdraw(layout, term);
    throw error;
  }
  return hold(layout, term, self);
}

/** The holder that others would be refused for; null where nobody holds the lease. Reads only. */
export async function currentHolder(layout: Layout): Promise<Holder | null> {
  for (const name of await termNames(layout)) {
    const holder = await readHolder(join(layout.terms, name));
    if (holder !== null && holder.phase === 'holder' && lifeOf(holder) !== 'dead') return holder;
  }
  return null;
}

/** Terms by whether somebody is still behind them: holding the lease, or asking for it. Reads only. */
export async function termsByLife(layout: Layout): Promise<{ living: Set<string>; dead: string[] }> {
  const living = new Set<string>();
  const dead: string[] = [];
  for (const name of await termNames(layout)) {
    const holder = await readHolder(join(layout.terms, name));
    if (holder === null || lifeOf(holder) === 'dead') dead.push(name);
    else living.add(name);
  }
  return { living, dead };
}

/** Folders of candidates that were killed before they could announce themselves. */
export async function abandonedPreparations(layout: Layout): Promise<string[]> {
  const names = (await entriesIn(layout.own))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(PREPARED));
  const abandoned: string[] = [];
  for (const name of names) {
    const folder = join(layout.own, name);
    // Announcing takes no time: what another machine prepared a while ago is nobody's. A time ahead of this clock is as
    // far from this very moment as one behind it.
    const age = Math.abs(Date.now() - (await stat(folder).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs);
    const life = lifeOfWho(name.slice(PREPARED.length));
    if (life === 'dead' || (life === 'unknown' && age > ABANDONED_AFTER_MS)) abandoned.push(folder);
  }
  return abandoned;
}

function hold(layout: Layout, term: Term, self: Holder): Lease {
  let tell: ((error: unknown) => void) | null = null;
  let isFailing = false;
  const renewed = (error: unknown): void => {
    if (term.lost.aborted || isFailing === (error !== null)) return;
    isFailing = error !== null;
    tell?.(error);
  };
  const beat = (): void => void renew(term, self).then(() => renewed(null), renewed);
  const beats = setInterval(beat, self.ttlMs / 3);
  beats.unref();
  return {
    term,
    doing: (what) => {
      self.doing = what;
      beat();
    },
    whenRenewalChanges: (listener) => {
      tell = listener;
    },
    release: async () => {
      clearInterval(beats);
      await withdraw(layout, term);
    },
  };
}

async function announce(layout: Layout, self: Holder): Promise<void> {
  await makeFolders(layout.terms);
  await makeFolders(layout.ended);
  // Whose it is stands in its name: killed right here, it holds no word of that yet.
  const prepared = join(layout.own, `${PREPARED}${whoIs(self)}`);
  await mkdir(prepared, { mode: 0o700 });
  await writeFile(join(prepared, HOLDER_FILE), JSON.stringify(self), { mode: 0o600 });
  await rename(prepared, join(layout.terms, self.term));
}

/** Ends dead terms; throws for a live holder; waits while a candidate that goes first makes up its mind. */
async function lookAround(
  layout: Layout,
  own: string,
  signal: AbortSignal | undefined,
): Promise<'clear' | 'wait'> {
  let found: 'clear' | 'wait' = 'clear';
  for (const name of await termNames(layout)) {
    if (name === own) continue;
    const folder = join(layout.terms, name);
    const holder = await readHolder(folder);
    if (holder === null || !(await isAlive(holder, folder, signal))) {
      await moveToEnded(layout, name).catch(ignoreMissing);
    } else if (holder.phase === 'holder' || name < own) {
      throw new LeaseHeld(holder);
    } else {
      found = 'wait';
    }
  }
  return found;
}

async function isAlive(holder: Holder, folder: string, signal: AbortSignal | undefined): Promise<boolean> {
  const life = lifeOf(holder);
  if (life !== 'another-machine') return life === 'alive';
  const patience = uptimeMs() + holder.ttlMs;
  while (uptimeMs() < patience) {
    await pause(Math.min(1000, holder.ttlMs), signal);
    const later = await readHolder(folder);
    if (later === null) return false;
    if (later.beat.count !== holder.beat.count) return true;
  }
  return false;
}

/** Throws the signal's reason as soon as it aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  signal?.throwIfAborted();
}

/** Renewing is a rename inside the term's folder: it fails once the folder was renamed away. */
async function renew(term: Term, self: Holder): Promise<void> {
  self.beat = { count: self.beat.count + 1, uptimeMs: uptimeMs() };
  await term.writePassing(HOLDER_FILE, JSON.stringify(self));
}

/** Renamed first, so that nobody sees a term half removed. What could not be finished is left to recovery. */
async function withdraw(layout: Layout, term: Term): Promise<void> {
  try {
    const ended = await moveToEnded(layout, term.id);
    if (term.unfinished === null) await removeTree(ended);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Fences a term. Whatever lies under its name there already is no reason to leave it unfenced. */
async function moveToEnded(layout: Layout, name: string): Promise<string> {
  const ended = join(layout.ended, name);
  const another = `${ended}-${randomBytes(4).toString('hex')}`;
  const target = (await lstat(ended).catch(() => null)) === null ? ended : another;
  await rename(join(layout.terms, name), target);
  return target;
}

async function termNames(layout: Layout): Promise<string[]> {
  try {
    return (await readdir(layout.terms)).toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Null where it is gone meanwhile or no holder's file: such a term was not made by announcing, nobody holds it. */
export async function readHolder(folder: string): Promise<Holder | null> {
  try {
    return Holder.safeParse(JSON.parse(await readRegularFile(join(folder, HOLDER_FILE)))).data ?? null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // What the system would not give out may be a living holder's; what it gave out, and is none, is nobody's.
    const refused = ['EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(code);
    if (refused) throw error;
    return null;
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
