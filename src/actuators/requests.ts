/** The holder's side of requests: what is to be obeyed, and the answers, which are written through its term. */
import { existsSync } from 'node:fs';
import { describe } from '../reconciler/errors.ts';
import type { Answer, OperatorRequest } from '../reconciler/model.ts';
import type { RequestDesk } from '../reconciler/ports.ts';
import { lifeOfProcess } from '../state/holder.ts';
import type { Layout } from '../state/layout.ts';
import { requestEntries, type RequestEntry, type StoredRequest } from '../state/requests.ts';
import type { Term } from '../state/term.ts';

interface DeskOptions {
  layout: Layout;
  term: Term;
  /** Told of what is no request, and of answers that nobody is there to read. */
  warn: (fields: object, message: string) => void;
}

export function fileDesk({ layout, term, warn }: DeskOptions): RequestDesk {
  const stored = new Map<string, { path: string; request: StoredRequest }>();
  const reported = new Set<string>();

  const report = (what: string, why: string): void => {
    if (!reported.has(what)) warn({ what, why }, 'this is no request, and is left alone');
    reported.add(what);
  };
  const sort = async (entry: RequestEntry): Promise<OperatorRequest[]> => {
    if (entry.kind === 'abandoned') await term.discard(entry.path);
    if (entry.kind === 'stranger') report(entry.path, entry.why);
    if (entry.kind !== 'pending') return [];
    const { id, wish } = entry.request;
    stored.set(id, entry);
    return [{ id, wish }];
  };
  return {
    pending: async () => {
      try {
        const requests: OperatorRequest[] = [];
        for (const entry of await requestEntries(layout)) requests.push(...(await sort(entry)));
        return requests;
      } catch (error) {
        report(layout.requests, describe(error));
        return [];
      }
    },
    answer: async ({ id, wish }, answer: Answer) => {
      const known = stored.get(id);
      stored.delete(id);
      if (known === undefined || !existsSync(known.path)) return;
      if (lifeOfProcess(known.request.asker) === 'dead') {
        warn({ ...wish, ...answer }, 'a request was answered that nobody waits for any more');
        await term.discard(known.path);
      } else {
        await term.write(known.path, `${JSON.stringify({ ...known.request, answer }, null, 2)}\n`);
      }
    },
  };
}
