/**
 * Inspecting data once in a while, where that is costly: for as long as `verify.interval` a home that was found as it was
 * promoted counts as such, and only what is missing is looked for (docs/decisions/0029).
 *
 * Only what is well is remembered. Of damage nothing is: it is found again at each look, until it is no more.
 */
import { createHash } from 'node:crypto';
import { TrialFault } from '../../reconciler/errors.ts';
import type { Inspected } from '../../reconciler/model.ts';
import type { DataHome, Driver, ExpectedData } from '../../reconciler/ports.ts';

interface InspectionsOptions {
  now: () => Date;
  /** What was remembered before this program began. */
  earlier: () => Promise<readonly Inspected[]>;
}

export class Inspections {
  readonly #options: InspectionsOptions;
  #intervalMs = 0;
  #known: Promise<Map<string, Inspected>> | null = null;

  constructor(options: InspectionsOptions) {
    this.#options = options;
  }

  /** It may be told anew at any look at the configuration. */
  every(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  async inspect(driver: Driver, home: DataHome, expected: ExpectedData): ReturnType<Driver['inspect']> {
    if (!driver.isInspectingCostly) return await driver.inspect(home, expected);
    const known = await this.#memory();
    const before = known.get(home.stack);
    const digest = digestOf(expected);
    if (before?.expected === digest && this.#isRecent(before)) {
      const missing = await driver.missing(home, expected);
      const { bytes, allocatedBytes } = before;
      if (missing.length === 0) return { damage: [], bytes, allocatedBytes };
    }
    known.delete(home.stack);
    const at = this.#options.now().toISOString();
    const found = await driver.inspect(home, expected);
    const { damage, bytes, allocatedBytes } = found;
    if (damage.length === 0)
      known.set(home.stack, { stack: home.stack, expected: digest, at, bytes, allocatedBytes });
    return found;
  }

  /** A source that turns out not to be as it was promoted is inspected at the next look, and no longer counts as well. */
  async clone(driver: Driver, ...operands: Parameters<Driver['clone']>): Promise<void> {
    try {
      await driver.clone(...operands);
    } catch (error) {
      if (error instanceof TrialFault) (await this.#memory()).delete(operands[0].stack);
      throw error;
    }
  }

  /** Somebody asks for these by name: what was found of them a while ago counts no longer. */
  async anew(recipes: readonly string[]): Promise<void> {
    if (recipes.length === 0) return;
    const known = await this.#memory();
    const isOfThese = (stack: string): boolean => recipes.includes(/^warm-(.+)-\d+$/.exec(stack)?.[1] ?? '');
    for (const stack of known.keys()) if (isOfThese(stack)) known.delete(stack);
  }

  /** What the next program need not inspect at once. */
  async recent(): Promise<Inspected[]> {
    return [...(await this.#memory()).values()].filter((each) => this.#isRecent(each));
  }

  async #memory(): Promise<Map<string, Inspected>> {
    this.#known ??= this.#options.earlier().then((all) => new Map(all.map((each) => [each.stack, each])));
    return await this.#known;
  }

  /** What is to come, by a clock that was set back since, is not. */
  #isRecent({ at }: Inspected): boolean {
    const ago = this.#options.now().getTime() - Date.parse(at);
    return ago >= 0 && ago < this.#intervalMs;
  }
}

function digestOf({ volumes, secrets }: ExpectedData): string {
  const text = JSON.stringify([volumes, secrets]);
  return createHash('sha256').update(text).digest('base64');
}
