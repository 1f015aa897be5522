/** A trial that is not the right one any more is ended, torn down, and the right one is begun. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop, type Line } from '../../fixtures/running-loop.ts';
import type { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { expectInvariants } from '../../invariants.ts';

const PATIENT = { health: { timeout: '40s', stableFor: '0s' } };

let fleet: Fleet;
let upstream: UpstreamRepo;
let loop: RunningLoop;

/** A recipe whose first release never answers, on trial. */
beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '1s' });
  upstream = await fleet.upstream('slow');
  await upstream.release('1.0.0+1.0', { neverListen: true });
  await fleet.manifest('slow', { ...fleet.storeSpec(), ...PATIENT });
  loop = await RunningLoop.launch(fleet);
  await loop.line({ msg: 'a step begins', step: 'install' });
});

afterEach(async () => {
  await loop.stop();
  await expectInvariants(fleet);
  await fleet.dispose();
});

const superseded = (reason: string): Partial<Line> => ({
  msg: 'a trial ended',
  verdict: 'superseded',
  reason,
});
const GREEN = { msg: 'a trial ended', verdict: 'green' };

describe('a trial', () => {
  it('gives way to a newer release', async () => {
    await upstream.release('1.1.0+1.0');
    const ended = await loop.line(superseded('newer-release'));
    expect(String(ended['why'])).toContain('1.1.0+1.0 is to be tested instead of 1.0.0+1.0');
    await loop.line(GREEN);
    expect(await fleet.record('slow')).toMatchObject({ version: '1.1.0+1.0', generation: 2 });
  });

  it('gives way to an edited manifest', async () => {
    await fleet.manifest('slow', { ...fleet.storeSpec({ env: { MORE: 'yes' } }), ...PATIENT });
    await loop.line(superseded('edited'));
    const from = loop.mark();
    await loop.line({ msg: 'a step begins', step: 'install' }, from);
  });

  it('ends where its recipe is suspended, and none begins', async () => {
    await fleet.manifest('slow', { ...fleet.storeSpec(), ...PATIENT, suspend: { reason: 'not now' } });
    await loop.line(superseded('suspended'));
    await loop.line({ msg: 'decided', decision: 'suspended' });
  });

  it('ends where the whole fleet is frozen', async () => {
    await fleet.reconciler({ interval: '1s', freeze: { reason: 'not now' } });
    await loop.line(superseded('frozen'));
  });

  it('ends where its recipe is de-enrolled, and where its manifest is gone', async () => {
    await fleet.manifest('slow', { ...fleet.storeSpec(), ...PATIENT, enrolled: false, reason: 'moved' });
    await loop.line(superseded('de-enrolled'));
    await fleet.manifest('slow', { ...fleet.storeSpec(), ...PATIENT });
    const from = loop.mark();
    await loop.line({ msg: 'a step begins', step: 'install' }, from);
    await fleet.recipe('shop', '1.0.0+1.0');
    await fleet.removeManifest('slow');
    await loop.line(superseded('de-enrolled'), from);
  });

  it('goes on while its upstream or its manifest cannot be read', async () => {
    await fleet.document('slow.yaml', 'kind: Recipe\nmetadata: {name: slow}\nspec: [');
    await loop.line({ msg: 'decided', recipe: 'slow', reason: 'manifest-invalid' });
    await loop.line({ msg: 'looked', recipe: 'slow' }, loop.mark());
    expect(loop.lines().some(({ msg }) => msg === 'a trial ended')).toBe(false);
  });

  it('finishes every third time, however many releases come', async () => {
    // Each becomes the newest while the one before it is on trial.
    for (const minor of [1, 2]) {
      const from = loop.mark();
      await upstream.release(`1.${minor}.0+1.0`, { neverListen: true });
      await loop.line(superseded('newer-release'), from);
      await loop.line({ msg: 'a step begins', step: 'install' }, from);
    }
    await upstream.release('1.3.0+1.0');
    const from = loop.mark();
    await loop.line({ msg: 'looked' }, from);
    await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
    const ended = loop.lines().filter(({ msg }) => msg === 'a trial ended');
    expect(ended).toHaveLength(2);
  });
});
