/**
 * A term: the time during which one process holds the lease, and the only hand that changes the state folder.
 *
 * Everything that a holder makes is staged in its term's own folder and then renamed into place; everything that it
 * removes is first renamed into that folder. Taking a lease over begins with renaming the old term's folder away.
 * So a holder that was suspended and wakes up finds that its renames fail: it cannot promote, write or remove
 * anything any more, whatever it believes (invariant I5). No clock takes part in that.
 */
import { existsSync } from 'node:fs';
import { access, mkdir, open, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fenced } from '../reconciler/errors.ts';
import { LIFELINE_PREFIX } from '../processes.ts';
import { Lifelines } from './lifelines.ts';
import { removeTree } from './remove-tree.ts';

export class Term {
  readonly id: string;
  readonly folder: string;
  /** Unguessable; every process that is started in this term carries it (invariant I11). */
  readonly mark: string;
  /** What each git inherits open while it works for this term. */
  readonly lifelines: Lifelines;
  readonly #lost = new AbortController();
  #count = 0;
  #unfinished: string | null = null;
  #stagedFolder: Promise<string> | null = null;

  constructor(id: string, folder: string, mark: string) {
    this.id = id;
    this.folder = folder;
    this.mark = mark;
    this.lifelines = new Lifelines(join(folder, `${LIFELINE_PREFIX}git`));
  }

  /** Aborted with `Fenced` once the lease is known to be lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Says that the lease is lost, and gives the error that everybody stops with. */
  fence(why: string): Fenced {
    const fenced = new Fenced(why);
    this.#lost.abort(fenced);
    return fenced;
  }

  /** Why this term cannot end cleanly; null where it can. */
  get unfinished(): string | null {
    return this.#unfinished;
  }

  /**
   * Says that something could not be brought to its end: a process that does not go, a trial that could not be closed.
   * The term's folder is then left at its end, so that the next start begins with recovery.
   */
  leaveToRecovery(why: string): void {
    this.#unfinished ??= why;
  }

  /** Replaces a file as a whole, durably: after a crash it holds the old contents or the new ones, never a part. */
  async write(path: string, contents: string, mode = 0o644): Promise<void> {
    const staged = await this.#staged(basename(path));
    await this.#guarded(async () => {
      const file = await open(staged, 'wx', mode);
      try {
        await file.writeFile(contents);
        await file.sync();
      } finally {
        await file.close();
      }
    });
    await this.place(staged, path);
  }

  /** Replaces a file in this term's own folder as a whole. It goes with the term, so it need not outlive a power cut. */
  async writePassing(name: string, contents: string): Promise<void> {
    const staged = await this.#staged(name);
    await this.#guarded(() => writeFile(staged, contents, { mode: 0o600, flag: 'wx' }));
    await this.move(staged, join(this.folder, name));
  }

  /** Renames something that was made in this term's folder to its lasting place, durably. */
  async place(staged: string, path: string): Promise<void> {
    this.#lost.signal.throwIfAborted();
    try {
      await rename(staged, path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      // Either the lease is lost, or this is the first thing in its folder. What was ours is never made anew.
      await this.assertHeld();
      if (path.startsWith(`${this.folder}/`)) throw error;
      await makeFolders(dirname(path));
      await this.#guarded(() => rename(staged, path));
    }
    await syncFolder(dirname(path));
  }

  /** Renames something inside this term's folder: nothing durable, but fenced like everything else. */
  async move(from: string, to: string): Promise<void> {
    await this.#guarded(() => rename(from, to));
  }

  /** Removes a file or a whole folder. What is not there needs no removing. */
  async discard(path: string): Promise<void> {
    const trash = await this.#staged(basename(path));
    try {
      await rename(path, trash);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.assertHeld();
      return;
    }
    await syncFolder(dirname(path));
    await removeTree(trash);
  }

  /** A new folder, named after `name`, that goes when the term ends, if not before. */
  async makeFolder(name: string, mode = 0o700): Promise<string> {
    const folder = join(this.folder, `${++this.#count}-${name}`);
    await this.#guarded(() => mkdir(folder, { mode }));
    return folder;
  }

  /** For appending to a log, which no rename can guard: does this term's folder still stand? */
  isHeld(): boolean {
    return !this.#lost.signal.aborted && existsSync(this.folder);
  }

  /** Throws `Fenced` where somebody else took over. */
  async assertHeld(): Promise<void> {
    this.#lost.signal.throwIfAborted();
    try {
      await access(this.folder);
    } catch (error) {
      if (isMissing(error)) throw this.fence(`the lease was taken over: ${this.folder} is gone`);
      throw error;
    }
  }

  async #staged(name: string): Promise<string> {
    this.#lost.signal.throwIfAborted();
    this.#stagedFolder ??= this.#makeStagedFolder();
    return join(await this.#stagedFolder, `${++this.#count}-${name}`);
  }

  async #makeStagedFolder(): Promise<string> {
    const folder = join(this.folder, 'staged');
    try {
      await this.#guarded(() => mkdir(folder).catch(ignoreExisting));
      return folder;
    } catch (error) {
      this.#stagedFolder = null;
      throw error;
    }
  }

  /** An operation that fails because our own folder is gone failed because the lease is. */
  async #guarded<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if (isMissing(error)) await this.assertHeld();
      throw error;
    }
  }
}

/**
 * Makes a folder and those above it, durably. Not `mkdir` with `recursive`: that never returns where a folder exists in which
 * none can be made and the system calls that ENOENT, as in /proc.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isExisting(error)) return;
    if (!isMissing(error) || (await exists(dirname(path)))) throw error;
    await makeFolders(dirname(path));
    await mkdir(path).catch(ignoreExisting);
  }
  await syncFolder(dirname(path));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes renames in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function ignoreExisting(error: unknown): void {
  if (!isExisting(error)) throw error;
}
