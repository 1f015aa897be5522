/** One document of one file, judged by itself: what it declares, and what is wrong with it. */
import { basename } from 'node:path';
import { nearest } from '../nearest.ts';
import type { FleetConfig, Manifest, Problem } from '../reconciler/model.ts';
import type { YamlDocument } from './document.ts';
import { interpret, type Fault } from './faults.ts';
import { readFleetConfig } from './fleet-config.ts';
import { placeOf, type Path, type Position } from './position.ts';
import { rawNames, rawText, type NamedEntry } from './raw.ts';
import { readRecipe } from './recipe.ts';
import { header } from './schema.ts';
import type { SourceFile } from './source-file.ts';
import { RECIPE_NAME } from './words.ts';

type Kind = 'Recipe' | 'Reconciler';

export interface Entry {
  source: SourceFile;
  kind: Kind;
  /** A recipe's, where one can be read. */
  name: string | null;
  /** False where the name may not be what was meant, since the text around it is broken. */
  sound: boolean;
  /** Valid only without problems; judging the fleet as a whole may add some. */
  problems: Problem[];
  manifest: Manifest | null;
  config: FleetConfig | null;
  /** Also of a document that is not valid otherwise. */
  dependencies: readonly NamedEntry[];
  place(path: Path, part?: 'key' | 'value'): Position;
}

export function blame(entry: Entry, path: Path, message: string): void {
  entry.problems.push({ file: entry.source.file, ...entry.place(path), message });
}

/**
 * A fault in the structure of a file is a fault of all its documents: where one ends and the next begins may be part
 * of what is wrong.
 */
export function judgeFile(source: SourceFile): Entry[] {
  const sound = source.problems.length === 0 && source.documents.every((document) => document.sound);
  if (sound) return source.documents.map((document) => judgeDocument(source, document));

  const problems = [...source.problems, ...source.documents.flatMap((document) => flawsOf(source, document))];
  const entries = source.documents.map((document) => unsound(source, problems, document));
  if (entries.length === 0) entries.push(unsound(source, problems, null));
  if (mayHoldReconciler(source) && entries.every((entry) => entry.kind !== 'Reconciler')) {
    entries.push({ ...unsound(source, problems, null), kind: 'Reconciler' });
  }
  return entries;
}

function judgeDocument(source: SourceFile, document: YamlDocument): Entry {
  const entry = unjudged(source, document);
  const { value } = document.root;
  const faults = interpret(header, value).faults ?? [];
  // By a kind that nobody knows there is nothing to read the rest by.
  if (rawText(value, ['kind']) === null || meantKind(value) !== null) {
    const isNews = ({ path }: Fault) => !faults.some((fault) => String(fault.path) === String(path));
    faults.push(...judgeBody(entry, value).filter(isNews));
  }
  for (const { path, part, message } of faults) {
    entry.problems.push({ file: source.file, ...entry.place(path, part), message });
  }
  return entry;
}

function judgeBody(entry: Entry, value: unknown): Fault[] {
  if (entry.kind === 'Reconciler') {
    const { config, faults } = readFleetConfig(value, entry.source.folder);
    entry.config = config;
    return faults ?? [];
  }
  const { manifest, faults } = readRecipe(value, entry.source);
  entry.manifest = manifest;
  return faults ?? [];
}

function unjudged(source: SourceFile, document: YamlDocument): Entry {
  const { root } = document;
  const name = rawText(root.value, ['metadata', 'name']);
  return {
    source,
    kind: kindOf(source, root.value),
    name: name !== null && RECIPE_NAME.test(name) ? name : null,
    sound: true,
    problems: flawsOf(source, document),
    manifest: null,
    config: null,
    dependencies: rawNames(root.value, ['spec', 'dependsOn']).filter((entry) => RECIPE_NAME.test(entry.name)),
    place: (path, part = 'value') => placeOf(root, path, part),
  };
}

function unsound(source: SourceFile, problems: readonly Problem[], document: YamlDocument | null): Entry {
  const nowhere: Position = { line: 1, column: 1 };
  const root = { value: null, at: nowhere, children: new Map() };
  const entry = unjudged(source, document ?? { root, sound: false, flaws: [] });
  return { ...entry, sound: false, problems: [...problems] };
}

function flawsOf(source: SourceFile, document: YamlDocument): Problem[] {
  return document.flaws.map(({ at, message }) => ({ file: source.file, ...at, message }));
}

/** What a document is meant to be, also where it does not say so rightly. */
function kindOf(source: SourceFile, value: unknown): Kind {
  return meantKind(value) ?? (isNamedReconciler(source) ? 'Reconciler' : 'Recipe');
}

function meantKind(value: unknown): Kind | null {
  const written = rawText(value, ['kind']);
  if (written === 'Recipe' || written === 'Reconciler') return written;
  const meant = written === null ? null : nearest(written, ['Recipe', 'Reconciler']);
  return meant === 'Recipe' || meant === 'Reconciler' ? meant : null;
}

/**
 * A Reconciler document that cannot be read is not absent: acting on defaults in its place could mean another driver.
 * What cannot be read cannot be known either, so the file's name and whatever text there is must do.
 */
function mayHoldReconciler(source: SourceFile): boolean {
  return isNamedReconciler(source) || /^\s*["']?kind["']?\s*:\s*["']?Reconciler\b/m.test(source.text ?? '');
}

function isNamedReconciler(source: SourceFile): boolean {
  return /^reconciler\.ya?ml$/i.test(basename(source.label));
}
