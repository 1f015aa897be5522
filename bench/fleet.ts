/**
 * Fleets that are in sync. One recipe is promoted by the real program, and its state is then copied under as many
 * names as there are to be: what a pass meets is what a pass before it left, times the size of the fleet.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, type Command } from './measure.ts';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const TEMPLATE = 'template';
/** A file that is as old as the fleet's being finished. */
const BUILT = 'built';

export interface Fleet {
  size: number;
  folder: string;
  /** Of every recipe's upstream. */
  urls: readonly string[];
}

/** What the program is to do with a fleet. */
export function reconcile({ folder }: Pick<Fleet, 'folder'>, ...args: string[]): Command {
  const folders = ['--manifests', join(folder, 'manifests'), '--state', join(folder, 'state')];
  return { file: process.execPath, args: [PROGRAM, ...args, ...folders] };
}

/** A fleet of one recipe, promoted by the program from a repository that can be fetched. */
export async function promoteTemplate(folder: string, upstream: string): Promise<Fleet> {
  await mkdir(join(folder, 'manifests'), { recursive: true });
  await writeFile(join(folder, 'manifests', `${TEMPLATE}.yaml`), manifestOf(TEMPLATE, upstream));
  await measure(reconcile({ folder }, '--once'));
  return { size: 1, folder, urls: [upstream] };
}

export async function replicate(
  template: Fleet,
  { folder, origin, size }: { folder: string; origin: string; size: number },
): Promise<Fleet> {
  const [manifests, state] = [join(folder, 'manifests'), join(folder, 'state')];
  await mkdir(manifests, { recursive: true });
  await mkdir(state);
  const names = namesOf(size);
  const fleet = { size, folder, urls: names.map((name) => `${origin}/${name}`) };
  // By `cp`, which keeps times to the nanosecond: they are part of a volume's fingerprint.
  await measure({
    file: 'xargs',
    args: ['-P', '2', '-n', '1', 'cp', '-a', join(template.folder, 'state', TEMPLATE)],
    input: names.map((name) => join(state, name)).join('\n'),
  });
  for (const name of names) {
    await writeFile(join(manifests, `${name}.yaml`), manifestOf(name, `${origin}/${name}`));
    await renameWithin(join(state, name), name);
  }
  await assertInSync(fleet);
  await finish(join(folder, BUILT));
  return fleet;
}

/** A file's time moves in steps of some milliseconds: what is written later must also look newer. */
async function finish(marker: string): Promise<void> {
  await writeFile(marker, '');
  const { mtimeMs } = await stat(marker);
  const probe = `${marker}.probe`;
  do await writeFile(probe, '');
  while ((await stat(probe)).mtimeMs <= mtimeMs);
  await rm(probe);
}

export function namesOf(size: number): string[] {
  return Array.from({ length: size }, (_, index) => `recipe-${String(index).padStart(4, '0')}`);
}

/** A manifest as people write them, with what a small app needs. */
export function manifestOf(
  name: string,
  upstream: string,
  env: Readonly<Record<string, number>> = {},
): string {
  const variables = Object.entries(env).map(([key, value]) => `      ${key}: "${value}"`);
  return [
    'apiVersion: reconcile/v1',
    'kind: Recipe',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    `  upstream: ${upstream}`,
    '  app:',
    ...(variables.length === 0 ? [] : ['    env:', ...variables]),
    '    process:',
    '      command: [node, app.mjs]',
    '      volumes: [data]',
    '      secrets: [password]',
    '  health:',
    '    timeout: 30s',
    '    stableFor: 0s',
    '',
  ].join('\n');
}

/** Whatever of a recipe says its name. Volumes do not, and must stay as they are. */
async function renameWithin(folder: string, name: string): Promise<void> {
  for (const id of await readdir(join(folder, 'trials'))) {
    await rename(join(folder, 'trials', id), join(folder, 'trials', id.replace(TEMPLATE, name)));
  }
  const entries = await readdir(folder, { recursive: true });
  for (const path of entries.filter((entry) => entry.endsWith('.json')).map((entry) => join(folder, entry))) {
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(TEMPLATE, name));
  }
}

interface Reported {
  recipes: readonly { recipe: string; decision: string; acted: boolean }[];
}

/** A fleet that is not what it should be would make every figure a lie. */
async function assertInSync(fleet: Fleet): Promise<void> {
  const { stdout } = await measure(reconcile(fleet, '--once', '--json'));
  const { recipes }: Reported = JSON.parse(stdout);
  const odd = recipes.filter(({ decision, acted }) => decision !== 'in-sync' || acted);
  if (recipes.length === fleet.size && odd.length === 0) return;
  const [first] = odd;
  const what = first === undefined ? `${recipes.length} recipes` : `${first.recipe} ${first.decision}`;
  throw new Error(`expected a fleet of ${fleet.size} recipes in sync, got ${what}`);
}

/** What was measured was truly nothing to do: since the fleet was built, nothing of any recipe was written. */
export async function assertUntouched({ folder }: Fleet): Promise<void> {
  const newer = ['-newer', join(folder, BUILT), '-not', '-path', '*/.reconcile*'];
  const state = join(folder, 'state');
  const { stdout } = await measure({ file: 'find', args: [state, '-mindepth', '1', ...newer] });
  if (stdout !== '')
    throw new Error(
      `expected passes that change nothing, but they wrote ${stdout.split('\n', 3).join(', ')}`,
    );
}
