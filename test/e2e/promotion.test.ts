/** Right before promotion everything that it rests on is read once more; and what cannot be promoted leaves no trace. */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
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

/** A check that changes the world in the middle of the trial: deterministic, where a race would not be. */
const meddling = (command: string) => ({
  checks: [{ name: 'meddle', phase: 'installed', command: ['sh', '-ec', command] }],
});

describe('a world that changed while a release was tested', () => {
  it('is not promoted over a tag that moved', async () => {
    const upstream = await fleet.recipe(
      'shop',
      V1,
      meddling(`cd ../upstream/shop && git tag -f ${V1} HEAD~0^{tree} >&2`),
    );
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({
      verdict: 'superseded',
      step: 'promote',
      promoted: false,
    });
    expect(row(outcome, 'shop').trial?.message).toContain('moved to');
    expect(await fleet.record('shop')).toBeNull();
    await upstream.git('tag', '-f', V1, 'HEAD');
    await expectInvariants(fleet);
  });

  it('is not promoted once its recipe was de-enrolled', async () => {
    await fleet.recipe('blog', V1);
    await fleet.recipe('shop', V1, meddling('rm shop.yaml'));
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({
      verdict: 'superseded',
      step: 'promote',
      promoted: false,
    });
    expect(await fleet.record('shop')).toBeNull();
    expect(await fleet.record('blog')).not.toBeNull();
    await expectInvariants(fleet);
  });

  it('is not promoted while the enrolment cannot be read', async () => {
    await fleet.recipe('shop', V1, meddling('echo "a: [" > shop.yaml'));
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'promote', promoted: false });
    expect(await fleet.record('shop')).toBeNull();
    await expectInvariants(fleet);
  });

  it('is not promoted while upstream cannot be asked', async () => {
    await fleet.recipe('shop', V1, meddling('mv ../upstream/shop ../upstream/away'));
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', promoted: false });
    expect(await fleet.record('shop')).toBeNull();
    await expectInvariants(fleet);
  });
});

