/** What goes wrong around the loop: it holds up nobody else, is tried again with patience, and is told as what it is. */
import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { HttpGit } from '../../fixtures/http-git.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import { expectInvariants } from '../../invariants.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';

let fleet: Fleet;
let loop: RunningLoop;

afterEach(async () => {
  await loop.stop();
  await fleet.dispose();
});

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round++)
    await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
}

async function series(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${await loop.url()}/metrics`)).text();
  return text.split('\n').find((line) => line.startsWith(name));
}

it('a host that hangs keeps nobody else from being looked at', async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '6h', concurrency: { observe: 2 } });
  const root = join(fleet.folder, 'hanging');
  await mkdir(root);
  const hanging = await HttpGit.start(root);
  hanging.mode = 'hang';
  for (let index = 0; index < 12; index++)
    await fleet.manifest(`stuck-${index}`, { ...fleet.storeSpec(), upstream: hanging.url(`stuck-${index}`) });
  loop = await RunningLoop.launch(fleet);
  await loop.line({ msg: 'listening' });
  await fleet.recipe('shop', V1);
  await loop.line({ msg: 'a trial ended', recipe: 'shop', verdict: 'green' });
  expect(loop.lines().filter(({ msg }) => msg === 'every recipe was looked at')).toEqual([]);
  await hanging.close();
});

it('a manifest folder that is gone is an error of every round, whatever stands meanwhile', async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '1s' });
  await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await rounds(1);
  expect(await series('reconciler_pass_last_exit_code')).toBe('reconciler_pass_last_exit_code 0');
  await rename(fleet.manifests, `${fleet.manifests}.away`);
  const from = loop.mark();
  const told = await loop.line({ msg: 'nothing could be evaluated' }, from);
  expect(String(told['why'])).toContain('the manifests cannot be read, and what they said last stands');
  expect(await series('reconciler_pass_last_exit_code')).toBe('reconciler_pass_last_exit_code 1');
  expect(await series('reconciler_observe_failures_total{source="manifests"}')).not.toMatch(/ 0$/);
  const status = await fleet.reconcile(['status', '--json']);
  expect(status.code).toBe(1);
  expect(status.json?.recipes).toMatchObject([{ recipe: 'shop', decision: 'in-sync' }]);
  await rename(`${fleet.manifests}.away`, fleet.manifests);
  await rounds(1);
  expect(await series('reconciler_pass_last_exit_code')).toBe('reconciler_pass_last_exit_code 0');
  await loop.stop();
  await expectInvariants(fleet);
});

it('a trial that cannot be recorded is tried again later and later, not at every look', async () => {
  fleet = await Fleet.create({ unprivileged: true });
  await fleet.reconciler({ interval: '1s' });
  const upstream = await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await chmod(join(fleet.state, 'shop', 'trials'), 0o555);
  const from = loop.mark();
  await upstream.release(V2);
  await loop.line({ msg: 'a trial could not be recorded' }, from);
  await rounds(4);
  const failures = loop
    .lines()
    .slice(from)
    .filter(({ msg }) => msg === 'a trial could not be recorded');
  // Each as late as the one before it said, or later.
  const attempts = failures.map(({ time }) => Date.parse(String(time)));
  const promised = failures.map(({ again }) => Date.parse(String(again)));
  expect(promised.every(Number.isFinite)).toBe(true);
  expect(attempts.slice(1).filter((at, index) => at < Number(promised[index]))).toEqual([]);
  await chmod(join(fleet.state, 'shop', 'trials'), 0o755);
  await fleet.manifest('shop', fleet.storeSpec({ env: { MORE: 'yes' } }));
  await loop.line({ msg: 'a trial ended', verdict: 'green' }, from);
});

it('a trial is not held for the room that it reserved itself', async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '1s', diskBudget: '40KiB' });
  const upstream = await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await upstream.release(V2, { neverListen: true });
  const from = loop.mark();
  await loop.line({ msg: 'a step begins', step: 'install' }, from);
  await rounds(2);
  expect(
    loop
      .lines()
      .slice(from)
      .filter(({ reason }) => reason === 'disk-budget'),
  ).toEqual([]);
});

it('what holds for the whole fleet is told at once, not at the end of the round', async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '6h' });
  await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await fleet.document('bad.yaml', 'kind: Recipe\n');
  await loop.line({ msg: 'decided', reason: 'manifest-invalid' });
  expect(await series('reconciler_manifest_invalid')).toMatch(/bad\.yaml"} 1$/);
  await fleet.reconciler({ interval: '6h', freeze: { reason: 'moving' } });
  await loop.line({ msg: 'looked', recipe: 'shop' }, loop.mark());
  expect(await series('reconciler_frozen')).toBe('reconciler_frozen 1');
});
