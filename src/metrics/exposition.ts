/**
 * Expositions as text: reading the samples of one, and carrying what it counted on in the next. A sample is known by
 * its name and labels as they are written: who wrote the one wrote the other too.
 */

const FAMILIES = '\n\n';

export type Samples = ReadonlyMap<string, number>;

export function samplesIn(text: string): Samples {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const value = Number(valueOf(line));
    if (isSample(line) && Number.isFinite(value)) samples.set(keyOf(line), value);
  }
  return samples;
}

/**
 * The text with what was counted before added to its counters and histograms. It says itself what there is to count:
 * what was counted of a recipe that is gone is gone as well.
 */
export function countingOn(text: string, before: Samples): string {
  return text
    .split(FAMILIES)
    .map((family) => (isCarried(family, before) ? addedUp(family, before) : family))
    .join(FAMILIES);
}

/** The text with other values for some of its samples. */
export function withValues(text: string, values: Samples): string {
  return mapSamples(text, (key, written) => String(values.get(key) ?? written));
}

/** To buckets that were drawn otherwise nothing can be added: that histogram begins anew. */
function isCarried(family: string, before: Samples): boolean {
  const [, type] = /^# TYPE \S+ (\S+)$/m.exec(family) ?? [];
  if (type === 'counter') return true;
  return (
    type === 'histogram' && family.split('\n').every((line) => !isSample(line) || before.has(keyOf(line)))
  );
}

function addedUp(family: string, before: Samples): string {
  return mapSamples(family, (key, written) => String(Number(written) + (before.get(key) ?? 0)));
}

function mapSamples(text: string, change: (key: string, value: string) => string): string {
  const lines = text.split('\n').map((line) => {
    return isSample(line) ? `${keyOf(line)} ${change(keyOf(line), valueOf(line))}` : line;
  });
  return lines.join('\n');
}

function isSample(line: string): boolean {
  return line !== '' && !line.startsWith('#') && line.includes(' ');
}

/** Labels may hold spaces; a value holds none. */
function keyOf(line: string): string {
  return line.slice(0, line.lastIndexOf(' '));
}

function valueOf(line: string): string {
  return line.slice(line.lastIndexOf(' ') + 1);
}
