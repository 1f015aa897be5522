/** What makes the loop look, long before its interval is over: edits, and damage. */
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import { expectInvariants } from '../../invariants.ts';

const V1 = '1.0.0+1.0';
const SUSPEND = { reason: 'the maker is on holiday', by: 'ann' };

let fleet: Fleet;
let loop: RunningLoop;

/** One recipe in sync, and an interval that no test waits for. */
beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '6h' });
  await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
});

afterEach(async () => {
  await loop.stop();
  await expectInvariants(fleet);
  await fleet.dispose();
});

describe('a manifest', () => {
  it('that is added enrolls its recipe, which is tried', async () => {
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
    expect(await fleet.record('bank')).toMatchObject({ version: V1 });
  });

  it('that is suspended holds its recipe, and lets go of it when that is taken back', async () => {
    const upstream = await fleet.upstream('bank');
    await upstream.release(V1);
    await fleet.manifest('bank', { ...fleet.storeSpec(), suspend: SUSPEND });
    await loop.line({ msg: 'decided', recipe: 'bank', decision: 'suspended' });
    expect(await fleet.record('bank')).toBeNull();
    await fleet.manifest('bank');
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
  });

  it('that is removed leaves its canonical an orphan, which is shown until it is forgotten', async () => {
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
    await fleet.removeManifest('shop');
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'orphaned' });
    const forgotten = await fleet.reconcile(['forget', 'shop', '--yes']);
    expect(forgotten.stdout).toContain('shop is forgotten');
    await loop.line({ msg: 'a recipe is gone', recipe: 'shop' });
    expect(await fleet.record('shop')).toBeNull();
  });

  it('that is removed before its recipe had a canonical leaves an orphan as well, and a plain file is none', async () => {
    const upstream = await fleet.upstream('bank');
    await upstream.release(V1, { exitAtStart: 3 });
    await fleet.manifest('bank');
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'red' });
    // Noticed before the manifest is gone, so that it was looked at by the time that the orphan is.
    await writeFile(join(fleet.state, 'fill'), '');
    await fleet.removeManifest('bank');
    await loop.line({ msg: 'decided', recipe: 'bank', reason: 'orphaned' });
    const shown = await (await fetch(`${await loop.url()}/api/recipes`)).json();
    expect(shown).toMatchObject({ recipes: [{ recipe: 'bank' }, { recipe: 'shop' }] });
    const forgotten = await fleet.reconcile(['forget', 'bank', '--yes']);
    expect(forgotten.stdout).toContain('bank is forgotten');
    await loop.line({ msg: 'a recipe is gone', recipe: 'bank' });
    await rm(join(fleet.state, 'fill'));
  });

  it('that is broken makes its own recipe unknown and no other, until it is mended', async () => {
    const path = await fleet.document('bank.yaml', 'kind: Recipe\nmetadata: {name: bank}\nspec: [');
    await loop.line({ msg: 'decided', reason: 'manifest-invalid' });
    await rm(path);
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
  });

  it('that is only touched is looked at', async () => {
    const from = loop.mark();
    const now = new Date();
    await utimes(join(fleet.manifests, 'shop.yaml'), now, now);
    await loop.line({ msg: 'looked', recipe: 'shop' }, from);
  });
});

describe('the Reconciler document', () => {
  it('that is broken leaves the last good one in force, and says so', async () => {
    await fleet.document(
      'fleet.yaml',
      'apiVersion: reconcile/v1\nkind: Reconciler\nspec: {interval: soon}\n',
    );
    const line = await loop.line({
      msg: 'the Reconciler document cannot be used; the last good one stays in force',
    });
    expect(String(line['why'])).toContain('fleet.yaml:3');
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
  });

  it('that freezes the fleet holds what is new, until it no longer does', async () => {
    await fleet.reconciler({ interval: '6h', freeze: { reason: 'the disk is being moved' } });
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'decided', recipe: 'bank', reason: 'frozen' });
    await fleet.reconciler({ interval: '6h' });
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
  });
});

describe('what is stored', () => {
  it('is looked at when a volume goes, and repaired', async () => {
    const from = loop.mark();
    await rm(join(fleet.state, 'shop', 'generations', '1', 'volumes', 'data'), { recursive: true });
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'volume-missing' }, from);
    await loop.line({ msg: 'a trial ended', recipe: 'shop', verdict: 'green' }, from);
  });

  it('is looked at when a record is written over, as by a tool that replaces files', async () => {
    const record = join(fleet.state, 'shop', 'canonical.json');
    const before = await fleet.record('shop');
    await writeFile(`${record}.new`, 'no JSON');
    await rename(`${record}.new`, record);
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'record-unreadable' });
    await writeFile(`${record}.new`, JSON.stringify(before));
    await rename(`${record}.new`, record);
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync', was: 'unknown' });
  });
});
