/**
 * Watches the registry and the warm volumes, so that what somebody does to them is looked at at once rather than at the
 * next interval: a record replaced or removed, a generation or a volume gone, renamed or put back.
 *
 * Watched are exactly the folders whose names matter, each by `fs.watch`, and nothing below: never what volumes, trials
 * and mirrors hold, which changes by the thousands and says nothing. chokidar would list all of that, and watch every
 * file in between; of a fleet of thousands it would be most of what the system allows to be watched at all.
 *
 * Where something changed, the recipe's folders are found anew: they may be others by the same names. What this program
 * itself writes shows too, and costs one more look; but for `status.json`, which a look writes: that would never end.
 */
import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe } from '../reconciler/errors.ts';
import { Settling } from '../settling.ts';
import { RECIPE_NAME, type Layout } from '../state/layout.ts';
import { namesIn } from '../state/stored.ts';
import { giveTurn } from '../turns.ts';

export interface StateListener {
  /** Recipes whose record, generations or volumes changed: once for each burst. */
  onChange: (recipes: ReadonlySet<string>) => void;
  /** Told once that nothing is noticed any more, and why. */
  onTrouble: (why: string) => void;
}

/** The state folder must exist. */
export async function watchState(
  layout: Layout,
  listener: StateListener,
): Promise<{ close(): Promise<void> }> {
  const watching = new StateWatch(layout, listener);
  await watching.open();
  return watching;
}

class StateWatch {
  readonly #layout: Layout;
  readonly #listener: StateListener;
  readonly #settling = new Settling(() => this.#tell());
  readonly #watchers = new Map<string, FSWatcher[]>();
  #root: FSWatcher | null = null;
  #stirred = new Set<string>();
  #isOver = false;

  constructor(layout: Layout, listener: StateListener) {
    this.#layout = layout;
    this.#listener = listener;
  }

  async open(): Promise<void> {
    const { root } = this.#layout;
    this.#root = this.#watch(root, (name) => this.#stir(name));
    const names = await namesIn(root);
    if (!names.readable) return this.#giveUp(names.why);
    for (const recipe of names.value.filter((name) => RECIPE_NAME.test(name))) await this.#follow(recipe);
  }

  async close(): Promise<void> {
    await this.#end();
    await this.#settling.close();
  }

  #stir(recipe: string): void {
    if (!RECIPE_NAME.test(recipe)) return;
    this.#stirred.add(recipe);
    this.#settling.stir();
  }

  /** Whoever is told looks afterwards: so what happens while the folders are found anew is not missed either. */
  async #tell(): Promise<void> {
    const recipes = this.#stirred;
    this.#stirred = new Set();
    for (const recipe of recipes) await this.#follow(recipe);
    if (!this.#isOver) this.#listener.onChange(recipes);
  }

  async #follow(recipe: string): Promise<void> {
    await giveTurn();
    for (const watcher of this.#watchers.get(recipe) ?? []) watcher.close();
    this.#watchers.delete(recipe);
    if (this.#isOver) return;
    const folders = await foldersOf(recipe, this.#layout);
    const watchers = folders.flatMap(({ folder, matters }) => {
      const stir = (name: string): void => {
        if (matters(name)) this.#stir(recipe);
      };
      return this.#watch(folder, stir) ?? [];
    });
    if (this.#isOver) for (const watcher of watchers) watcher.close();
    else if (watchers.length > 0) this.#watchers.set(recipe, watchers);
  }

  /** Null where there is no such folder, or none that may be read: a look says what that means. */
  #watch(folder: string, stir: (name: string) => void): FSWatcher | null {
    if (this.#isOver) return null;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => stir(name ?? basename(folder)));
      return watcher.on('error', (error) => void this.#giveUp(describe(error)));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') void this.#giveUp(describe(error));
      return null;
    }
  }

  /** All or nothing: some would be no help, and would be missing to whatever else this user wants to watch. */
  async #giveUp(why: string): Promise<void> {
    if (this.#isOver) return;
    this.#listener.onTrouble(
      `cannot watch all of ${this.#layout.root}, so that none of it is watched: ${why}; changes to records and volumes ` +
        'are found at the next interval; raise fs.inotify.max_user_watches and fs.inotify.max_user_instances where the ' +
        'system has no more of them',
    );
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#root?.close();
    for (const watchers of this.#watchers.values()) {
      await giveTurn();
      for (const watcher of watchers) watcher.close();
    }
    this.#watchers.clear();
  }
}

interface Watched {
  folder: string;
  /** Is this name in it worth a look? */
  matters: (name: string) => boolean;
}

/** By its own name a folder says that it was itself removed or renamed; so that is always among what matters. */
async function foldersOf(recipe: string, layout: Layout): Promise<Watched[]> {
  const generations = layout.generations(recipe);
  const names = await namesIn(generations);
  const numbers = (names.readable ? names.value : []).filter(isNumber);
  const recipeNames = [basename(layout.record(recipe)), basename(generations), recipe];
  return [
    { folder: dirname(generations), matters: (name) => recipeNames.includes(name) },
    { folder: generations, matters: (name) => isNumber(name) || name === basename(generations) },
    ...numbers.flatMap((number) => {
      const folder = layout.generation(recipe, Number(number));
      return [folder, join(folder, 'volumes')].map((each) => ({ folder: each, matters: () => true }));
    }),
  ];
}

function isNumber(name: string): boolean {
  return /^[1-9][0-9]{0,8}$/.test(name);
}
