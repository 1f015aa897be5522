/** What several keys of one recipe's document must be together. */
import type { Fault } from './faults.ts';
import { excerpt } from './excerpt.ts';
import type { Path } from './position.ts';
import { milliseconds } from './quantities.ts';
import { rawAt, rawNames, rawText, type NamedEntry } from './raw.ts';
import { absoluteUpstream, isSameRepository } from './upstream-url.ts';

export function faultsBetweenKeys(document: unknown, folder: string): Fault[] {
  return [
    ...reasonOfAbsence(document),
    ...mirrorOfItself(document, folder),
    ...repeated(rawNames(document, ['spec', 'checks']), 'check'),
    ...repeated(rawNames(document, ['spec', 'app', 'process', 'volumes']), 'volume'),
    ...repeated(rawNames(document, ['spec', 'app', 'process', 'secrets']), 'secret'),
    ...repeated(rawNames(document, ['spec', 'dependsOn']), 'dependency'),
    ...dependencyOnItself(document),
    ...shrinkingBackoff(document, 'red', { base: '6h', max: '6d' }),
    ...shrinkingBackoff(document, 'infra', { base: '30s', max: '1h' }),
  ];
}

function wrong(path: Path, message: string): Fault {
  return { path, part: 'value', message };
}

function reasonOfAbsence(document: unknown): Fault[] {
  const enrolled = rawAt(document, ['spec', 'enrolled']);
  if (enrolled !== false || rawAt(document, ['spec', 'reason']) !== undefined) return [];
  return [wrong(['spec', 'enrolled'], 'enrolled: false needs a reason beside it')];
}

function mirrorOfItself(document: unknown, folder: string): Fault[] {
  const upstream = rawText(document, ['spec', 'upstream']);
  const url = rawText(document, ['spec', 'mirror', 'url']);
  if (upstream === null || url === null) return [];
  if (!isSameRepository(absoluteUpstream(upstream, folder), absoluteUpstream(url, folder))) return [];
  return [wrong(['spec', 'mirror', 'url'], 'the mirror is the upstream itself')];
}

function repeated(entries: readonly NamedEntry[], what: string): Fault[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name, path }) => {
    if (seen.has(name)) return [wrong(path, `the ${what} ${excerpt(name)} is listed twice`)];
    seen.add(name);
    return [];
  });
}

function dependencyOnItself(document: unknown): Fault[] {
  const own = rawText(document, ['metadata', 'name']);
  return rawNames(document, ['spec', 'dependsOn'])
    .filter(({ name }) => name === own)
    .map(({ path }) => wrong(path, 'a recipe cannot depend on itself'));
}

function shrinkingBackoff(
  document: unknown,
  kind: 'red' | 'infra',
  defaults: { base: string; max: string },
): Fault[] {
  const path = ['spec', 'retry', kind];
  const base = rawText(document, [...path, 'base']) ?? defaults.base;
  const max = rawText(document, [...path, 'max']) ?? defaults.max;
  const [least, most] = [milliseconds(base), milliseconds(max)];
  if (least === null || most === null || least <= most) return [];
  const blamed = rawText(document, [...path, 'max']) === null ? 'base' : 'max';
  return [wrong([...path, blamed], `max (${max}) must not be shorter than base (${base})`)];
}
