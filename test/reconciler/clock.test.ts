/**
 * Waiting under a clock that jumps, proven against a model: real time goes on, the wall clock is real time and an
 * offset that jumps, and uptime is real time since the machine was started. The code under test sees the last two.
 *
 * What holds, for every walk of seconds to years, back and forth, looked at every `STEP`:
 *
 * - While the machine is not started again, no wait lasts longer than its real time, however the clock jumps. It lasts
 *   shorter only where the clock is further ahead than it was when the wait began.
 * - Where it is started again, a wait is over at the latest one whole delay after the first look that follows the last
 *   jump or start.
 * - Between two trials of the same inputs lies less than half of the base delay only where a jump or a start lies.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import { anchorHolds, DEFAULT_RETRY, holdOn, retryDelay } from '../../src/reconciler/holds.ts';
import type { Instant, Manifest, RecipeMemory, TrialRecord } from '../../src/reconciler/model.ts';
import { rememberTags } from '../../src/reconciler/remember.ts';
import { context, DAY, fleet, HOUR, manifest, memory, NOW, tag, trial, view } from './world.ts';

const YEAR = 365 * DAY;
const STEP = HOUR / 4;
/** As far as a clock may be kept right before it counts as set (began.ts), and half a look. */
const SLACK = 1000 + 0.001 * 7 * DAY;

/** After so many looks the clock jumps so far, and the machine may have been started again. */
interface Jump {
  looks: number;
  by: number;
  restart: boolean;
}

const size = fc.oneof(
  fc.integer({ min: -90_000, max: 90_000 }),
  fc.integer({ min: -2 * DAY, max: 2 * DAY }),
  fc.integer({ min: -3 * YEAR, max: 3 * YEAR }),
);
const walk = (restart: fc.Arbitrary<boolean>): fc.Arbitrary<Jump[]> =>
  fc.array(fc.record({ looks: fc.integer({ min: 0, max: 40 }), by: size, restart }), { maxLength: 8 });
const withoutRestart = walk(fc.constant(false));
const withRestarts = walk(fc.boolean());

class Machine {
  real = 0;
  #offset = 0;
  #startedAt = -DAY;
  #starts = 1;

  /** How far the wall clock is ahead. */
  get offset(): number {
    return this.#offset;
  }

