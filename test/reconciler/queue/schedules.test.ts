/**
 * Random schedules on a fake clock. Where keys need nothing, a model that sorts everything anew at every step says
 * exactly what is given out; where they need each other, rules say what never may be, and that nobody starves.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../src/reconciler/model.ts';
import { WorkQueue } from '../../../src/reconciler/queue.ts';
import { PATIENCE_OF_LOOKS } from '../../../src/reconciler/queue/patience.ts';
import { FakeClock } from './fake-clock.ts';

const SECOND = 1000;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const CAUSES: readonly Cause[] = ['person', 'webhook', 'edit', 'release', 'retry', 'scan'];
const BACKOFF = { baseMs: SECOND, maxMs: 60 * SECOND };
/** Every draw of the schedule: so that a delay is a multiple of a tick. */
const RANDOM = 0.75;

type Step =
  | { do: 'add'; key: string; cause: Cause; afterMs: number }
  | { do: 'get' | 'stop' }
  /** Which of those in process. */
  | { do: 'done' | 'retry'; which: number; inputs: string }
  | { do: 'forget'; key: string }
  | { do: 'wait'; ms: number }
  | { do: 'limit'; limit: number };

const key = fc.constantFrom(...KEYS);
const some = <K extends Step['do']>(...words: K[]): fc.Arbitrary<K> => fc.constantFrom(...words);
/** All times are multiples of it: nothing happens in between, so the model need not know of alarms. */
const TICK = 250;
const ticks = (min: number, max: number) =>
  fc.integer({ min: min / TICK, max: max / TICK }).map((count) => count * TICK);
const delay = fc.oneof(fc.constant(0), ticks(-SECOND, 90 * SECOND));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: some('add'), key, cause: fc.constantFrom(...CAUSES), afterMs: delay }),
  },
  { weight: 6, arbitrary: fc.record({ do: some('get') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: some('done', 'done', 'retry'),
      which: fc.nat({ max: 5 }),
      inputs: fc.constantFrom('x', 'y'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: some('forget'), key }) },
  { weight: 4, arbitrary: fc.record({ do: some('wait'), ms: ticks(0, 45 * SECOND) }) },
  { weight: 1, arbitrary: fc.record({ do: some('limit'), limit: fc.integer({ min: 0, max: 4 }) }) },
);
/** Some are stopped at the end: whatever comes then has to come to nothing. */
const schedule = fc
  .tuple(fc.array(step, { maxLength: 80 }), fc.option(fc.array(step, { maxLength: 10 })))
  .map(([steps, rest]): Step[] => (rest === null ? steps : [...steps, { do: 'stop' }, ...rest]));

interface Wish {
  key: string;
  cause: Cause;
  at: number;
  order: number;
  /** The earliest end of patience of all that it was added for since it is wanted; null before. */
  due: number | null;
}

/** The queue as one would explain it: everything in one list, sorted whenever somebody asks. */
class Model {
  now: number;
  wishes: Wish[] = [];
  processing: string[] = [];
  waiting = 0;
  limit: number;
  stopped = false;
  given: string[] = [];
  readonly #failures = new Map<string, string[]>();
  #orders = 0;

  constructor(now: number, limit: number) {
    this.now = now;
    this.limit = limit;
  }

  add(name: string, cause: Cause, afterMs: number): void {
    if (this.stopped) return;
    const at = this.now + Math.max(0, afterMs);
    const wish = this.wishes.find((each) => each.key === name);
    if (wish === undefined) {
      this.wishes.push({ key: name, cause, at, order: this.#orders++, due: null });
    } else {
      if (CAUSES.indexOf(cause) < CAUSES.indexOf(wish.cause)) wish.cause = cause;
      if (wish.due === null) wish.at = Math.min(wish.at, at);
      else wish.due = Math.min(wish.due, this.now + PATIENCE_OF_LOOKS[cause]);
    }
  }

  retry(name: string, inputs: string): void {
    const before = this.#failures.get(name) ?? [];
    const failures = before[0] === inputs ? [...before, inputs] : [inputs];
    this.#failures.set(name, failures);
    const longest = Math.min(BACKOFF.baseMs * 2 ** (failures.length - 1), BACKOFF.maxMs);
    this.add(name, 'retry', RANDOM * longest);
  }

  forget(name: string): void {
    this.#failures.delete(name);
  }

  get depth(): number {
    return this.wishes.filter(({ due }) => due !== null).length;
  }

  settle(): void {
    if (this.stopped) {
      this.waiting = 0;
      return;
    }
    for (const wish of this.wishes)
      if (wish.due === null && wish.at <= this.now) wish.due = wish.at + PATIENCE_OF_LOOKS[wish.cause];
    while (this.waiting > 0 && this.processing.length < this.limit) {
      const [next] = this.wishes
        .filter((wish) => wish.due !== null && !this.processing.includes(wish.key))
        .toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0) || a.order - b.order);
      if (next === undefined) return;
      this.wishes = this.wishes.filter((wish) => wish !== next);
      this.processing.push(next.key);
      this.given.push(`${next.key} ${next.cause}`);
      this.waiting -= 1;
    }
  }
}

