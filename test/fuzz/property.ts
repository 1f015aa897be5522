/**
 * A property that must hold for whatever comes from outside. Each has a corpus of hand-picked cases, which are tried
 * first, and a way to make up more: a bounded number of them in `npm test`, and for as long as it is given in
 * `npm run fuzz`.
 */
import fc from 'fast-check';

interface PropertyOptions<T> {
  name: string;
  /** Made-up cases in `npm test`. */
  runs: number;
  /** Of the time of a long run, compared with the other properties. */
  share?: number;
  /** By a name that says what is odd about each. */
  corpus: Readonly<Record<string, T>>;
  cases: fc.Arbitrary<T>;
  /** Makes what trying a case needs: a folder, a server. */
  open: () => Promise<Trial<T>>;
}

interface Trial<T> {
  /** Throws where the property does not hold. */
  holds: (value: T) => Promise<void> | void;
  close?: () => Promise<void>;
}

interface Search {
  cases: number;
  seed: number;
  /** The smallest case found for which the property does not hold, and why; null where none was found. */
  failure: string | null;
}

export interface Property {
  name: string;
  runs: number;
  share: number;
  corpus: readonly string[];
  open: () => Promise<OpenProperty>;
}

interface OpenProperty {
  /** Tries one case of the corpus. */
  try(name: string): Promise<void>;
  search(limits: { runs: number; timeMs?: number }): Promise<Search>;
  close(): Promise<void>;
}

/** A case that takes longer hangs. */
const CASE_TIMEOUT_MS = 30_000;

export function property<T>(options: PropertyOptions<T>): Property {
  const { name, runs, share = 1, corpus, cases, open } = options;
  return {
    name,
    runs,
    share,
    corpus: Object.keys(corpus),
    open: async () => {
      const { holds, close } = await open();
      let running: Promise<unknown> = Promise.resolve();
      const hold = async (value: T): Promise<void> => {
        const held = (async () => await holds(value))();
        running = held.catch(() => undefined);
        await held;
      };
      return {
        try: async (each) => {
          for (const [title, value] of Object.entries(corpus)) if (title === each) await hold(value);
        },
        search: async ({ runs: numRuns, timeMs }) => {
          const checked = fc.asyncProperty(cases, async (value) => {
            await hold(value);
          });
          const details = await fc.check(checked, {
            numRuns,
            timeout: CASE_TIMEOUT_MS,
            includeErrorInReport: true,
            ...(timeMs === undefined ? {} : { interruptAfterTimeLimit: timeMs }),
          });
          const failure = details.failed
            ? ((await fc.asyncDefaultReportMessage(details)) ?? 'it failed')
            : null;
          return { cases: details.numRuns, seed: details.seed, failure };
        },
        close: async () => {
          // At the end of its time a search does not wait for the case that it tries.
          await running;
          await close?.();
        },
      };
    },
  };
}
