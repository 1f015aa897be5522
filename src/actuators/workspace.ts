/** A trial's own folder inside the term's: it goes with the trial, and at the latest with the term. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '../reconciler/ports.ts';
import type { Term } from '../state/term.ts';

export async function makeWorkspace(term: Term, trialId: string): Promise<Workspace> {
  const folder = await term.makeFolder('trial');
  await mkdir(join(folder, 'tmp'), { mode: 0o700 });
  return {
    folder,
    mark: `${term.mark}/${trialId}`,
    lost: term.lost,
    move: (from, to) => term.move(from, to),
    discard: () => term.discard(folder),
  };
}
