/**
 * Cron expressions of five fields: whether a text is one, and when its time comes next. The one place that knows the
 * library, so that what is refused and what is waited for can not differ.
 *
 * Where a zone sets its clock, a time that is skipped comes at the moment of the skip, and one that is repeated comes
 * the first time only. What has a `*` or a step in its minutes or hours comes whenever the clock shows it.
 */
import { Cron } from 'croner';
import type { Calendar } from '../reconciler/ports.ts';

export const cronCalendar: Calendar = {
  nextOpening: ({ schedule, timezone }, after) => read(schedule, timezone).nextRun(after),
};

export function isCron(text: string): boolean {
  // The library also knows names such as @daily; and a question mark is not the same to every program.
  if (text.trim().split(/\s+/).length !== 5 || text.includes('?')) return false;
  try {
    return read(text, 'UTC') instanceof Cron;
  } catch {
    return false;
  }
}

/** The 30th of February never does. */
export function everComes(schedule: string): boolean {
  return read(schedule, 'UTC').nextRun(new Date(0)) !== null;
}

function read(schedule: string, timezone: string): Cron {
  return new Cron(schedule.trim(), { mode: '5-part', fixedTimeRule: 'no-wildcard', timezone });
}
