/** A fleet that is never left in peace: what happens to it next is drawn by a seed. */
import { createHmac } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../fixtures/fleet.ts';
import type { HttpGit, HttpGitMode } from '../fixtures/http-git.ts';
import type { Behaviour, UpstreamRepo } from '../fixtures/upstream-repo.ts';

export const TOKEN = 'soak-token';
export const HOOK_SECRET = 'soak-hook-secret';

/** Tags older than that are withdrawn: upstreams stay as large as they are, and so must everything else. */
const TAGS_KEPT = 12;
const BURST = 50;
const AWAY_MS = 1500;
const OUTAGE_MS = 4000;
const FAULTS: readonly Behaviour[] = [{ answer500: true }, { exitAtStart: 3 }, { failOnUpgrade: true }];
const OUTAGES: readonly HttpGitMode[] = ['refuse', 'hang', 'too-many-requests', 'not-git'];

interface Recipe {
  name: string;
  upstream: UpstreamRepo;
  tags: string[];
  minor: number;
}

export class Upheaval {
  readonly #fleet: Fleet;
  readonly #git: HttpGit;
  readonly #recipes: Recipe[] = [];
  readonly #counts = new Map<string, number>();
  #state: number;
  #url = '';

  constructor(fleet: Fleet, git: HttpGit, seed: number) {
    this.#fleet = fleet;
    this.#git = git;
    this.#state = seed;
  }

  /** How often each thing happened. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get names(): string[] {
    return this.#recipes.map(({ name }) => name);
  }

  async populate(size: number): Promise<void> {
    for (let index = 0; index < size; index++) {
      const name = `app-${index}`;
      const recipe = { name, upstream: await this.#fleet.upstream(name), tags: [], minor: 0 };
      this.#recipes.push(recipe);
      await this.#release(recipe, {});
      await this.#enrol(recipe);
    }
  }

  reachableAt(url: string): void {
    this.#url = url;
  }

  async next(): Promise<void> {
    const happenings: Readonly<Record<string, (recipe: Recipe) => Promise<unknown>>> = {
      release: (recipe) => this.#release(recipe, {}),
      'bad release': (recipe) => this.#release(recipe, this.#draw(FAULTS)),
      'moved tag': (recipe) => this.#moveTag(recipe),
      outage: () => this.#outage(),
      edit: (recipe) => this.#enrol(recipe, { retain: 1 + this.#number(3) }),
      suspension: (recipe) => this.#enrol(recipe, { suspend: { reason: 'soaking' } }),
      resumption: (recipe) => this.#enrol(recipe),
      removal: (recipe) => this.#fleet.removeManifest(recipe.name).catch(() => undefined),
      damage: (recipe) => this.#damage(recipe),
      webhooks: (recipe) => this.#webhooks(recipe),
      visit: (recipe) => this.#visit(recipe),
      wish: (recipe) => this.#wish(recipe),
    };
    const [what, happen] = this.#draw(Object.entries(happenings));
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    await happen(this.#draw(this.#recipes));
  }

  #number(below: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  #draw<T>(from: readonly T[]): T {
    const drawn = from[this.#number(from.length)];
    if (drawn === undefined) throw new Error('nothing to draw from');
    return drawn;
  }

  async #enrol({ name }: Recipe, more: Record<string, unknown> = {}): Promise<void> {
    const spec = {
      ...this.#fleet.storeSpec(),
      upstream: this.#git.url(`${name}/.git`),
      retry: QUICK_RETRY,
      ...more,
    };
    await this.#fleet.manifest(name, spec);
  }

  async #release(recipe: Recipe, behaviour: Behaviour): Promise<void> {
    const tag = `1.${recipe.minor++}.0+1.0`;
    await recipe.upstream.release(tag, behaviour);
    recipe.tags.push(tag);
    for (const old of recipe.tags.splice(0, recipe.tags.length - TAGS_KEPT))
      await recipe.upstream.git('tag', '--delete', old);
  }

  /** And says that this is as it should be, sooner or later. */
  async #moveTag({ name, upstream, tags }: Recipe): Promise<void> {
    await upstream.git('tag', '--force', tags.at(-1) ?? '', 'HEAD~1').catch(() => undefined);
    await this.#fleet.reconcile(['accept', name]);
  }

  async #outage(): Promise<void> {
    this.#git.mode = this.#draw(OUTAGES);
    await sleep(OUTAGE_MS);
    this.#git.mode = 'serve';
  }

  /** A volume is away for a while, and comes back unless another took its place. */
  async #damage({ name }: Recipe): Promise<void> {
    const generation = (await this.#fleet.record(name))?.['generation'];
    const volumes = join(this.#fleet.state, name, 'generations', String(generation), 'volumes');
    const away = join(this.#fleet.folder, `away-${name}`);
    if (!(await moved(join(volumes, 'data'), away))) return;
    await sleep(AWAY_MS);
    if (!(await moved(away, join(volumes, 'data')))) await rm(away, { recursive: true });
  }

  async #webhooks({ name }: Recipe): Promise<void> {
    const body = JSON.stringify({ repository: { clone_url: this.#git.url(`${name}/.git`) } });
    const signature = createHmac('sha256', HOOK_SECRET).update(body).digest('hex');
    for (let sent = 0; sent < BURST; sent++) {
      const headers = { 'Content-Type': 'application/json', 'X-Gitea-Signature': signature };
      await this.#ask('/hooks/gitea', { method: 'POST', body, headers });
    }
  }

  /** Somebody opens the pages, listens for a moment, and goes. */
  async #visit({ name }: Recipe): Promise<void> {
    const reader = new AbortController();
    const listening = fetch(`${this.#url}/api/events`, { signal: reader.signal }).catch(() => null);
    for (const path of ['/', `/recipes/${name}`, '/api/recipes', '/nowhere']) await this.#ask(path);
    await listening;
    reader.abort();
  }

  async #wish({ name }: Recipe): Promise<void> {
    const wish = this.#draw(['rebuild', 'cancel', 'gc', 'look']);
    if (wish === 'look') {
      const headers = { Authorization: `Bearer ${TOKEN}` };
      await this.#ask(`/api/recipes/${name}/reconcile`, { method: 'POST', headers });
    } else {
      const hasty = { env: { RECONCILE_REQUEST_PATIENCE: '2s' } };
      await this.#fleet.reconcile(wish === 'gc' ? [wish] : [wish, name], hasty);
    }
  }

  async #ask(path: string, init: RequestInit = {}): Promise<void> {
    await (await fetch(`${this.#url}${path}`, init)).text();
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  return await rename(from, to).then(
    () => true,
    () => false,
  );
}

const QUICK_RETRY = { red: { base: '5s', max: '20s' }, infra: { base: '1s', max: '5s' } };
