/** Where everything lies in the state folder (contract: state folder). The only file that knows these names. */
import { join } from 'node:path';

export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  recipe = (recipe: string): string => join(this.root, recipe);
  record = (recipe: string): string => join(this.root, recipe, 'canonical.json');
  memory = (recipe: string): string => join(this.root, recipe, 'status.json');
  mirror = (recipe: string): string => join(this.root, recipe, 'mirror.git');
  generations = (recipe: string): string => join(this.root, recipe, 'generations');
  generation = (recipe: string, number: number): string =>
    join(this.root, recipe, 'generations', String(number));
  trials = (recipe: string): string => join(this.root, recipe, 'trials');
  trial = (recipe: string, id: string): string => join(this.root, recipe, 'trials', id);

  /** What is not a recipe's. No recipe's name can begin with a dot. */
  get own(): string {
    return join(this.root, '.reconcile');
  }
  get schema(): string {
    return join(this.own, 'schema.json');
  }
  get passes(): string {
    return join(this.own, 'passes.json');
  }
  /** One folder per term that is held or being asked for: where its holder stages everything it makes. */
  get terms(): string {
    return join(this.own, 'terms');
  }
  /** Terms that ended: their processes must be ended and their folders removed. */
  get ended(): string {
    return join(this.own, 'ended');
  }
  /** What people asked for and whoever acts has not yet answered. */
  get requests(): string {
    return join(this.own, 'requests');
  }
}

/** What a generation's folder and a trial's folder hold. */
export const GENERATION_FILE = 'generation.json';
export const TRIAL_FILE = 'trial.json';

/** Refs of our own in a mirror, never pushed: they keep the commits of generations reachable, whatever upstream does. */
export const KEPT_REFS = 'refs/reconcile/kept/';
/** Another of our own: names a blob, which notes what was offered to the team's mirror by a sync that is not complete. */
export const OFFERED_REF = 'refs/reconcile/offered';

/** Everything that a recipe's own folder holds. */
export const RECIPE_ENTRIES = ['canonical.json', 'status.json', 'mirror.git', 'generations', 'trials'];

/** Folders of recipes, as opposed to whatever else lies in a state folder. */
export const RECIPE_NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
