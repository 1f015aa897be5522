/** A fleet with everything stored that can be: a canonical, a kept generation, secrets, trials, passes and a dependant. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RemoteRefs } from '../../src/reconciler/model.ts';
import { Fleet } from '../fixtures/fleet.ts';

export const STORED_FILES = [
  'shop/canonical.json',
  'shop/status.json',
  'shop/generations/1/generation.json',
  'shop/generations/2/generation.json',
  'shop/trials/LAST/trial.json',
  'blog/canonical.json',
  '.reconcile/passes.json',
  '.reconcile/schema.json',
  '.reconcile/terms/somebody/holder.json',
] as const;
export type StoredFile = (typeof STORED_FILES)[number];

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';

/** A holder on another machine, as far as its words go. */
const HOLDER = {
  term: 'somebody',
  host: 'elsewhere',
  bootId: 'another',
  pidNamespace: 'pid:[1]',
  pid: 1,
  processStart: '1',
  since: '2026-01-01T00:00:00.000Z',
  doing: 'observing',
  ttlMs: 30,
  phase: 'holder',
  beat: { count: 1, uptimeMs: 1 },
  mark: '0123456789abcdef0123456789abcdef',
};

export interface StoredFleet {
  fleet: Fleet;
  /** What its upstreams show; no git need be asked for it. */
  refs: Readonly<Record<string, RemoteRefs>>;
  original: Readonly<Record<StoredFile, string>>;
  pathOf(file: StoredFile): string;
  put(file: StoredFile, contents: string | Uint8Array): Promise<void>;
  restore(file: StoredFile): Promise<void>;
}

export async function makeStoredFleet(): Promise<StoredFleet> {
  const fleet = await Fleet.create();
  const shop = await fleet.recipe('shop', V1, fleet.storeSpec({ secrets: ['password'] }));
  await fleet.reconcile(['--once']);
  await shop.release(V2);
  // A name that every object has: where it is looked up among stored things, none must be found.
  await shop.tag('constructor');
  const blog = await fleet.recipe('blog', V1, { dependsOn: ['shop'] });
  await fleet.reconcile(['--once']);
  const [last = ''] = (await readdir(join(fleet.state, 'shop', 'trials'))).toSorted().toReversed();
  const pathOf = (file: StoredFile): string => join(fleet.state, file.replace('LAST', last));
  const read = async (file: StoredFile): Promise<string> =>
    file.endsWith('holder.json') ? JSON.stringify(HOLDER) : await readFile(pathOf(file), 'utf8');
  const texts = await Promise.all(STORED_FILES.map(async (file) => [file, await read(file)] as const));
  const original = Object.fromEntries(texts) as Record<StoredFile, string>;
  const put = async (file: StoredFile, contents: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(pathOf(file)), { recursive: true });
    await writeFile(pathOf(file), contents);
  };
  const restore = async (file: StoredFile): Promise<void> => {
    if (file.endsWith('holder.json')) await rm(dirname(pathOf(file)), { recursive: true, force: true });
    else await put(file, original[file]);
  };
  const refsOf = async (upstream: typeof shop, names: readonly string[]): Promise<RemoteRefs> => ({
    branch: { name: 'main', commit: await upstream.head() },
    tags: await Promise.all(
      names.map(async (name) => {
        const commit = await upstream.commitOf(name);
        return { name, commit, object: commit };
      }),
    ),
  });
  const refs = { shop: await refsOf(shop, [V1, V2, 'constructor']), blog: await refsOf(blog, [V1]) };
  return { fleet, refs, original, pathOf, put, restore };
}
