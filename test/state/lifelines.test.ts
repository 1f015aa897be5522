/** What runs at a time has a lifeline of its own: ending one spares the others. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { git } from '../../src/git.ts';
import { Lifelines } from '../../src/state/lifelines.ts';
import { HttpGit } from '../fixtures/http-git.ts';

let folder: string;
let server: HttpGit;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifelines-'));
  server = await HttpGit.start(folder);
  server.mode = 'hang';
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

it('a git that runs out of time takes no other with it', async () => {
  const lifelines = new Lifelines(join(folder, 'lifeline'));
  const ask = async (timeoutMs: number) =>
    await git('ask', ['ls-remote', '--', server.url('x')], { mark: 'test', timeoutMs, lifelines });
  const [short, long] = await Promise.allSettled([ask(300), ask(2500)]);
  // Each by its own deadline, and by nothing else.
  expect(short).toMatchObject({
    status: 'rejected',
    reason: { reason: 'git-timeout', message: expect.stringContaining('within 0.3 s') as string },
  });
  expect(long).toMatchObject({
    status: 'rejected',
    reason: { reason: 'git-timeout', message: expect.stringContaining('within 2.5 s') as string },
  });
});

it('they are used again', async () => {
  const lifelines = new Lifelines(join(folder, 'lifeline'));
  const nested = await lifelines.lend(
    async (one) => await lifelines.lend((two) => Promise.resolve([one, two])),
  );
  expect(nested).toEqual([join(folder, 'lifeline-0'), join(folder, 'lifeline-1')]);
  expect(await lifelines.lend((one) => Promise.resolve(one))).toBe(join(folder, 'lifeline-0'));
  expect(await readdir(folder)).toEqual([]);
});
