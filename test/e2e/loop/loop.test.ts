/** The continuous loop, as it is run: what makes it act, what it says, and how it ends. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import { storeTree } from '../../fixtures/upstream-repo.ts';
import { expectInvariants } from '../../invariants.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';

let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

const promoted = (recipe: string) => ({ msg: 'a trial ended', recipe, verdict: 'green', promoted: true });

describe('the loop', () => {
  it('seeds what has no canonical, says so, and does nothing more about it', async () => {
    await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    const ended = await loop.line(promoted('shop'));
    await loop.line(
      { msg: 'looked', recipe: 'shop' },
      loop.lines().findIndex(({ time }) => time === ended['time']),
    );
    expect(await fleet.record('shop')).toMatchObject({ version: V1, generation: 1 });
    const outcome = await loop.stop();
    expect(outcome.code).toBe(0);
    const status = await fleet.reconcile(['status', '--json']);
    expect(status.code).toBe(0);
    expect(status.json?.recipes).toMatchObject([{ recipe: 'shop', decision: 'in-sync', acted: true }]);
    await expectInvariants(fleet);
  });

  it('notices a release by itself at the next round', async () => {
    await fleet.reconciler({ interval: '1s' });
    const upstream = await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line(promoted('shop'));
    await upstream.release(V2);
    await loop.line({ msg: 'a trial ended', recipe: 'shop', verdict: 'green' }, loop.mark());
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 2, kept: [1] });
    expect((await loop.stop()).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('tells each change of a decision once, with the look that found it', async () => {
    await fleet.reconciler({ interval: '1s' });
    await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
    const from = loop.mark();
    await loop.line({ msg: 'every recipe was looked at' }, from);
    await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
    await loop.stop();
    const decided = loop.lines().filter(({ msg }) => msg === 'decided');
    expect(decided.map(({ decision }) => decision)).toEqual(['seed', 'in-sync']);
    expect(new Set(decided.map(({ reconcile }) => reconcile)).size).toBe(2);
    const ofTrial = loop.lines().filter((line) => line['trial'] !== undefined);
    expect(new Set(ofTrial.map(({ reconcile }) => reconcile)).size).toBe(1);
    await expectInvariants(fleet);
  });

  it('holds a moved tag, says so once, and follows it where a person accepts that', async () => {
    await fleet.reconciler({ interval: '1s' });
    const upstream = await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line(promoted('shop'));
    await upstream.commit({ ...(await storeTree()), more: 'words' }, 'Not in the release');
    await upstream.git('tag', '--force', V1);
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'tag-moved' });
    for (let round = 0; round < 3; round++)
      await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
    expect(loop.lines().filter(({ reason }) => reason === 'tag-moved')).toHaveLength(1);
    const from = loop.mark();
    await fleet.reconcile(['accept', 'shop'], { env: { RECONCILE_REQUEST_PATIENCE: '45s' } });
    await loop.line(promoted('shop'), from);
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' }, from);
    await loop.stop();
    await expectInvariants(fleet);
  });

  it('repairs a volume that goes, at the next round at the latest', async () => {
    await fleet.reconciler({ interval: '1s' });
    await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
    const from = loop.mark();
    await rm(join(fleet.state, 'shop', 'generations', '1', 'volumes', 'data'), { recursive: true });
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'volume-missing' }, from);
    await loop.line(promoted('shop'), from);
    expect(await fleet.record('shop')).toMatchObject({ version: V1, generation: 2 });
    await loop.stop();
    await expectInvariants(fleet);
  });

  it('tries a dependency first, and then at once what waited for it', async () => {
    await fleet.recipe('shop', V1, { dependsOn: ['bank'] });
    await fleet.recipe('bank', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line(promoted('bank'));
    await loop.line(promoted('shop'));
    await loop.stop();
    const ended = loop.lines().filter(({ msg }) => msg === 'a trial ended');
    expect(ended.map(({ recipe }) => recipe)).toEqual(['bank', 'shop']);
    await expectInvariants(fleet);
  });

  it('goes on while nothing is enrolled, and says that this is an error', async () => {
    const loop = await RunningLoop.launch(fleet);
    await loop.line({ msg: 'nothing could be evaluated' });
    await fleet.recipe('shop', V1);
    await loop.stop();
  });
});

describe('a stop', () => {
  it('ends the trial that runs as interrupted, leaves nothing, and exits with 0', async () => {
    const upstream = await fleet.upstream('slow');
    await upstream.release(V1, { neverListen: true });
    await fleet.manifest('slow', { ...fleet.storeSpec(), health: { timeout: '40s' } });
    const loop = await RunningLoop.launch(fleet);
    await loop.line({ msg: 'a step begins', recipe: 'slow', step: 'install' });
    const outcome = await loop.stop();
    expect(outcome.code).toBe(0);
    await loop.line({ msg: 'a trial ended', recipe: 'slow', verdict: 'interrupted' });
    await expectInvariants(fleet);
  });

  it('of the hardest kind is made up for by the next start', async () => {
    const upstream = await fleet.upstream('slow');
    await upstream.release(V1, { neverListen: true });
    await fleet.manifest('slow', { ...fleet.storeSpec(), health: { timeout: '40s' } });
    await fleet.recipe('shop', V1);
    const killed = await RunningLoop.launch(fleet);
    await killed.line({ msg: 'a step begins', recipe: 'slow', step: 'install' });
    killed.signal('SIGKILL');
    await killed.done;
    await upstream.release(V2);
    const loop = await RunningLoop.start(fleet);
    await loop.line(promoted('slow'));
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
    const history = await fleet.reconcile(['history', 'slow', '--json']);
    expect(history.stdout).toContain('"interrupted"');
    await loop.stop();
    await expectInvariants(fleet);
  });

  it('is not what a lost lease is: it exits with 1 and writes nothing more', async () => {
    await fleet.recipe('shop', V1);
    const loop = await RunningLoop.start(fleet);
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
    await rm(join(fleet.state, '.reconcile', 'terms'), { recursive: true });
    await fleet.reconcile(['rebuild', 'shop'], { env: { RECONCILE_REQUEST_PATIENCE: '1ms' } });
    const outcome = await loop.done;
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('the lease was taken over');
  });
});
