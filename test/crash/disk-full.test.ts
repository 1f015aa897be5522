/** A disk that is full, for real: the state folder is a small file system of its own. Mounting one takes root. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisions, pass, row } from '../e2e/rows.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { storeTree } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';

const execute = promisify(execFile);
const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', fleet.state]);
});

afterEach(async () => {
  await execute('umount', [fleet.state]);
  await fleet.dispose();
});

const makeRoom = () => execute('mount', ['-o', 'remount,size=256m', fleet.state]);

/** An app that first writes so many MiB into its volume, and ends with 1 where it cannot. */
async function hungry(mebibytes: number) {
  const { 'app.mjs': app = '', ...rest } = await storeTree();
  const eat = [
    `import { writeFileSync } from 'node:fs';`,
    `writeFileSync(process.env.VOLUME_DATA + '/big', Buffer.alloc(${mebibytes} * 1024 * 1024));`,
    `await import('./store.mjs');`,
  ];
  return { ...rest, 'app.mjs': eat.join('\n'), 'store.mjs': app };
}

describe('a disk that becomes full in the middle of a trial', () => {
  it('because of what the app writes: infra and not red, nothing is lost, and it goes on once there is room', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    const before = await fleet.record('shop');
    await upstream.release(V2, {}, { files: await hungry(64) });
    const full = await pass(fleet);
    expect(row(full, 'shop')).toMatchObject({
      decision: 'held',
      trial: { verdict: 'infra', step: 'install', promoted: false },
    });
    expect(row(full, 'shop').trial?.message).toContain('is full');
    expect(row(full, 'shop').trial?.message).toContain('ENOSPC');
    expect(await fleet.record('shop')).toEqual(before);
    await expectInvariants(fleet);
    await makeRoom();
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V2 });
    await expectInvariants(fleet);
  });

  it('because of the clone that is upgraded: the same', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, {}, { files: await hungry(9) });
    await fleet.manifest('shop');
    await pass(fleet);
    const before = await fleet.record('shop');
    await upstream.release(V2, {}, { files: await hungry(9) });
    const full = await pass(fleet);
    expect(row(full, 'shop')).toMatchObject({ trial: { verdict: 'infra', promoted: false } });
    expect(row(full, 'shop').trial?.message).toMatch(/No space left on device|ENOSPC/);
    expect(await fleet.record('shop')).toEqual(before);
    await expectInvariants(fleet);
    await makeRoom();
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});
