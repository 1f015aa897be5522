/**
 * Nothing hangs (invariant I11): whatever does not end costs its own deadline and little more, leaves nothing running,
 * and gets the verdict of whose fault it is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCommand, fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet, type Outcome, type Running } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const MISBEHAVE = fileURLToPath(new URL('../fixtures/misbehave.sh', import.meta.url));
/** Far more than any deadline here and its ten seconds, far less than the thousand that a hanging command takes. */
const BOUND = 45_000;

let fleet: Fleet;
let pids: string;

beforeEach(async () => {
  fleet = await Fleet.create();
  pids = join(fleet.folder, 'pids');
});

afterEach(async () => {
  for (const pid of running()) process.kill(Number(pid), 'SIGKILL');
  await fleet.dispose();
});

const misbehaving = (how: string): string[] => ['sh', MISBEHAVE, how, pids];

/** Which of the processes that wrote their number are alive. */
function running(): string[] {
  if (!existsSync(pids)) return [];
  return readFileSync(pids, 'utf8')
    .split('\n')
    .filter((pid) => pid !== '' && isAlive(pid));
}

function isAlive(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ours = readFileSync(`/proc/${pid}/cmdline`, 'utf8').match(/sleep|yes|misbehave/) !== null;
    return ours && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

async function expectNothingLeft(): Promise<void> {
  expect(readFileSync(pids, 'utf8')).not.toBe('');
  expect(running()).toEqual([]);
  await expectInvariants(fleet);
}

const WAYS = [
  'hangs',
  'ignores-sigterm',
  'forks',
  'daemonizes',
  'clears-its-environment',
  'forks-for-ever',
  'fills-its-output',
];

describe.each(WAYS)('what %s', (how) => {
  it('as an app ends at its health timeout, by the fault of its recipe', async () => {
    await fleet.recipe('shop', V1, {
      app: { process: { command: misbehaving(how), volumes: ['data'] } },
      health: { timeout: '2s', stableFor: '0s' },
    });
    const outcome = await pass(fleet, [], { timeoutMs: BOUND });
    expect(row(outcome, 'shop').trial).toMatchObject({
      verdict: 'timeout',
      step: 'install',
      promoted: false,
    });
    await expectNothingLeft();
  });

  it('as a check ends at its own timeout, by the fault of its recipe', async () => {
    const check = { name: 'endless', phase: 'installed', command: misbehaving(how), timeout: '1s' };
    await fleet.recipe('shop', V1, { checks: [check] });
    const outcome = await pass(fleet, [], { timeoutMs: BOUND });
    expect(row(outcome, 'shop').trial).toMatchObject({
      verdict: 'timeout',
      step: 'install',
      promoted: false,
    });
    expect(row(outcome, 'shop').trial?.message).toContain('endless');
    await expectNothingLeft();
  });

  it('as a git that is asked for tags makes its upstream unknown', async () => {
    await fleet.recipe('shop', V1);
    const env = await fakeGit(
      fleet.folder,
      `[ "$subcommand" = ls-remote ] && exec ${misbehaving(how).join(' ')}`,
    );
    const options = { timeoutMs: BOUND, env: { ...env, RECONCILE_UPSTREAM_TIMEOUT: '1s' } };
    const outcome = await pass(fleet, [], options);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'upstream-unreachable' });
    expect(row(outcome, 'shop').message).toContain('within 1 s');
    await expectNothingLeft();
  });

  it('as a git that fetches ends the trial, by no fault of its recipe', async () => {
    await fleet.recipe('shop', V1);
    const env = await fakeGit(
      fleet.folder,
      `[ "$subcommand" = fetch ] && exec ${misbehaving(how).join(' ')}`,
    );
    const options = { timeoutMs: BOUND, env: { ...env, RECONCILE_TRANSFER_TIMEOUT: '1s' } };
    const outcome = await pass(fleet, [], options);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'sync', promoted: false });
    await expectNothingLeft();
  });
});

it('a provide command that does not end is ended with the trial', async () => {
  await fleet.recipe('base', V1);
  await fleet.recipe('shop', V1, {
    dependsOn: [{ name: 'base', provide: misbehaving('clears-its-environment') }],
    timeout: '5s',
  });
  const outcome = await pass(fleet, [], { timeoutMs: BOUND });
  expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'timeout', step: 'install', promoted: false });
  await expectNothingLeft();
});

it('what a git leaves running that ended well ends with the pass', async () => {
  await fleet.recipe('shop', V1);
  const leave = misbehaving('ends-and-leaves-a-daemon').join(' ');
  const env = await fakeGit(fleet.folder, `[ "$subcommand" = ls-remote ] && ${leave}`);
  expect(decisions(await pass(fleet, [], { env }))).toEqual({ shop: 'in-sync' });
  expect(decisions(await pass(fleet, [], { env }))).toEqual({ shop: 'in-sync' });
  await expectNothingLeft();
});

