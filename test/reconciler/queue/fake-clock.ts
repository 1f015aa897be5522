/** Uptime that goes on only when it is told to, and alarms that ring when it does. */
import type { Clock } from '../../../src/reconciler/ports.ts';

export class FakeClock implements Pick<Clock, 'uptime' | 'random' | 'alarm'> {
  ms = 1000;
  /** Every alarm that was set, in the order of their setting. */
  readonly lengths: number[] = [];
  readonly #alarms = new Set<{ at: number; ring: () => void }>();
  readonly #random: () => number;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  get pending(): number {
    return this.#alarms.size;
  }

  uptime(): { bootId: string; ms: number } {
    return { bootId: 'boot', ms: this.ms };
  }

  random(): number {
    return this.#random();
  }

  alarm(ms: number, ring: () => void): () => void {
    const alarm = { at: this.ms + ms, ring };
    this.lengths.push(ms);
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Rings whatever is due on the way, in its order. */
  advance(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const [next] = [...this.#alarms].toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#alarms.delete(next);
      this.ms = Math.max(this.ms, next.at);
      next.ring();
    }
    this.ms = end;
  }
}
