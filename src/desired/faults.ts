/** Puts what zod found wrong into the words of the reference, each with the path that it is about. */
import { z } from 'zod';
import { didYouMean, nearest } from '../nearest.ts';
import { excerpt } from './excerpt.ts';
import type { Path } from './position.ts';
import { rawAt } from './raw.ts';
import { describeValue, kindOfValue } from './words.ts';

export interface Fault {
  path: Path;
  /** Whether the key or the value is to blame; a missing key is shown at what lacks it. */
  part: 'key' | 'value';
  message: string;
}

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;
type Interpreted<T> = { data: T; faults: null } | { data: null; faults: Fault[] };

export function interpret<T>(schema: z.ZodType<T>, value: unknown): Interpreted<T> {
  const result = schema.safeParse(value, { error: wording });
  if (result.success) return { data: result.data, faults: null };
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, [], schema));
  const misspelled = misspelledKeys(faults, schema);
  const isNews = ({ path }: Fault) =>
    rawAt(value, path) !== undefined || !misspelled.has(JSON.stringify(path));
  return { data: null, faults: faults.filter(isNews) };
}

/** The message of an issue for which the schema has none of its own. */
function wording(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined) return `missing key ${excerpt(String(issue.path?.at(-1) ?? ''))}`;
  const got = `got ${describeValue(issue.input)}`;
  if (issue.code === 'invalid_type') {
    // Text in the place of a whole mapping may be anything, a secret included.
    const isNested = ['object', 'record', 'array'].includes(issue.expected);
    return `expected ${typeWords(issue.expected)}, ${isNested ? `got ${kindOfValue(issue.input)}` : got}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const hint = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
    return `expected ${values.map((value) => JSON.stringify(value)).join(' or ')}, ${got}${hint}`;
  }
  if (issue.code === 'too_small') return `expected ${bound('at least', issue.minimum, issue.origin)}, ${got}`;
  if (issue.code === 'too_big') return `expected ${bound('at most', issue.maximum, issue.origin)}, ${got}`;
  return 'this value is not valid';
}

function bound(relation: string, limit: number | bigint, origin: string): string {
  const unit = origin === 'array' ? ' entries' : origin === 'string' ? ' characters' : '';
  return `${relation} ${String(limit)}${unit}`;
}

function typeWords(type: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[type] ?? type;
}

function faultsOf(issue: Issue, base: Path, schema: Schema): Fault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      part: 'key',
      message: `unknown key ${excerpt(key)}${didYouMean(key, known)}`,
    }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, part: 'key', message: issue.issues[0]?.message ?? issue.message }];
  }
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors);
    if (branch !== null) return branch.flatMap((nested) => faultsOf(nested, path, schema));
  }
  return [{ path, part: 'value', message: issue.message }];
}

/**
 * Of several ways to read a value the one that its author most likely meant: where the faults lie deepest. Null where
 * the value is of a type that fits none.
 */
function likeliest(branches: readonly Issue[][]): Issue[] | null {
  const ranked = branches
    .map((issues) => ({ issues, depth: Math.min(...issues.map(depthOf)) }))
    .filter(({ depth }) => depth >= 0)
    .toSorted((a, b) => b.depth - a.depth);
  return ranked[0]?.issues ?? null;
}

function depthOf(issue: Issue): number {
  const wrongType =
    issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
  return wrongType && issue.path.length === 0 ? -1 : issue.path.length;
}

/** Paths of keys that are missing because they were misspelled: one fault, and the unknown key's names it. */
function misspelledKeys(faults: readonly Fault[], schema: Schema): Set<string> {
  const misspelled = new Set<string>();
  for (const { part, path } of faults) {
    if (part !== 'key') continue;
    const parent = path.slice(0, -1);
    const meant = nearest(String(path.at(-1)), keysAt(schema, parent));
    if (meant !== null) misspelled.add(JSON.stringify([...parent, meant]));
  }
  return misspelled;
}

/** The keys that a schema allows at a path; none where there is no mapping with fixed keys. */
function keysAt(schema: Schema, path: Path): string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (step === undefined) return Object.keys(schema.shape);
    const next = schema.shape[String(step)];
    return next === undefined ? [] : keysAt(next, rest);
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? keysAt(schema.unwrap(), path) : [];
}
