/**
 * Watches the manifest folder, so that an edit is looked at within a second rather than at the next interval.
 *
 * Notifications only wake: what changed is told by comparing stocks (`stock.ts`). So it does not matter what exactly
 * is heard, and in which order. Two wake, since neither alone is enough:
 *
 * - chokidar, of every folder by its real path, one level deep. It is not relied on to follow folders that go and come
 *   back, nor links: whenever the folders are others than before, a new one takes its place.
 * - a pulse, which asks the system whether a folder or a link leads elsewhere or holds other names. It finds what no
 *   notification tells: the folder itself replaced, `current -> a` become `current -> b`, the hidden `..data` of a Kubernetes
 *   ConfigMap. Where watching is impossible, it still finds every file that was saved by renaming.
 *
 * Whatever both miss is found by the interval. docs/decisions/0020-notifications-only-wake.md says what was weighed.
 */
import { basename, join } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { describe } from '../reconciler/errors.ts';
import { Settling } from '../settling.ts';
import { changedFiles, hasMoved, hasSameFolders, nothing, takeStock, type Stock } from './stock.ts';

export interface ManifestListener {
  /** Files that were added, removed, written or touched, as `Manifest.file` names them: once for each burst. */
  onChange: (files: ReadonlySet<string>) => void;
  /** Told once why not everything is noticed at once. */
  onTrouble: (why: string) => void;
}

const PULSE_MS = 500;
/** Something that cannot be listed may keep chokidar from ever saying that it is ready. */
const LONGEST_START_MS = 500;

/** What was done before this returns is not told: it is the caller's to look at, afterwards. */
export async function watchManifests(
  folder: string,
  listener: ManifestListener,
): Promise<{ close(): Promise<void> }> {
  const watching = new ManifestWatch(folder, listener);
  await watching.open();
  return watching;
}

class ManifestWatch {
  readonly #folder: string;
  readonly #listener: ManifestListener;
  readonly #settling = new Settling(() => this.#tell());
  #stock: Stock = nothing;
  #watcher: FSWatcher | null = null;
  #pulse: NodeJS.Timeout | undefined;
  #beating = Promise.resolve();
  #closed = false;
  #troubled = false;

  constructor(folder: string, listener: ManifestListener) {
    this.#folder = folder;
    this.#listener = listener;
  }

  async open(): Promise<void> {
    await this.#takeStock();
    this.#scheduleBeat();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pulse);
    await this.#beating;
    await this.#settling.close();
    await this.#watcher?.close();
  }

  async #tell(): Promise<void> {
    const before = this.#stock;
    await this.#takeStock();
    const changed = changedFiles(before, this.#stock).map((path) => join(this.#folder, path));
    if (changed.length > 0 && !this.#closed) this.#listener.onChange(new Set(changed));
  }

  async #takeStock(): Promise<void> {
    const before = this.#stock;
    this.#stock = await takeStock(this.#folder);
    if (hasSameFolders(before, this.#stock) || this.#closed) return;
    await this.#watchFolders();
    // What was done while nobody watched is seen now. Are the folders others again, that is found by the next beat.
    const { files } = await takeStock(this.#folder);
    this.#stock = { ...this.#stock, files };
  }

  async #watchFolders(): Promise<void> {
    await this.#watcher?.close();
    const folders = new Set(this.#stock.folders.keys());
    // Its own interpretation of what editors do is not wanted: it leaves out names that are files here.
    const watcher = watch([...folders], {
      atomic: false,
      depth: 0,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      ignored: (path) => basename(path).startsWith('.') && !folders.has(path),
    });
    this.#watcher = watcher;
    // What chokidar itself is told. Of that it passes on a part: no new mode of a file that was read, for one.
    watcher.on('raw', () => this.#settling.stir()).on('error', (error) => this.#tellTrouble(error));
    if (folders.size > 0) await untilReady(watcher);
  }

  #scheduleBeat(): void {
    if (this.#closed) return;
    this.#pulse = setTimeout(() => {
      this.#beating = this.#beat();
    }, PULSE_MS);
  }

  async #beat(): Promise<void> {
    if (await hasMoved(this.#folder, this.#stock)) this.#settling.stir();
    this.#scheduleBeat();
  }

  #tellTrouble(error: unknown): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#listener.onTrouble(
      `cannot watch all of ${this.#folder}: ${describe(error)}; what is not noticed is found at the next interval; ` +
        'raise fs.inotify.max_user_watches and fs.inotify.max_user_instances where the system has no more of them',
    );
  }
}

async function untilReady(watcher: FSWatcher): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LONGEST_START_MS);
    watcher.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
