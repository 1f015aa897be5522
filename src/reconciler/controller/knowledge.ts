/**
 * What the loop knows: what it believes of the manifests, and of every recipe what its last look found. All of it can
 * be found out again, and is, by the next start; nothing is decided by it that a look would not decide.
 */
import type { Belief } from '../belief.ts';
import { contextOf, goesAfter, needsOf, whyNothingCanBeDone, type Decided } from '../look.ts';
import type { Decision, FleetConfig, Instant, Reading, Settled, TrialRecord } from '../model.ts';
import { allocatedBy } from '../observe.ts';
import type { PassResult } from '../pass.ts';
import type { Calendar } from '../ports.ts';
import { diskOf, freezeOf, reportOf, rowOf, type Acted, type Report, type Row } from '../report.ts';
import type { SyncOutcome } from '../sync-mirrors.ts';
import { unreadIn } from '../unread.ts';
import { readable, unreadable, type DecideContext, type FleetView, type RecipeView } from '../view.ts';
import { windowAt } from '../windows.ts';

/** Until a configuration was read. */
const DEFAULT_INTERVAL_MS = 600_000;

interface Known {
  row: Row;
  lookedAt: Date;
}

export interface KnowledgeOptions {
  context: Pick<DecideContext, 'digest' | 'program'>;
  calendar: Calendar;
  /** When the last stored pass began; null where there was none. */
  lastPass: Date | null;
}

export class Knowledge {
  readonly #options: KnowledgeOptions;
  readonly #known = new Map<string, Known>();
  readonly #views = new Map<string, RecipeView>();
  readonly #decisions = new Map<string, Decision>();
  /** Trials that ended since the last round began: a row says that it was acted on. */
  readonly #acted = new Map<string, Acted>();
  /** Bytes that the trials under way may still come to take. */
  readonly reserved = new Map<string, number>();
  #allocatedBytes = 0;
  #belief: Belief | null = null;
  #orphans: Reading<readonly string[]> = readable([]);
  driver: Reading<null> = unreadable('it was not asked yet');

  constructor(options: KnowledgeOptions) {
    this.#options = options;
  }

