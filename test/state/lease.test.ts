import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CannotRun, Fenced } from '../../src/reconciler/errors.ts';
import { Layout } from '../../src/state/layout.ts';
import { abandonedPreparations, acquireLease, currentHolder } from '../../src/state/lease.ts';

let layout: Layout;
const children: ChildProcess[] = [];

beforeEach(async () => {
  layout = new Layout(await mkdtemp(join(tmpdir(), 'lease-')));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(layout.root, { recursive: true, force: true });
});

/** What a holder's file would say if another process, boot or machine had written it. */
async function pretend(change: (holder: Record<string, unknown>) => void): Promise<void> {
  const lease = await acquireLease(layout, 60_000);
  const folder = join(layout.root, 'copy');
  await cp(lease.term.folder, folder, { recursive: true });
  await lease.release();
  const file = join(folder, 'holder.json');
  const holder: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
  change(holder);
  await writeFile(file, JSON.stringify(holder));
  await cp(folder, join(layout.terms, 'another'), { recursive: true });
  await rm(folder, { recursive: true });
}

async function livingProcess(): Promise<{ pid: number; processStart: string }> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const processStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid: child.pid ?? 0, processStart };
}

describe('the lease', () => {
  it('is refused while another process holds it, naming host, pid, since when and what it does', async () => {
    const { pid, processStart } = await livingProcess();
    await pretend((holder) => Object.assign(holder, { pid, processStart, host: 'box', doing: 'trial x' }));
    const refused = acquireLease(layout, 60_000);
    await expect(refused).rejects.toThrow(CannotRun);
    await expect(refused).rejects.toThrow(new RegExp(`host box, pid ${pid}, since .*, doing: trial x`));
    expect(await readdir(layout.terms)).toEqual(['another']);
    expect(await currentHolder(layout)).toMatchObject({ pid, doing: 'trial x' });
  });

  it.each<[string, (holder: Record<string, unknown>) => void]>([
    ['a process that is gone', (holder) => Object.assign(holder, { pid: 2 ** 22 - 1 })],
    ['a pid that is another process by now', (holder) => Object.assign(holder, { pid: 1 })],
    ['an earlier boot of this machine', (holder) => Object.assign(holder, { bootId: 'earlier' })],
    ['a process that has not renewed it in time', (holder) => Object.assign(holder, { ttlMs: -1 })],
    [
      'nobody, with a lease for ever',
      (holder) => Object.assign(holder, { bootId: 'other', host: 'x', ttlMs: 1e18 }),
    ],
    ['nobody, with a mark that others may carry', (holder) => Object.assign(holder, { mark: '' })],
  ])('of %s is taken over at once, and left to be cleaned up', async (_, change) => {
    await pretend(change);
    const lease = await acquireLease(layout, 60_000);
    expect(await readdir(layout.terms)).toEqual([lease.term.id]);
    expect(await readdir(layout.ended)).toEqual(['another']);
    await lease.release();
  });

  it('of another machine is taken over only after its beat has not moved for a whole lease', async () => {
    await pretend((holder) => Object.assign(holder, { bootId: 'other', host: 'far-away', ttlMs: 300 }));
    const started = performance.now();
    const lease = await acquireLease(layout, 60_000);
    expect(performance.now() - started).toBeGreaterThan(290);
    await lease.release();
  });

  it('leaves nothing when it is released', async () => {
    const lease = await acquireLease(layout, 60_000);
    await lease.term.makeFolder('work');
    await lease.release();
    expect(await readdir(layout.terms)).toEqual([]);
    expect(await readdir(layout.ended)).toEqual([]);
    expect((await readdir(layout.own)).toSorted()).toEqual(['ended', 'terms']);
  });

  it.each([
    ['long ago', -120_000],
    ['under a clock that was a year ahead', 365 * 86_400_000],
  ])('asked for by one that was killed %s, before it said a word, is cleaned up after', async (_, ms) => {
    const [old, fresh] = [
      join(layout.own, 'prepared-0123456789ab-7-7-old'),
      join(layout.own, 'prepared-0123456789ab-7-7-now'),
    ];
    await mkdir(old, { recursive: true });
    await mkdir(fresh);
    const at = (Date.now() + ms) / 1000;
    await utimes(old, at, at);
    expect(await abandonedPreparations(layout)).toEqual([old]);
  });

  it('goes to one of many that ask at the same time', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLease(layout, 60_000)));
    const got = asked.filter((each) => each.status === 'fulfilled');
    expect(got.length).toBe(1);
    expect((await readdir(layout.terms)).length).toBe(1);
  });

  it('is known to be lost at the next beat after somebody took it over', async () => {
    const lease = await acquireLease(layout, 90);
    const lost = once(lease.term.lost, 'abort');
    await rm(lease.term.folder, { recursive: true });
    await lost;
    expect(lease.term.lost.reason).toBeInstanceOf(Fenced);
    await lease.release();
  });

  it('that cannot be renewed says so, and when it can be again', async () => {
    const lease = await acquireLease(layout, 90);
    const holder = join(lease.term.folder, 'holder.json');
    const said: unknown[] = [];
    await rm(holder);
    await mkdir(holder);
    await new Promise<void>((resolve) =>
      lease.whenRenewalChanges((error) => {
        said.push(error);
        if (error === null) resolve();
        else void rm(holder, { recursive: true });
      }),
    );
    expect(said.map(String)).toEqual([expect.stringContaining('EISDIR'), 'null']);
    expect(lease.term.lost.aborted).toBe(false);
    await lease.release();
  });
});
