/** Everything that is measured against: the upstream, its recording, the servers, and a fleet of each size. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesOf, promoteTemplate, replicate, type Fleet } from './fleet.ts';
import { record } from './recording.ts';
import { serveByGit, serveRecorded } from './servers.ts';
import { makeUpstream } from './upstream.ts';

/** The size that is also measured against `git http-backend`. */
const SIZE_BY_GIT = 100;

export interface World {
  /** What the floor sends again. */
  recordingFile: string;
  /** Of every size, in front of the server that answers from memory. */
  fleets: readonly Fleet[];
  /** In front of `git http-backend`. */
  byGit: Fleet;
  /** One repository that can be fetched, for trials. */
  fetchable: string;
  close(): Promise<void>;
}

export async function makeWorld(folder: string, sizes: readonly number[]): Promise<World> {
  const repositories = join(folder, 'repositories');
  await makeUpstream(join(repositories, 'upstream'));
  const git = await serveByGit(repositories);
  const fetchable = `${git.origin}/upstream`;
  const recordingFile = join(folder, 'recording.json');
  await writeFile(recordingFile, JSON.stringify(await record(fetchable)));
  const recorded = await serveRecorded(recordingFile);

  const template = await promoteTemplate(join(folder, 'template'), fetchable);
  const fleets: Fleet[] = [];
  for (const size of sizes) {
    fleets.push(
      await replicate(template, { folder: join(folder, String(size)), origin: recorded.origin, size }),
    );
  }
  const size = Math.min(SIZE_BY_GIT, Math.max(...sizes));
  for (const name of namesOf(size)) await symlink('upstream', join(repositories, name));
  const byGit = await replicate(template, { folder: join(folder, 'by-git'), origin: git.origin, size });
  return {
    recordingFile,
    fleets,
    byGit,
    fetchable,
    close: async () => {
      await Promise.all([git.stop(), recorded.stop()]);
    },
  };
}
