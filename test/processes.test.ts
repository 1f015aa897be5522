import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf, type ProcessId } from '../src/process-table.ts';
import { endProcesses, findProcesses } from '../src/processes.ts';
import { isAlive } from './actuators/drivers/process/harness.ts';
import { until } from './suites/driver.ts';

let folder: string;
let mark: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'processes-'));
  mark = `${randomBytes(16).toString('hex')}/trial-1`;
});
afterEach(async () => {
  // Each may lead a group that it has not outlived.
  for (const pid of [...(await pids()), ...children.splice(0).map(({ pid: own = 0 }) => own)]) {
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // Nothing of it is left.
      }
    }
  }
  await rm(folder, { recursive: true, force: true });
});

/** Runs a script in the folder, with the mark where one is given. */
function shell(script: string, ownMark: string | null = mark, cwd = folder): number {
  const env = {
    PATH: process.env['PATH'],
    F: folder,
    ...(ownMark === null ? {} : { RECONCILE_MARK: ownMark }),
  };
  const child = spawn('sh', ['-c', script], { cwd, env, stdio: 'ignore', detached: true });
  children.push(child);
  return child.pid ?? 0;
}

const pids = async (): Promise<number[]> =>
  (await readFile(join(folder, 'pids'), 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
const written = async (count: number): Promise<number[]> => {
  await until(async () => (await pids()).length >= count);
  return await pids();
};
const found = (options?: Parameters<typeof findProcesses>[1], of = mark): number[] =>
  findProcesses(of, options)
    .map(({ pid }) => pid)
    .toSorted((a, b) => a - b);
const sorted = (...numbers: number[]): number[] => numbers.toSorted((a, b) => a - b);
const idOf = (pid: number): ProcessId => ({ pid, startTime: startTimeOf(pid) ?? 'gone' });

/** Ends at once, leaving behind what cleared its environment, left its session and has no parent any more. */
const daemon = `env -i setsid sh -c 'echo $$ >> "$0"; exec sleep 60' "$F/pids" &`;

describe('a process belongs to a mark', () => {
  it('that stands in its environment, whole or as the beginning of a longer one', async () => {
    const [exact, below, beside, other] = [mark, `${mark}/app`, `${mark}0`, mark.slice(0, -1)].map((each) =>
      shell('exec sleep 60', each),
    ) as [number, number, number, number];
    await until(() => found().length === 2);
    expect(found()).toEqual(sorted(exact, below));
    expect(found({}, `${mark}/app`)).toEqual([below]);
    expect(found({}, mark.slice(0, mark.indexOf('/')))).toEqual(sorted(exact, below, beside, other));
  });

  it('that an ancestor of it carries', async () => {
    const parent = shell('env -i setsid sh -c \'echo $$ >> "$0"; sleep 60; :\' "$F/pids"; :');
    const [child = 0] = await written(1);
    await until(() => found().length === 3);
    expect(found()).toEqual(expect.arrayContaining([parent, child]));
  });

  it('whose process leads its group or session, or did before it ended', async () => {
    const leader = shell(`env -i sh -c 'echo $$ >> "$0"; exec sleep 60' "$F/pids" & wait`);
    const [member = 0] = await written(1);
    const remembered = [idOf(leader)];
    process.kill(leader, 'SIGKILL');
    await until(() => !isAlive(leader));
    expect(found()).toEqual([]);
    expect(found({ remembered })).toEqual([member]);
  });

  it('if it was seen to belong before', async () => {
    const stranger = shell('exec sleep 60', null);
    expect(found()).toEqual([]);
    expect(found({ remembered: [idOf(stranger)] })).toEqual([stranger]);
  });

  it('not if its number was used before by another', async () => {
    const stranger = shell('sleep 60 & wait', null);
    const remembered = [{ pid: stranger, startTime: '1' }];
    expect(found({ remembered })).toEqual([]);
    expect(await endProcesses(mark, { graceMs: 0, remembered })).toBe(0);
    expect(isAlive(stranger)).toBe(true);
  });

  it('if it became a daemon in a folder of the work, however the folder is named by then', async () => {
    const place = join(folder, 'checkout');
    await mkdir(place);
    await symlink(place, join(folder, 'link'));
    shell(daemon, null, place);
    const [pid = 0] = await written(1);
    await until(() => found({ folders: [place] }).length === 1);
    expect(found({ folders: [place] })).toEqual([pid]);
    expect(found({ folders: [join(folder, 'link')] })).toEqual([pid]);
    expect(found({ folders: [join(folder, 'check')] })).toEqual([]);
    expect(found()).toEqual([]);
    await rename(place, join(folder, 'ended'));
    expect(found({ folders: [join(folder, 'ended')] })).toEqual([pid]);
    await rm(join(folder, 'ended'), { recursive: true });
    expect(found({ folders: [join(folder, 'ended')] })).toEqual([pid]);
  });

  it('if it holds a lifeline open, whatever else it left behind', async () => {
    const cutsTies = `cd /; exec env -i setsid sh -c 'echo $$ >> "$0"; exec sleep 60' "$F/pids"`;
    shell(`exec 9> "$F/lifeline-1"; (${cutsTies}) & exec 9>&-; (${cutsTies}) &`, null);
    const both = await written(2);
    const lifelines = [folder];
    await until(() => found({ lifelines }).length === 1);
    expect(both).toEqual(expect.arrayContaining(found({ lifelines })));
    expect(found({ lifelines: [join(folder, 'lifeline-1')] })).toEqual(found({ lifelines }));
    expect(found({ lifelines: [join(folder, 'lifeline-2')] })).toEqual([]);
  });

  it('not if somebody who works in that folder is no daemon, or has a mark of another', async () => {
    shell('echo $$ >> "$F/pids"; sleep 60', null);
    shell(`setsid sh -c 'echo $$ >> "$F/pids"; exec sleep 60' &`, 'e'.repeat(32));
    // At a terminal, as a person who looks around there; its parent is gone like a daemon's.
    shell(`script -qc 'sh -c "sleep 60 & echo \\$! >> pids"; sleep 60' /dev/null`, null);
    await written(3);
    expect(found({ folders: [folder] })).toEqual([]);
  });

  it('never if it is ourselves, or started us', () => {
    const remembered = [process.pid, process.ppid].map(idOf);
    expect(found({ remembered, folders: ['/'] })).not.toContain(process.pid);
    expect(found({ remembered })).toEqual([]);
  });

  it('not any more when it has ended and waits to be collected', async () => {
    // A parent that never asks how its child ended.
    shell(`sh -c 'echo $$ >> "$F/pids"' & exec env -i sleep 60`);
    const [zombie = 0] = await written(1);
    await until(() => !isAlive(zombie));
    expect(found()).not.toContain(zombie);
    expect(startTimeOf(zombie)).toBeNull();
  });
});

describe('ending', () => {
  it('counts what it ended, and finds nothing the second time', async () => {
    shell('sleep 60 & setsid sleep 60 & wait');
    await until(() => found().length === 3);
    expect(await endProcesses(mark, { graceMs: 2000 })).toBe(3);
    expect(found()).toEqual([]);
    expect(await endProcesses(mark, { graceMs: 2000 })).toBe(0);
  });

  it('lets a process end by itself, and waits no longer than that takes', async () => {
    shell(
      `trap 'sleep 0.1; echo 1 >> "$F/ended"; exit' TERM; echo $$ >> "$F/pids"; while :; do sleep 0.01; done`,
    );
    await written(1);
    const start = performance.now();
    await endProcesses(mark, { graceMs: 20_000 });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await readFile(join(folder, 'ended'), 'utf8')).toBe('1\n');
  });

  it('asks a stopped process too', async () => {
    const pid = shell(
      `trap 'echo 1 >> "$F/ended"; exit' TERM; echo $$ >> "$F/pids"; while :; do sleep 0.01; done`,
    );
    await written(1);
    process.kill(pid, 'SIGSTOP');
    await endProcesses(mark, { graceMs: 20_000 });
    expect(await readFile(join(folder, 'ended'), 'utf8')).toBe('1\n');
  });

  it('kills what does not want to end', async () => {
    shell(`trap '' TERM; echo $$ >> "$F/pids"; while :; do sleep 0.01; done`);
    const [pid = 0] = await written(1);
    const start = performance.now();
    await endProcesses(mark, { graceMs: 300 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(300);
    expect(isAlive(pid)).toBe(false);
  });

  it('beats processes that start themselves anew faster than they are killed', async () => {
    // Each waits for its child to be killed and starts two; none listens to SIGTERM.
    const respawn = `trap "" TERM HUP; echo $$ >> "$F/pids"; n=0; while [ $n -lt 40 ]; do n=$((n+1)); (trap "" TERM; sleep 0.05 & wait; sleep 60) & [ $((n % 4)) = 0 ] && wait $!; done; wait`;
    for (let count = 0; count < 5; count++) shell(respawn);
    await until(() => found().length > 20);
    await endProcesses(mark, { graceMs: 0 });
    expect(found()).toEqual([]);
    expect((await pids()).filter(isAlive)).toEqual([]);
  });

  it('knows again by its group what was born and orphaned between two looks', async () => {
    const leader = shell(
      `trap '(env -i sleep 60 & echo $! >> "$F/pids"); exit' TERM; echo $$ >> "$F/pids"; while :; do sleep 0.01; done`,
    );
    await written(1);
    await endProcesses(mark, { graceMs: 3000, remembered: [idOf(leader)] });
    const [, born = 0] = await written(2);
    expect(isAlive(born)).toBe(false);
  });
});