/** What happens in a schedule, to the queue and, where it is given, to the model. */
async function play(
  steps: readonly Step[],
  options: { needs?: (key: string) => readonly string[]; model?: Model },
  after: (seen: { queue: WorkQueue; given: readonly string[]; processing: readonly string[] }) => void,
): Promise<void> {
  const clock = new FakeClock(() => RANDOM);
  const { needs, model } = options;
  const queue = new WorkQueue({
    clock,
    limit: 2,
    patience: PATIENCE_OF_LOOKS,
    backoff: BACKOFF,
    ...(needs === undefined ? {} : { needs }),
  });
  const given: string[] = [];
  const processing: string[] = [];
  for (const each of steps) {
    const chosen = 'which' in each ? processing[each.which % Math.max(1, processing.length)] : undefined;
    switch (each.do) {
      case 'add':
        queue.add(each.key, each.cause, each.afterMs);
        model?.add(each.key, each.cause, each.afterMs);
        break;
      case 'get':
        void takeInto(queue, given, processing);
        if (model !== undefined) model.waiting += 1;
        break;
      case 'retry':
      case 'done':
        if (chosen === undefined) break;
        if (each.do === 'retry') {
          queue.retry(chosen, each.inputs);
          model?.retry(chosen, each.inputs);
          model?.settle();
        }
        processing.splice(processing.indexOf(chosen), 1);
        queue.done(chosen);
        model?.processing.splice(model.processing.indexOf(chosen), 1);
        break;
      case 'forget':
        queue.forget(each.key);
        model?.forget(each.key);
        break;
      case 'limit':
        queue.limitTo(each.limit);
        if (model !== undefined) model.limit = each.limit;
        break;
      case 'stop':
        queue.stop();
        if (model !== undefined) model.stopped = true;
        break;
      case 'wait':
        for (let left = each.ms; left > 0; left -= TICK) {
          clock.advance(TICK);
          if (model !== undefined) model.now = clock.ms;
          model?.settle();
        }
    }
    model?.settle();
    for (let turn = 0; turn < 6; turn++) await Promise.resolve();
    after({ queue, given, processing });
  }
}

async function takeInto(queue: WorkQueue, given: string[], processing: string[]): Promise<void> {
  const got = await queue.get();
  if (got === null) return;
  given.push(`${got.key} ${got.cause}`);
  processing.push(got.key);
}

describe('any schedule', () => {
  it('gives out exactly what a model says that sorts everything at every step', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        const model = new Model(new FakeClock().ms, 2);
        await play(steps, { model }, ({ queue, given, processing }) => {
          expect(given).toEqual(model.given);
          expect(processing.toSorted()).toEqual(model.processing.toSorted());
          expect(queue.depth).toBe(model.depth);
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('never has a key in process twice, nor beside what it needs, nor more than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, needsOfKeys, async (steps, needs) => {
        const raised = steps.map((each): Step => (each.do === 'limit' ? { do: 'limit', limit: 4 } : each));
        await play(raised, { needs: (name) => needs.get(name) ?? [] }, ({ processing }) => {
          expect(new Set(processing).size).toBe(processing.length);
          expect(processing.length).toBeLessThanOrEqual(4);
          for (const name of processing)
            expect(processing.filter((each) => needs.get(name)?.includes(each))).toEqual([]);
        });
      }),
      { numRuns: 1500 },
    );
  });

  it('under an adversary who asks for everything else as often as he can, gives out every key in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        needsOfKeys,
        key,
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.nat({ max: 2 })),
        async (needs, victim, limit, picks) => {
          const given = await starve({ needs, victim, limit, pick: () => picks.next().value ?? 0 });
          expect(given).toContain(victim);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Any acyclic fleet, with everything that is needed at second hand. */
const needsOfKeys = fc.tuple(...KEYS.map((_, index) => fc.subarray(KEYS.slice(0, index)))).map((direct) => {
  const all = new Map<string, readonly string[]>();
  for (const [index, needs] of direct.entries())
    all.set(KEYS[index] ?? '', [...new Set(needs.flatMap((need) => [need, ...(all.get(need) ?? [])]))]);
  return all;
});

/** What is given out until the victim is, or until it should have been for long. */
async function starve({
  needs,
  victim,
  limit,
  pick,
}: {
  needs: ReadonlyMap<string, readonly string[]>;
  victim: string;
  limit: number;
  pick: () => number;
}): Promise<string[]> {
  const clock = new FakeClock();
  const queue = new WorkQueue({
    clock,
    limit,
    patience: PATIENCE_OF_LOOKS,
    backoff: BACKOFF,
    needs: (name) => needs.get(name) ?? [],
  });
  const given: string[] = [];
  const processing: string[] = [];
  for (let worker = 0; worker < limit; worker++)
    void (async () => {
      for (let got = await queue.get(); got !== null; got = await queue.get()) {
        given.push(got.key);
        processing.push(got.key);
      }
    })();
  queue.add(victim, 'scan');
  const others = KEYS.filter((each) => each !== victim);
  for (let round = 0; round < 300 && !given.includes(victim); round++) {
    for (const each of others) queue.add(each, 'person');
    clock.advance(SECOND);
    const [done] = processing.splice(pick() % Math.max(1, processing.length), 1);
    if (done !== undefined) queue.done(done);
    for (let turn = 0; turn < 6; turn++) await Promise.resolve();
  }
  queue.stop();
  return given;
}
