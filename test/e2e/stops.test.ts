/** Stops, crashes, and two at once: the next start cleans up, and the known-good stays. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet, type Running } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

async function trialFile(recipe: string, id: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(fleet.state, recipe, 'trials', id, 'trial.json'), 'utf8'));
}

/** A running pass whose trial has got so far that it waits for an app which never becomes healthy. */
async function inTheMiddle(): Promise<Running> {
  const before = (await fleet.starts()).length;
  const running = fleet.start(['--once', '--json']);
  while ((await fleet.starts()).length === before) await sleep(20);
  return running;
}

async function withWaitingUpgrade(): Promise<void> {
  const upstream = await fleet.recipe('shop', V1);
  await pass(fleet);
  await upstream.release(V2, { neverListen: true, fork: true });
}

describe('SIGTERM in the middle of a trial', () => {
  it('ends it as interrupted, tears it down, and leaves the canonical as it was', async () => {
    await withWaitingUpgrade();
    const running = await inTheMiddle();
    running.process.kill('SIGTERM');
    const outcome = await running.done;
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'advance',
      trial: { verdict: 'interrupted', step: 'install', promoted: false },
    });
    expect(row(outcome, 'shop').trial?.message).toContain('SIGTERM');
    expect(await fleet.record('shop')).toMatchObject({ version: V1 });
    await expectInvariants(fleet);
  });
});

describe('SIGKILL in the middle of a trial', () => {
  it('is cleaned up by the next start: processes, folders, the open trial; then the trial is done', async () => {
    await withWaitingUpgrade();
    const running = await inTheMiddle();
    running.process.kill('SIGKILL');
    await running.done;
    const [orphan] = (await fleet.starts()).slice(-1);
    expect(() => process.kill(orphan?.pid ?? orphan?.forked ?? 0, 0)).not.toThrow();
    const killed = (await readdir(join(fleet.state, 'shop', 'trials'))).toSorted().at(-1) ?? '';
    expect(await trialFile('shop', killed)).toMatchObject({ verdict: null, endedAt: null });
    const upstream = (await import('../fixtures/upstream-repo.ts')).UpstreamRepo.open(
      join(fleet.upstreams, 'shop'),
    );
    await upstream.release('1.2.0+1.2');
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    expect(outcome.stderr).toContain('cleaning up after a term');
    expect(await trialFile('shop', killed)).toMatchObject({
      verdict: 'interrupted',
      reason: 'crashed',
      promoted: false,
    });
    expect(await fleet.record('shop')).toMatchObject({ version: '1.2.0+1.2', generation: 3, kept: [1] });
    await expectInvariants(fleet);
  });

  it('a stale lock of git in the mirror does not break the next pass', async () => {
    await withWaitingUpgrade();
    const running = await inTheMiddle();
    running.process.kill('SIGKILL');
    await running.done;
    const { writeFile } = await import('node:fs/promises');
    const lock = join(fleet.state, 'shop', 'mirror.git', 'packed-refs.lock');
    await writeFile(lock, '');
    await fleet.manifest('shop', { ...fleet.storeSpec(), health: { timeout: '1s' } });
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict: 'timeout', step: 'install' });
    await expectInvariants(fleet);
  });
});

describe('SIGKILL while an upstream hangs', () => {
  it('leaves a git that the next start ends', async () => {
    await fleet.recipe('shop', V1);
    const flag = join(fleet.folder, 'fetching');
    const hang = `if [ "$subcommand" = fetch ]; then touch '${flag}'; exec sleep 600; fi`;
    const running = fleet.start(['--once'], { env: await fakeGit(fleet.folder, hang) });
    while (!existsSync(flag)) await sleep(20);
    running.process.kill('SIGKILL');
    await running.done;
    const outcome = await pass(fleet);
    expect(outcome.stderr).toMatch(/"processes":[1-9]/);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

describe('two at once', () => {
  it('the second exits 1 at once and says who is at work; looking needs no lease', async () => {
    await fleet.recipe('shop', V1, { health: { timeout: '20s', path: '/get?never', stableFor: '0s' } });
    const running = await inTheMiddle();
    const second = await pass(fleet);
    expect(second.code).toBe(1);
    expect(String(second.json?.error)).toContain(`pid ${running.pid}`);
    expect(String(second.json?.error)).toContain('install');
    expect((await fleet.reconcile(['plan', '--json'])).code).toBe(2);
    running.process.kill('SIGTERM');
    await running.done;
    await expectInvariants(fleet);
  });

  it('a lease that was lost stops everything: nothing more is written, and the exit code is 1', async () => {
    await fleet.recipe('shop', V1, { health: { timeout: '20s', path: '/get?never', stableFor: '0s' } });
    const running = fleet.start(['--once', '--json'], { env: { RECONCILE_LEASE_TTL: '300ms' } });
    while ((await fleet.starts()).length === 0) await sleep(20);
    running.process.kill('SIGSTOP');
    await fleet.manifest('shop', { ...fleet.storeSpec(), health: { timeout: '10s', stableFor: '0s' } });
    let successor = await pass(fleet);
    while (successor.code === 1) successor = await pass(fleet);
    expect(decisions(successor)).toEqual({ shop: 'in-sync' });
    const before = await fleet.listing();
    running.process.kill('SIGCONT');
    expect((await running.done).code).toBe(1);
    expect(await fleet.listing()).toEqual(before);
    await expectInvariants(fleet);
  });
});

describe('live progress', () => {
  it('turns into plain lines where there is no terminal', async () => {
    await fleet.recipe('shop', V1);
    const { stderr, stdout } = await fleet.reconcile(['--once']);
    const steps = ['sync', 'checkout', 'install', 'rest', 'promote', 'tidy'].map(
      (step) => `shop ${V1}: ${step}`,
    );
    expect(stderr.split('\n').slice(0, 6)).toEqual(steps);
    expect(stderr).toContain('promoted as generation 1');
    expect(stderr + stdout).not.toContain('\u001b');
  });

  it('is one line for each recipe, redrawn in place, on a terminal', async () => {
    await fleet.recipe('shop', V1);
    const { spawn } = await import('node:child_process');
    const program = join(import.meta.dirname, '../../dist/main.js');
    const command = `${process.execPath} ${program} --once --manifests ${fleet.manifests} --state ${fleet.state}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...fleet.environment(), NO_COLOR: '', TERM: 'xterm' },
    });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    await once(child, 'close');
    expect(screen).toContain('\u001b[1A\u001b[J');
    expect(screen).toMatch(/shop 1\.0\.0\+1\.0 {2}install {2}\d+\.\ds/);
    expect(screen).toMatch(/shop 1\.0\.0\+1\.0: promoted as generation 1/);
  });
});
