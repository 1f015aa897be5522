/** What of a look could not be read, counted by where it should have come from. */
import type { Reading } from './model.ts';
import type { FleetView, RecipeView } from './view.ts';

/** Manifests that are wrong count as not read: they say nothing either. */
export type Source =
  | 'manifests'
  | 'config'
  | 'driver'
  | 'upstream'
  | 'mirror'
  | 'record'
  | 'volumes'
  | 'memory'
  | 'trials'
  | 'leftovers';

export type Unread = Readonly<Partial<Record<Source, number>>>;

export function unreadIn({ config, driver, unreadableFiles, recipes }: FleetView): Unread {
  const counts: Partial<Record<Source, number>> = {};
  const count = (source: Source, times: number): void => {
    if (times > 0) counts[source] = (counts[source] ?? 0) + times;
  };
  count('manifests', unreadableFiles.length);
  count('config', config.readable ? 0 : 1);
  count('driver', driver.readable ? 0 : 1);
  for (const source of [...recipes.values()].flatMap(unreadOf)) count(source, 1);
  return counts;
}

export function unreadOf(view: RecipeView): Source[] {
  const readings: [Source, Reading<unknown> | null][] = [
    ['upstream', view.refs],
    ['mirror', view.mirror],
    ['record', view.record],
    ['volumes', view.generations],
    ['memory', view.memory],
    ['trials', view.trials],
    ['leftovers', view.leftovers],
  ];
  return readings.flatMap(([source, reading]) => (reading?.readable === false ? [source] : []));
}
