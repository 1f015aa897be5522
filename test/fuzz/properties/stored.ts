/**
 * Whatever lies in the place of a stored file: every command that looks survives it or fails by name, nothing is
 * written, and nothing that is planned leaves the state folder (invariants I7 and I12).
 */
import fc from 'fast-check';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { audit } from '../../../src/cli/audit.ts';
import { explain } from '../../../src/cli/explain.ts';
import { history } from '../../../src/cli/history.ts';
import { logs } from '../../../src/cli/logs.ts';
import { plan } from '../../../src/cli/plan.ts';
import { makeContext } from '../../../src/cli/setup.ts';
import { status } from '../../../src/cli/status.ts';
import {
  openActor,
  openLoop,
  openMetricsFile,
  openReader,
  type Reader,
  type Settings,
} from '../../../src/composition.ts';
import { CannotRun } from '../../../src/reconciler/errors.ts';
import { look } from '../../../src/reconciler/look.ts';
import { mutated, mutations, STEERS_A_TERMINAL, type Mutation } from '../arbitraries.ts';
import { ODD_VALUES, STORED } from '../corpus/stored.ts';
import { property } from '../property.ts';
import { makeStoredFleet, STORED_FILES, type StoredFile, type StoredFleet } from '../stored-fleet.ts';

/** Where in a document, as a share of all its places, and what is put there; nothing: it is taken away. */
interface Change {
  at: number;
  value: unknown;
}

interface Case {
  files: readonly StoredFile[];
  contents: string | Uint8Array | { changes: readonly Change[] } | { mutations: readonly Mutation[] };
}

const FRAGMENTS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  'null',
  '1e999',
  '-',
  '__proto__',
  '../',
  '\0',
];
const value = fc.oneof(fc.constantFrom(...ODD_VALUES, undefined), fc.jsonValue());
const changes = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value }), {
  minLength: 1,
  maxLength: 3,
});

const cases: fc.Arbitrary<Case> = fc.record({
  files: fc.constantFrom(...STORED_FILES).map((file) => [file]),
  contents: fc.oneof(
    { weight: 6, arbitrary: changes.map((list) => ({ changes: list })) },
    { weight: 2, arbitrary: mutations(FRAGMENTS).map((list) => ({ mutations: list })) },
    fc.json(),
    fc.uint8Array({ maxLength: 100 }),
  ),
});

export const stored = property<Case>({
  name: 'stored files: looked at without failing or leaving the state folder',
  runs: 60,
  share: 3,
  corpus: Object.fromEntries(
    Object.entries(STORED).map(([name, contents]) => [name, { files: STORED_FILES, contents }]),
  ),
  cases,
  open: async () => {
    const made = await makeStoredFleet();
    const before = await made.fleet.listing();
    return {
      holds: async ({ files, contents }) => {
        for (const file of files) {
          await made.put(file, contentsOf(made.original[file], contents));
          try {
            await lookInEveryWay(made);
          } finally {
            await made.restore(file);
          }
        }
      },
      close: async () => {
        expect(await made.fleet.listing()).toEqual(before);
        await made.fleet.dispose();
      },
    };
  },
});

function contentsOf(original: string, contents: Case['contents']): string | Uint8Array {
  if (typeof contents === 'string' || contents instanceof Uint8Array) return contents;
  if ('mutations' in contents) return mutated(original, contents.mutations);
  return contents.changes.reduce((text, { at, value: odd }) => changed(text, at, odd), original);
}

/** Puts a value in one of the places of a JSON document. */
function changed(text: string, at: number, odd: unknown): string {
  const document: unknown = JSON.parse(text);
  const places = placesIn(document);
  const place = places[Math.min(Math.floor(at * places.length), places.length - 1)];
  if (place === undefined) return text;
  if (odd === undefined) Reflect.deleteProperty(place.holder, place.key);
  else Reflect.set(place.holder, place.key, odd);
  return JSON.stringify(document);
}

function placesIn(value: unknown): { holder: object; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [{ holder: value, key }, ...placesIn(child)]);
}

/** Each command as a person and as a program would run it, and the look behind them. */
async function lookInEveryWay(made: StoredFleet): Promise<void> {
  const { fleet, refs } = made;
  const openWithoutGit = async (settings: Settings): Promise<Reader> => ({
    ...(await openReader(settings)),
    upstream: {
      refs: async ({ name }) => {
        const known = refs[name];
        return known === undefined ? { readable: false, why: 'not there' } : { readable: true, value: known };
      },
    },
  });
  for (const json of [false, true]) {
    let said = '';
    const output = {
      write: (text: string) => void (said += text),
      terminal: false,
      color: false,
      columns: Infinity,
    };
    const parts = async () => ({ openReader: openWithoutGit, openActor, openMetricsFile, openLoop });
    const raw = { manifests: fleet.manifests, state: fleet.state, json, logLevel: 'warn' };
    const stop = new AbortController().signal;
    const context = makeContext(raw, { out: output, err: output, env: {}, stop, parts });
    await surviving(() => plan(context, { recipes: [], retryFailed: false }));
    await surviving(() => status(context, []));
    await surviving(() => explain(context, 'shop'));
    await surviving(() => audit(context, { recipes: [], deep: true }));
    await surviving(() => history(context, null));
    await surviving(() => logs(context, { recipe: 'shop', trial: null, step: null, follow: false }));
    if (!json) expect(said).not.toMatch(STEERS_A_TERMINAL);
    await surviving(async () =>
      assertPlansInside(fleet.state, await openWithoutGit(await context.settings())),
    );
  }
}

async function surviving(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
  }
}

async function assertPlansInside(state: string, reader: Reader): Promise<void> {
  const { decisions } = await look(reader, [], { retryFailed: true }, new AbortController().signal);
  for (const { plan: planned } of decisions.values()) {
    const base = planned?.base?.generation === null ? null : planned?.base;
    const folders = [base, ...(planned?.dependencies ?? [])].flatMap((each) => each?.folder ?? []);
    for (const folder of folders) expect(resolve(folder).startsWith(`${state}/`)).toBe(true);
  }
}
