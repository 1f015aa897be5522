/** A trial's own folder inside the term's: it goes with the trial, and at the latest with the term. */
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, Fenced, TrialFault } from '../reconciler/errors.ts';
import type { Room, Workspace } from '../reconciler/ports.ts';
import type { Term } from '../state/term.ts';

export async function makeWorkspace(term: Term, trialId: string): Promise<Workspace> {
  const folder = await makeFolder(term, trialId);
  return {
    folder,
    mark: `${term.mark}/${trialId}`,
    lost: term.lost,
    move: (from, to) => term.move(from, to),
    room: () => roomAt(folder),
    discard: () => term.discard(folder),
  };
}

async function makeFolder(term: Term, trialId: string): Promise<string> {
  try {
    const folder = await term.makeFolder('trial');
    await mkdir(join(folder, 'tmp'), { mode: 0o700 });
    return folder;
  } catch (error) {
    if (error instanceof Fenced) throw error;
    const message = `could not make the folder of trial ${trialId}: ${describe(error)}`;
    throw new TrialFault('infra', 'workspace-failed', message, { cause: error });
  }
}

/** What is set aside for root is room only for root. */
async function roomAt(folder: string): Promise<Room> {
  const { bsize, bfree, bavail, files, ffree } = await statfs(folder);
  const blocks = process.getuid?.() === 0 ? bfree : bavail;
  return { freeBytes: blocks * bsize, freeFiles: files === 0 ? null : ffree };
}
