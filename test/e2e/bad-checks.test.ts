/** Checks that fail, hang, hide or talk too much. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

describe('checks', () => {
  const checked = (command: string[], timeout = '20s') => ({
    checks: [{ name: 'mine', phase: 'installed', command, timeout }],
  });
  const cases: [string, string[], string, string, string][] = [
    ['fails', ['sh', '-c', 'echo not good enough; exit 4'], '20s', 'red', 'exit code 4'],
    ['cannot be run', ['./no-such-check'], '20s', 'red', 'could not run check mine'],
    ['hangs', ['sleep', '600'], '1s', 'timeout', 'did not end within 1 s'],
    [
      'hangs, and hides in another session',
      ['sh', '-c', 'setsid sleep 600 & setsid sleep 601'],
      '1s',
      'timeout',
      'did not end',
    ],
  ];

  it.each(cases)('one that %s', async (_, command, timeout, verdict, message) => {
    await fleet.recipe('shop', V1, checked(command, timeout));
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict, step: 'install', promoted: false });
    expect(trial?.message).toContain(message);
    await expectInvariants(fleet);
  });

  it('one that writes a gigabyte costs neither memory nor disk', async () => {
    await fleet.recipe(
      'shop',
      V1,
      checked(['sh', '-c', 'yes | head -c 1000000000; echo; echo the end; exit 1'], '40s'),
    );
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'red' });
    expect(row(outcome, 'shop').trial?.message).toContain('the end');
    const log = join(fleet.state, 'shop', 'trials', row(outcome, 'shop').trial?.id ?? '', 'install.log');
    expect((await readFile(log)).length).toBeLessThan(5 * 1024 * 1024);
    await expectInvariants(fleet);
  });

  it('one that leaves something running passes, and what it left is ended', async () => {
    await fleet.recipe('shop', V1, checked(['sh', '-c', 'setsid sleep 600 >/dev/null 2>&1 & exit 0']));
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});