describe('a record that cannot be written', () => {
  it('is infra at promote, not promoted, tried once more in the same pass, and leaves no generation', async () => {
    await fleet.recipe('shop', V1);
    const inTheWay = join(fleet.state, 'shop', 'canonical.json');
    const spec = meddling(`mkdir -p "${inTheWay}"`);
    await fleet.manifest('shop', { ...fleet.storeSpec(), ...spec });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'record-unreadable' });
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'promote', promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain('could not write the record of shop');
    await rmdir(inTheWay);
    await fleet.manifest('shop');
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

describe('a failure that is not the recipe’s', () => {
  it('is tried once more at the end of the pass, then held for a short time', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    const mirror = { url: join(fleet.folder, 'no-such-mirror') };
    await fleet.manifest('shop', { ...fleet.storeSpec(), mirror });
    const starts = await fleet.starts();
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'sync' });
    expect((await readdir(join(fleet.state, 'shop', 'trials'))).length).toBe(3);
    expect(await fleet.starts()).toEqual(starts);
    const held = row(await plan(fleet), 'shop');
    expect(held).toMatchObject({ decision: 'held', reason: 'failed-same-inputs', drift: 'advance' });
    expect(Date.parse(held.nextAt ?? '') - Date.now()).toBeLessThan(61_000);
    await mkdir(mirror.url);
    await upstream.git('init', '--quiet', '--bare', '--', mirror.url);
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

describe('what a person or a policy says', () => {
  it('suspended: observed, not acted on, and shown with reason and end', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await fleet.recipe('shop', V1, { suspend: { reason: 'migrating', by: 'ann', until } });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(3);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'suspended',
      drift: 'seed',
      nextAt: until,
      acted: false,
    });
    await fleet.manifest('shop', {
      ...fleet.storeSpec(),
      suspend: { reason: 'migrating', until: '2020-01-01' },
    });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('frozen: no trial of any recipe', async () => {
    await fleet.recipe('shop', V1);
    await fleet.reconciler({ freeze: { reason: 'holidays' } });
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'held', reason: 'frozen', drift: 'seed' });
    expect(row(outcome, 'shop').message).toContain('holidays');
  });

  it('minAge: counted from when this program first saw the tag, across passes', async () => {
    await fleet.recipe('shop', V1, { release: { minAge: '1h' } });
    const first = row(await pass(fleet), 'shop');
    expect(first).toMatchObject({ decision: 'held', reason: 'release-too-young' });
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'held', nextAt: first.nextAt });
    const path = join(fleet.state, 'shop', 'status.json');
    const memory = JSON.parse(await readFile(path, 'utf8')) as {
      firstSeen: Record<string, { at: string; uptime?: unknown }[]>;
    };
    const [sighting] = memory.firstSeen[V1] ?? [];
    expect(Date.parse(first.nextAt ?? '') - Date.parse(sighting?.at ?? '')).toBe(3_600_000);
    if (sighting !== undefined) {
      sighting.at = '2020-01-01T00:00:00.000Z';
      // Seen before this machine was started: by uptime it would still be young.
      delete sighting.uptime;
    }
    await writeFile(path, JSON.stringify(memory));
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('the window of the loop does not bind a pass that somebody asked for', async () => {
    await fleet.recipe('shop', V1);
    await fleet.reconciler({ window: { schedule: '0 3 1 1 *', duration: '1m' } });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('diskBudget: holds a trial back before it starts, with the figures', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    await fleet.reconciler({ diskBudget: '1KiB' });
    const held = row(await pass(fleet), 'shop');
    expect(held).toMatchObject({ decision: 'held', reason: 'disk-budget', drift: 'advance', acted: false });
    expect(held.message).toMatch(/more than diskBudget 1024/);
  });

  it('diskBudget: counts what the same pass has made before', async () => {
    const command = ['sh', '-c', 'head -c 3000000 /dev/urandom > "$VOLUME_DATA/big"; exec node app.mjs'];
    const spec = { app: { process: { command, volumes: ['data'] } } };
    const upstreams = [await fleet.recipe('blog', V1, spec), await fleet.recipe('shop', V1, spec)];
    await pass(fleet);
    for (const upstream of upstreams) await upstream.release(V2);
    await fleet.reconciler({ diskBudget: '13MiB' });
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ blog: 'in-sync', shop: 'held' });
    expect(row(outcome, 'shop')).toMatchObject({ reason: 'disk-budget', acted: false });
    await expectInvariants(fleet);
  });

  it('diskBudget: counts what trials that run at the same time may still take', async () => {
    const command = ['sh', '-c', 'head -c 3000000 /dev/urandom > "$VOLUME_DATA/big"; exec node app.mjs'];
    const spec = { app: { process: { command, volumes: ['data'] } } };
    const upstreams = [await fleet.recipe('blog', V1, spec), await fleet.recipe('shop', V1, spec)];
    await pass(fleet);
    for (const upstream of upstreams) await upstream.release(V2);
    // Room for one trial beside what there is, and for the other one only if the first were not counted.
    await fleet.reconciler({ diskBudget: '15MiB', concurrency: { trials: 2 } });
    const outcome = await pass(fleet);
    const rows = ['blog', 'shop'].map((name) => row(outcome, name));
    expect(rows.map(({ decision }) => decision).toSorted()).toEqual(['held', 'in-sync']);
    const held = rows.find(({ decision }) => decision === 'held');
    expect(held).toMatchObject({ reason: 'disk-budget', acted: false });
    expect(held?.message).toMatch(/ and [1-9]\d+ reserved /);
    await expectInvariants(fleet);
  });

  it('another driver: a canonical that it made is held, and not touched', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    const path = join(fleet.state, 'shop', 'canonical.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"driver": "process"', '"driver": "swarm"'));
    expect(row(await pass(fleet), 'shop')).toMatchObject({
      decision: 'held',
      reason: 'driver-changed',
      acted: false,
    });
    await fleet.reconciler({ driver: 'swarm' });
    expect(row(await pass(fleet), 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'driver-unreachable',
    });
  });

  it('retain 1 keeps the canonical and nothing else', async () => {
    const upstream = await fleet.recipe('shop', V1, { retain: 1 });
    await pass(fleet);
    await upstream.release(V2);
    await pass(fleet);
    expect(await fleet.record('shop')).toMatchObject({ version: V2, kept: [] });
    expect(await readdir(join(fleet.state, 'shop', 'generations'))).toEqual(['2']);
    await expectInvariants(fleet);
  });
});
