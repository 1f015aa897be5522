/** The one upstream repository that every recipe of the benchmark has, under a name of its own. */
import { readFile } from 'node:fs/promises';
import { UpstreamRepo } from '../test/fixtures/upstream-repo.ts';

export const TAGS = 50;

/** Releases of a tiny app, oldest first; every second one is annotated. */
export async function makeUpstream(folder: string): Promise<{ newest: string }> {
  const repository = await UpstreamRepo.create(folder);
  const app = await readFile(new URL('../bench/app.mjs', import.meta.url));
  let newest = '';
  for (let minor = 0; minor < TAGS; minor++) {
    newest = `1.${minor}.0+2.${minor}`;
    await repository.commit({ 'app.mjs': app, VERSION: `${newest}\n` }, `Publish ${newest}`);
    await repository.tag(newest, minor % 2 === 0 ? { message: `Release ${newest}` } : {});
  }
  return { newest };
}
