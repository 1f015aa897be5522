/** The bare mirror of upstream in the state folder: made where it is missing, made whole where it lost a part. */
import { access, lstat } from 'node:fs/promises';
import { describe, TrialFault } from '../../reconciler/errors.ts';
import type { Work } from '../../reconciler/ports.ts';
import { isMissing } from '../../state/term.ts';
import { mirrorGit, type MirrorOptions } from './calls.ts';

/** A mirror is made elsewhere and renamed into place, so that half a mirror is never taken for one. */
export async function ensureLocal(
  recipe: string,
  { layout, term, timeoutMs }: MirrorOptions,
  work: Work,
): Promise<string> {
  const mirror = layout.mirror(recipe);
  try {
    await access(`${mirror}/HEAD`);
  } catch (error) {
    // A mirror that may not be read holds commits that upstream may no longer have (invariant I7).
    if (!isMissing(error)) throw unreadableMirror(mirror, error);
    const call = { timeoutMs, mark: work.mark, signal: work.signal, term };
    const init = (folder: string): Promise<string> =>
      mirrorGit(`make the local mirror of ${recipe}`, ['init', '--quiet', '--bare', '--', '.'], {
        ...call,
        cwd: folder,
      });
    if (await isThere(mirror)) {
      // One that lost its HEAD is made whole where it is: what it holds may be nowhere else any more.
      await init(mirror);
      return mirror;
    }
    const folder = await term.makeFolder(`mirror-${recipe}`);
    await init(folder);
    await term.place(folder, mirror);
  }
  return mirror;
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

function unreadableMirror(mirror: string, error: unknown): TrialFault {
  const message = `could not read the local mirror ${mirror}: ${describe(error)}`;
  return new TrialFault('infra', 'mirror-unreadable', message, { cause: error });
}