  get instant(): Instant {
    return {
      now: new Date(NOW.getTime() + this.real + this.#offset),
      uptime: { bootId: `start-${this.#starts}`, ms: this.real - this.#startedAt },
    };
  }

  jump({ by, restart }: Jump): void {
    this.#offset += by;
    if (!restart) return;
    this.#starts += 1;
    this.#startedAt = this.real;
  }
}

/** Looks after every step; a jump comes right before the look that follows it. */
function live(jumps: readonly Jump[], rest: number, look: (machine: Machine, jumped: boolean) => void): void {
  const machine = new Machine();
  const go = (looks: number): void => {
    for (let count = 0; count < looks; count++) {
      machine.real += STEP;
      look(machine, false);
    }
  };
  look(machine, false);
  for (const jump of jumps) {
    go(jump.looks);
    machine.jump(jump);
    look(machine, true);
  }
  go(rest);
}

/** A recipe whose release is red for ever, tried again as soon as no hold is on it. */
class RedRecipe {
  trials: TrialRecord[] = [];
  /** When each trial ended, in real time, with the delay that was drawn for it. */
  readonly ends: { real: number; delay: number }[] = [];
  #anchors: RecipeMemory['holdsFrom'] = {};
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  look({ real, instant }: Machine): void {
    this.#anchors = anchorHolds(this.trials, this.#anchors, instant);
    if (holdOn('inputs', this.trials, this.#anchors, instant) !== null) return;
    const delay = retryDelay('red', this.trials, DEFAULT_RETRY, this.#random()) ?? 0;
    const { now, uptime } = instant;
    const generation = this.trials.length + 1;
    const ended = trial({
      id: `trial-${generation}`,
      generation,
      startedAt: now.toISOString(),
      endedAt: now.toISOString(),
      uptime: { start: uptime, end: uptime },
      retryAfterMs: delay,
    });
    this.trials = [ended, ...this.trials];
    this.ends.push({ real, delay });
  }

  get gaps(): { after: number; until: number; delay: number }[] {
    return this.ends.slice(1).map(({ real }, index) => ({
      after: this.ends[index]?.real ?? 0,
      until: real,
      delay: this.ends[index]?.delay ?? 0,
    }));
  }
}

const randoms = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
const drawFrom = (stream: Iterator<number>) => (): number => Number(stream.next().value);

describe('what failed on the same inputs', () => {
  it('is tried again as soon as its delay has really passed, and earlier only under a clock that went ahead', () => {
    fc.assert(
      fc.property(withoutRestart, randoms, (jumps, stream) => {
        const recipe = new RedRecipe(drawFrom(stream));
        const offsets: number[] = [];
        live(jumps, 400, (machine) => {
          recipe.look(machine);
          if (recipe.ends.length > offsets.length) offsets.push(machine.offset);
        });
        for (const [index, { after, until, delay }] of recipe.gaps.entries()) {
          expect(until - after).toBeLessThanOrEqual(delay + STEP + SLACK);
          const ahead = (offsets[index + 1] ?? 0) - (offsets[index] ?? 0);
          if (ahead <= 0) expect(until - after).toBeGreaterThanOrEqual(delay - SLACK);
        }
      }),
    );
  });

  it('is tried again at the latest a whole delay after the last jump, also where the machine was started again', () => {
    fc.assert(
      fc.property(withRestarts, randoms, (jumps, stream) => {
        const recipe = new RedRecipe(drawFrom(stream));
        let jumpedAt = 0;
        live(jumps, 1000, (machine, jumped) => {
          if (jumped) jumpedAt = machine.real;
          recipe.look(machine);
          const last = recipe.ends.at(-1) ?? { real: 0, delay: 0 };
          const longest = Math.max(...recipe.ends.map(({ delay }) => delay));
          expect(machine.real - Math.max(last.real, jumpedAt)).toBeLessThanOrEqual(longest + STEP + SLACK);
        });
      }),
    );
  });

  it('is never tried again within half of the base delay but across a jump, and once for each: no storm', () => {
    fc.assert(
      fc.property(withRestarts, randoms, (jumps, stream) => {
        const recipe = new RedRecipe(drawFrom(stream));
        const jumpedAt: number[] = [];
        live(jumps, 400, (machine, jumped) => {
          if (jumped) jumpedAt.push(machine.real);
          recipe.look(machine);
        });
        const soon = recipe.gaps.filter(
          ({ after, until }) => until - after < DEFAULT_RETRY.red.baseMs / 2 - SLACK,
        );
        const across = soon.filter(({ after, until }) =>
          jumpedAt.some((real) => real >= after && real <= until),
        );
        expect(across).toEqual(soon);
        expect(soon.length).toBeLessThanOrEqual(jumps.length);
      }),
    );
  });
});

describe('a release that is too young', () => {
  const V1 = '1.0.0+1.0';
  const minAgeMs = 2 * DAY;
  const young: Manifest = manifest({ release: { ignore: [], prerelease: false, minAgeMs } });

  /** As a pass does: decides by what was remembered, and remembers what it saw. */
  class YoungRelease {
    memory = memory();

    look({ instant }: Machine): { reason: string; nextAt: string | null } {
      const seen = view({ manifest: young, tags: [tag(V1)], memory: this.memory });
      const { reason, nextAt } = decide(seen, fleet([seen]), context(instant));
      this.memory = rememberTags(this.memory, [tag(V1)], instant);
      return { reason, nextAt };
    }
  }

  it('comes of age as soon as its time has really passed, and is of age earlier only while the clock is ahead', () => {
    fc.assert(
      fc.property(withoutRestart, (jumps) => {
        const release = new YoungRelease();
        live(jumps, 250, (machine) => {
          const { reason, nextAt } = release.look(machine);
          const left = minAgeMs - machine.real;
          if (left < -SLACK) expect(reason).toBe('no-canonical');
          if (left <= SLACK || machine.offset > 0) return;
          expect(reason).toBe('release-too-young');
          const shown = Date.parse(nextAt ?? '') - machine.instant.now.getTime();
          expect(Math.abs(shown - left)).toBeLessThanOrEqual(SLACK);
        });
      }),
    );
  });

  it('comes of age at the latest its whole time after the last jump, also where the machine was started again', () => {
    fc.assert(
      fc.property(withRestarts, (jumps) => {
        const release = new YoungRelease();
        let jumpedAt = 0;
        live(jumps, 250, (machine, jumped) => {
          if (jumped) jumpedAt = machine.real;
          const { reason } = release.look(machine);
          if (machine.real - jumpedAt > minAgeMs + SLACK) expect(reason).toBe('no-canonical');
        });
      }),
    );
  });
});

describe('what a person put an end to', () => {
  const until = new Date(NOW.getTime() + DAY).toISOString();
  const pause = { reason: 'moving house', by: null, until };

  it.each([
    ['suspended', { suspend: pause }, {}],
    ['frozen', {}, { settings: { freeze: pause } }],
  ])(
    '%s is in force before that time of the clock and not after, and comes back with the clock',
    (reason, spec, settings) => {
      const tags = [tag('1.0.0+1.0')];
      const paused = view({ manifest: manifest(spec), tags });
      fc.assert(
        fc.property(withRestarts, (jumps) => {
          live(jumps, 1, ({ instant }) => {
            const decision = decide(paused, fleet([paused], settings), context(instant));
            const expected = instant.now < new Date(until) ? reason : 'no-canonical';
            expect(decision.reason).toBe(expected);
          });
        }),
      );
    },
  );
});
