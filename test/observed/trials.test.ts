import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readTrials } from '../../src/observed/trials.ts';
import type { DamagedTrial } from '../../src/reconciler/model.ts';
import { Layout } from '../../src/state/layout.ts';
import { makePipe } from '../fixtures/odd-files.ts';
import { trial } from '../reconciler/world.ts';

let layout: Layout;
let damaged: DamagedTrial[];
const read = () => readTrials(layout, 'app', (one) => void damaged.push(one));

beforeEach(async () => {
  layout = new Layout(await mkdtemp(join(tmpdir(), 'trials-')));
  damaged = [];
});

afterEach(() => rm(layout.root, { recursive: true }));

async function store(id: string, document: unknown): Promise<string> {
  await mkdir(layout.trial('app', id), { recursive: true });
  const file = join(layout.trial('app', id), 'trial.json');
  await writeFile(file, JSON.stringify(document));
  return file;
}

it('a trial that asks for a longer delay than any manifest can is damaged: no time could be made of it', async () => {
  const one = trial();
  await store(one.id, one);
  await store('x-2', { ...one, id: 'x-2', generation: 2, retryAfterMs: 1e300 });
  const found = await read();
  expect(found.readable && found.value.map(({ id }) => id)).toEqual([one.id]);
  expect(damaged).toMatchObject([{ id: 'x-2', generation: 2 }]);
});

it('a trial that the system will not give out makes all of them unreadable: it may hold something back', async () => {
  const one = trial();
  const file = await store(one.id, one);
  await rm(file);
  makePipe(file);
  const found = await read();
  expect(found).toMatchObject({ readable: false });
  expect(found.readable ? '' : found.why).toContain(file);
  expect(damaged).toEqual([]);
});
