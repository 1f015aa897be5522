/** What bad input gets: a clear error that names file, field or recipe, and nothing lost. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

describe('nothing to evaluate is an error, never a success', () => {
  it('a missing manifest folder', async () => {
    const outcome = await fleet.reconcile(['--once', '--json', '--manifests', join(fleet.folder, 'nowhere')]);
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({ exitCode: 1 });
    expect(String(outcome.json?.error)).toContain('nowhere');
  });

  it('an empty manifest folder', async () => {
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no manifest');
  });

  it('nothing enrolled', async () => {
    await fleet.recipe('shop', V1, { enrolled: false, reason: 'retired' });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no recipe is enrolled');
    expect((await plan(fleet)).code).toBe(1);
  });

  it('a recipe that nobody knows', async () => {
    await fleet.recipe('shop', V1);
    const outcome = await pass(fleet, ['shpo']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('"shpo"');
    expect(await fleet.starts()).toEqual([]);
    expect((await fleet.reconcile(['status', '--json'])).json?.error).toContain('no pass');
  });

  it('an invalid or a second Reconciler document: every recipe is unknown, and nothing acts', async () => {
    await fleet.recipe('shop', V1);
    await fleet.reconciler({ intervall: '5m' });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'config-invalid',
      acted: false,
    });
    expect(String(outcome.json?.error)).toContain('intervall');
    expect(await fleet.starts()).toEqual([]);
  });

  it('a status before any pass', async () => {
    const outcome = await fleet.reconcile(['status', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no pass');
  });

  it('usage that makes no sense', async () => {
    for (const args of [['plam'], ['--onec'], ['logs'], ['schema', 'x'], ['plan', '--log-level', 'loud']]) {
      expect((await fleet.reconcile(args)).code).toBe(1);
      const asJson = await fleet.reconcile([...args, '--json']);
      expect(asJson.code).toBe(1);
      expect(asJson.json?.error).toBeTypeOf('string');
    }
  });
});

describe('manifests', () => {
  it('a bad one is reported at its place and never stops the others', async () => {
    await fleet.recipe('shop', V1);
    await fleet.document(
      'blog.yaml',
      'apiVersion: reconcile/v1\nkind: Recipe\nmetadata:\n  name: blog\nspec:\n  upstraem: x\n  retain: many\n',
    );
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', blog: 'unknown' });
    expect(row(outcome, 'blog').message).toContain('blog.yaml:6:3');
    const { code, stdout } = await fleet.reconcile(['validate']);
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean "upstream"');
    expect(stdout).toContain('blog.yaml:7:11');
    await expectInvariants(fleet);
  });

  it('two of one name are both wrong', async () => {
    await fleet.recipe('shop', V1);
    await fleet.document('again.yaml', await readFile(join(fleet.manifests, 'shop.yaml'), 'utf8'));
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
  });

  it('one that cannot be read keeps a record without a manifest from counting as de-enrolled', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await fleet.document('shop.yaml', '{ not: [yaml');
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
    expect(row(outcome, 'blog').decision).toBe('in-sync');
    expect(await fleet.record('shop')).toMatchObject({ version: V1 });
    await fleet.removeManifest('shop');
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'not-enrolled', reason: 'orphaned' });
    await expectInvariants(fleet);
  });
});

describe('the state folder', () => {
  it('one that cannot be written is an error that names it', async () => {
    await fleet.recipe('shop', V1);
    await writeFile(join(fleet.folder, 'file'), '');
    for (const state of [join(fleet.folder, 'file'), '/proc/reconcile']) {
      const outcome = await pass(fleet, [], { state });
      expect(outcome.code).toBe(1);
      expect(String(outcome.json?.error)).toContain(state);
    }
    expect(await fleet.starts()).toEqual([]);
  });

  it('of a newer program is refused', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await writeFile(join(fleet.state, '.reconcile', 'schema.json'), '{"version": 2}');
    const before = await fleet.listing();
    for (const args of [['--once'], ['plan'], ['status']]) {
      const outcome = await fleet.reconcile([...args, '--json']);
      expect(outcome.code).toBe(1);
      expect(String(outcome.json?.error)).toContain('schema version 2');
    }
    expect(await fleet.listing()).toEqual(before);
  });

  it.each([
    ['truncated', '{"recipe": "shop", "version"'],
    ['empty', ''],
    ['not a record', '[]'],
    [
      "another recipe's",
      '{"recipe":"blog","version":"1.0.0+1.0","commit":"df2e27339f983a25da548fc8b8d56e9af8645f83","status":"idle","ts":"x"}',
    ],
    [
      'one that leaves its folder',
      '{"recipe":"shop","version":"1.0.0+1.0","commit":"df2e27339f983a25da548fc8b8d56e9af8645f83","status":"idle","ts":"x","generation":"../../x"}',
    ],
  ])('a record that is %s is unknown, and never overwritten', async (_, text) => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    const path = join(fleet.state, 'shop', 'canonical.json');
    await writeFile(path, text);
    const starts = await fleet.starts();
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'record-unreadable',
      acted: false,
    });
    expect(row(outcome, 'shop').message).toContain(path);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await fleet.starts()).toEqual(starts);
  });

  it('a record with only the five old fields is accepted, and advanced afresh', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await mkdir(join(fleet.state, 'shop'), { recursive: true });
    const old = {
      recipe: 'shop',
      version: V1,
      commit: await upstream.commitOf(V1),
      status: 'idle',
      ts: '20260617T065532Z',
    };
    await writeFile(join(fleet.state, 'shop', 'canonical.json'), JSON.stringify(old));
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.starts()).toEqual([]);
    await upstream.release(V2);
    expect(row(await plan(fleet), 'shop').message).toContain('adopted without volumes');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 1, kept: [] });
    await expectInvariants(fleet);
  });

  it('a failed trial whose file is damaged is not taken for none: nothing is tried until somebody has said what holds', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2, { failOnUpgrade: true });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'held' });
    const [, failed = ''] = (await readdir(join(fleet.state, 'shop', 'trials'))).toSorted();
    const file = join(fleet.state, 'shop', 'trials', failed, 'trial.json');
    const stored = await readFile(file);
    await writeFile(file, '{');
    const starts = await fleet.starts();
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({
      ...{ decision: 'unknown', reason: 'record-unreadable', drift: 'advance', acted: false },
      notes: [expect.stringContaining(`1 trial cannot be read: cannot read ${file}`)],
    });
    expect(row(outcome, 'shop').message).toContain(`trial ${failed} cannot be read: cannot read ${file}`);
    expect(await fleet.starts()).toEqual(starts);
    for (const command of ['status', 'explain'])
      expect((await fleet.reconcile([command, 'shop'])).stdout).toContain(file);
    await writeFile(file, stored);
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'held', reason: 'failed-same-inputs' });
    await rm(join(fleet.state, 'shop', 'trials', failed), { recursive: true });
    expect(decisions(await plan(fleet))).toEqual({ shop: 'advance' });
    await expectInvariants(fleet);
  });

  it('a trial that made the canonical and whose file is damaged neither stops its recipe nor is used again', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    const [id] = await readdir(join(fleet.state, 'shop', 'trials'));
    await writeFile(join(fleet.state, 'shop', 'trials', id ?? '', 'trial.json'), '{');
    await upstream.release(V2);
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    expect(outcome.stderr).toContain('a stored trial cannot be read');
    expect(await fleet.record('shop')).toMatchObject({ generation: 2 });
    await rm(join(fleet.state, 'shop', 'trials', id ?? ''), { recursive: true });
  });
});