/** Started, and hanging: something wrote its number. */
async function hanging(options: { env?: Record<string, string> } = {}): Promise<Running> {
  const started = fleet.start(['--once', '--json'], { timeoutMs: BOUND, ...options });
  while (running().length === 0) await Promise.race([sleep(20), failAfter(started.done)]);
  return started;
}

async function failAfter(done: Promise<Outcome>): Promise<never> {
  const { stdout, stderr } = await done;
  throw new Error(`the program ended before anything hung: ${stdout}${stderr}`);
}

describe('SIGTERM', () => {
  const HANG = `exec sh ${MISBEHAVE} ignores-sigterm`;
  const hangingGit = (condition: string) => (): Promise<{ PATH: string }> =>
    fakeGit(fleet.folder, `if ${condition}; then ${HANG} ${pids}; fi`);

  it('while an upstream hangs exits at once: nothing was begun', async () => {
    await fleet.recipe('shop', V1);
    const started = await hanging({ env: await hangingGit('[ "$subcommand" = ls-remote ]')() });
    started.process.kill('SIGTERM');
    expect((await started.done).code).toBe(1);
    await expectNothingLeft();
  });

  it('while another machine may hold the lease exits at once, and leaves that lease alone', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    const terms = join(fleet.state, '.reconcile', 'terms');
    await mkdir(join(terms, 'elsewhere'), { recursive: true });
    const holder = {
      ...{
        term: 'elsewhere',
        host: 'elsewhere',
        bootId: 'another',
        pidNamespace: 'x',
        pid: 1,
        processStart: '1',
      },
      ...{ since: new Date().toISOString(), doing: 'observing', ttlMs: 600_000, phase: 'holder' },
      ...{ beat: { count: 1, uptimeMs: 1 }, mark: '0123456789abcdef0123456789abcdef' },
    };
    await writeFile(join(terms, 'elsewhere', 'holder.json'), JSON.stringify(holder));
    const started = fleet.start(['--once', '--json'], { timeoutMs: BOUND });
    while ((await readdir(terms)).length < 2) await sleep(20);
    started.process.kill('SIGTERM');
    expect((await started.done).code).toBe(1);
    expect(await readdir(terms)).toEqual(['elsewhere']);
  });

  const check = (phase: string) => ({
    checks: [{ name: 'endless', phase, command: misbehaving('ignores-sigterm'), timeout: '10m' }],
  });

  it.each<[string, () => Record<string, unknown>, () => Promise<{ PATH: string }> | null]>([
    ['sync', () => ({}), hangingGit('[ "$subcommand" = fetch ]')],
    ['checkout', () => ({}), hangingGit('[ "$subcommand" = clone ]')],
    ['install', () => check('installed'), () => null],
    ['upgrade', () => check('afterUpgrade'), () => null],
    ['rest', () => ({}), () => fakeCommand(fleet.folder, 'sync', `${HANG} ${pids}`)],
    ['promote', () => ({}), hangingGit('[ "$subcommand" = ls-remote ] && [ "$calls" -eq 2 ]')],
    ['promote', () => ({}), hangingGit('[ "$subcommand" = update-ref ] && [ "$calls" -eq 1 ]')],
  ])('ends a trial in its step %s as interrupted, and takes it down', async (step, spec, make) => {
    const upstream = await fleet.recipe('shop', V1);
    if (step === 'upgrade') {
      await pass(fleet);
      await upstream.release(V2);
    }
    await fleet.manifest('shop', { ...fleet.storeSpec(), timeout: '10m', ...spec() });
    const env = await make();
    const started = await hanging(env === null ? {} : { env });
    started.process.kill('SIGTERM');
    const outcome = await started.done;
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'interrupted', step, promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain('SIGTERM');
    await expectNothingLeft();
  });

  it('a second time exits at once with 1, and the next start cleans up', async () => {
    await fleet.recipe('shop', V1, {
      app: { process: { command: misbehaving('ignores-sigterm'), volumes: ['data'] } },
      health: { timeout: '10m', stableFor: '0s' },
    });
    const started = await hanging();
    started.process.kill('SIGTERM');
    started.process.kill('SIGINT');
    const outcome = await started.done;
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(running()).not.toEqual([]);
    await fleet.manifest('shop');
    const next = await pass(fleet);
    expect(next.stderr).toContain('cleaning up after a term');
    expect(decisions(next)).toEqual({ shop: 'in-sync' });
    const [first = ''] = (await readdir(join(fleet.state, 'shop', 'trials'))).toSorted();
    const trial: unknown = JSON.parse(
      await readFile(join(fleet.state, 'shop', 'trials', first, 'trial.json'), 'utf8'),
    );
    expect(trial).toMatchObject({ verdict: 'interrupted' });
    await expectNothingLeft();
  });
});