  /** Throws before anything was believed. */
  get belief(): Belief {
    if (this.#belief === null) throw new Error('the manifests were not read yet');
    return this.#belief;
  }

  get isAnythingBelieved(): boolean {
    return this.#belief !== null;
  }

  believe(belief: Belief, orphans: Reading<readonly string[]>): void {
    this.#belief = belief;
    this.#orphans = orphans;
  }

  get config(): FleetConfig | null {
    const { config } = this.belief.fleet;
    return config.readable ? config.value : null;
  }

  get intervalMs(): number {
    return (this.#belief === null ? null : this.config)?.intervalMs ?? DEFAULT_INTERVAL_MS;
  }

  /** Of everything that is enrolled, invalid, still stored, or was looked at and may be gone. */
  names(): string[] {
    const { manifests, invalid } = this.belief.fleet;
    const orphans = this.#orphans.readable ? this.#orphans.value : [];
    const named = [...manifests, ...invalid].map(({ name }) => name);
    return [...new Set([...named, ...orphans, ...this.#known.keys()])].toSorted();
  }

  /** Does anything have that name, as far as is known? */
  knows(recipe: string): boolean {
    const { manifests, invalid } = this.belief.fleet;
    return this.#known.has(recipe) || [...manifests, ...invalid].some(({ name }) => name === recipe);
  }

  view(recipe: string): RecipeView | undefined {
    return this.#views.get(recipe);
  }

  decision(recipe: string): Decision | undefined {
    return this.#decisions.get(recipe);
  }

  row(recipe: string): Row | undefined {
    return this.#known.get(recipe)?.row;
  }

  rows(): Row[] {
    return [...this.#known.values()].map(({ row }) => row);
  }

  lastLook(recipe: string): Date | null {
    return this.#known.get(recipe)?.lookedAt ?? this.#options.lastPass;
  }

  /** Was every enrolled recipe looked at since the start? */
  unseen(): string[] {
    return this.belief.enrolled.filter((name) => !this.#known.has(name));
  }

  needs(recipe: string): string[] {
    return needsOf(recipe, { view: { recipes: this.#views } });
  }

  /** Those that need it, at first or second hand. */
  dependents(recipe: string): string[] {
    return [...this.#views.keys()].filter((name) => this.needs(name).includes(recipe));
  }

  /** The whole fleet as it is known now, for deciding about one of it: room that its own trial reserved is not taken from it. */
  fleetView({ now }: Instant, recipe: string): FleetView & { recipes: Map<string, RecipeView> } {
    const { config } = this.belief.fleet;
    const window = config.readable ? config.value.window : null;
    return {
      ...this.#fleetless(recipe),
      window: windowAt(now, window, this.#options.calendar),
      recipes: this.#views,
    };
  }

  context(instant: Instant): DecideContext {
    return contextOf(this.#options.context, instant, () => false);
  }

  /** What `explain` asks. */
  found(now: Date): Decided & { now: Date } {
    return { decisions: this.#decisions, view: { recipes: this.#views }, now };
  }

  /** A look's result; returns the row before. Its size counts from now on. */
  learn(
    view: RecipeView,
    decision: Decision,
    {
      now,
      lookedAt,
      notes,
      synced,
    }: { now: Date; lookedAt: Date; notes: readonly string[]; synced: SyncOutcome | null },
  ): { row: Row; before: Row | null } {
    const { recipe } = view;
    this.see(view);
    this.#decisions.set(recipe, decision);
    const after = goesAfter(recipe, { view: this.#fleetOf(), decisions: this.#decisions });
    const acted = this.#acted.get(recipe) ?? null;
    const row = rowOf(decision, view, { after, acted, notes, synced, now });
    const before = this.#known.get(recipe)?.row ?? null;
    this.#known.set(recipe, { row, lookedAt });
    return { row, before };
  }

  /** What of it was read anew. */
  see(view: RecipeView): void {
    const before = this.#views.get(view.recipe);
    if (before !== undefined) this.#allocatedBytes -= allocatedBy(before);
    this.#allocatedBytes += allocatedBy(view);
    this.#views.set(view.recipe, view);
  }

  forget(recipe: string): void {
    const before = this.#views.get(recipe);
    if (before !== undefined) this.#allocatedBytes -= allocatedBy(before);
    this.#views.delete(recipe);
    this.#decisions.delete(recipe);
    this.#known.delete(recipe);
    this.#acted.delete(recipe);
  }

  acted(recipe: string, trial: TrialRecord | null): void {
    this.#acted.set(recipe, { trial });
  }

  roundBegins(): void {
    this.#acted.clear();
  }

  /** What holds for the whole fleet, without looking at any of it. */
  fleetFacts(): Pick<PassResult, 'fleet' | 'enrolled'> & Pick<Report, 'disk'> {
    const { fleet, enrolled } = this.belief;
    return { fleet, enrolled, disk: diskOf(this.#fleetOf()) };
  }

  /** Everything, as a pass reports it. */
  report(startedAt: string, now: Date): PassResult {
    const { fleet, enrolled, unread, configKept } = this.belief;
    const view = this.#fleetOf();
    const error = unread === null ? whyNothingCanBeDone({ fleet, orphans: this.#orphans }) : blind(unread);
    const { program } = this.#options.context;
    const told = {
      observedAt: now.toISOString(),
      program,
      disk: diskOf(view),
      freeze: freezeOf(view),
      error,
    };
    const report = reportOf(this.rows(), { kind: 'Pass', ...told });
    // The loop looks at each in its own time, and recalls nothing.
    const settled = new Map<string, Settled>();
    const counts = unreadIn(view);
    if (unread !== null) counts.manifests = (counts.manifests ?? 0) + 1;
    if (configKept !== null) counts.config = 1;
    return { report, startedAt, enrolled, fleet, settled, unread: counts };
  }

  #fleetOf(): FleetView & { recipes: Map<string, RecipeView> } {
    return { ...this.#fleetless(), recipes: this.#views };
  }

  #fleetless(except: string | null = null): Omit<FleetView, 'recipes'> {
    const { config, invalid } = this.belief.fleet;
    let reservedBytes = 0;
    for (const [recipe, bytes] of this.reserved) if (recipe !== except) reservedBytes += bytes;
    return {
      config,
      driver: this.driver,
      unreadableFiles: invalid.map(({ file }) => file),
      disk: { allocatedBytes: this.#allocatedBytes, reservedBytes },
      window: { open: true },
    };
  }
}

/** What they said last stands, and yet nobody may take this for an evaluation of what they say (invariant I6). */
function blind(why: string): string {
  return `the manifests cannot be read, and what they said last stands: ${why}`;
}
