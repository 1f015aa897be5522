import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSystemClock } from '../src/clock.ts';

function uptimeOfMachine(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
}

describe("the machine's clock", () => {
  it("tells the machine's uptime, never backwards, and no more than two hundredths of a second late", () => {
    const clock = openSystemClock();
    const { bootId } = clock.uptime();
    let last = 0;
    for (const end = performance.now() + 100; performance.now() < end;) {
      const [before, told, after] = [uptimeOfMachine(), clock.uptime(), uptimeOfMachine()];
      expect(told.bootId).toBe(bootId);
      expect(told.ms).toBeGreaterThanOrEqual(Math.max(last, before - 20));
      expect(told.ms).toBeLessThanOrEqual(after);
      last = told.ms;
    }
  });

  it('rings an alarm once, not where it was cancelled, and not at once where a timer cannot count so far', async () => {
    const clock = openSystemClock();
    const rung: string[] = [];
    const cancel = clock.alarm(1, () => rung.push('cancelled'));
    const far = clock.alarm(90 * 86_400_000, () => rung.push('far'));
    cancel();
    await new Promise<void>((resolve) => {
      clock.alarm(20, resolve);
    });
    expect(rung).toEqual([]);
    far();
  });
});
