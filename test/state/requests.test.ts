/** Requests on disk: left durably, answered in their own file, and never mistaken for anything else. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileDesk } from '../../src/actuators/requests.ts';
import { nameSelf } from '../../src/state/holder.ts';
import { Layout } from '../../src/state/layout.ts';
import { leaveRequest, requestEntries } from '../../src/state/requests.ts';
import { Term } from '../../src/state/term.ts';

const execute = promisify(execFile);
const GONE = { ...nameSelf(), pid: 2 ** 22 - 1 };
const FAR = { ...nameSelf(), host: 'elsewhere', bootId: 'another' };
const ANSWER = { obeyed: true, message: 'done' };

let layout: Layout;
let warnings: string[];

beforeEach(async () => {
  layout = new Layout(await mkdtemp(join(tmpdir(), 'requests-')));
  warnings = [];
});

afterEach(async () => {
  await rm(layout.root, { recursive: true });
});

async function desk() {
  const folder = join(layout.terms, 'term');
  await mkdir(folder, { recursive: true });
  const warn = (fields: object, message: string): void =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`);
  return fileDesk({ layout, term: new Term('term', folder, 'mark'), warn });
}

async function kinds(): Promise<Record<string, string>> {
  return Object.fromEntries((await requestEntries(layout)).map(({ name, kind }) => [name, kind]));
}

/** As another process would have stored it. */
async function store(name: string, over: Record<string, unknown> = {}): Promise<string> {
  const path = join(layout.requests, name);
  const id = name.replace(/\.json$/, '');
  const request = {
    id,
    at: '2026-06-17T06:55:32.000Z',
    asker: nameSelf(),
    wish: { verb: 'gc' },
    answer: null,
  };
  await mkdir(layout.requests, { recursive: true });
  await writeFile(path, JSON.stringify({ ...request, ...over }));
  return path;
}

async function makeOld(path: string): Promise<void> {
  const then = new Date(Date.now() - 120_000);
  await utimes(path, then, then);
}

describe('a request', () => {
  it('is found by whoever acts, and its answer by whoever asked', async () => {
    const left = await leaveRequest(layout, { verb: 'forget', recipe: 'app' });
    expect(await left.answer()).toBeNull();
    const holder = await desk();
    const [request] = await holder.pending();
    expect(request?.wish).toEqual({ verb: 'forget', recipe: 'app' });
    if (request !== undefined) await holder.answer(request, ANSWER);
    expect(await holder.pending()).toEqual([]);
    expect(await left.answer()).toEqual(ANSWER);
    await left.takeBack();
    expect(await readdir(layout.requests)).toEqual([]);
  });

  it('is obeyed in the order in which it was left', async () => {
    const names = ['2-b.json', '1-a.json', '3-c.json'];
    for (const name of names) await store(name);
    const found = await (await desk()).pending();
    expect(found.map(({ id }) => id)).toEqual(['1-a', '2-b', '3-c']);
  });

  it('whose asker is gone is answered to nobody and taken away', async () => {
    await store('1-a.json', { asker: GONE });
    const holder = await desk();
    for (const request of await holder.pending()) await holder.answer(request, ANSWER);
    expect(await readdir(layout.requests)).toEqual([]);
    expect(warnings.join()).toContain('nobody waits for');
  });

  it('that was taken back while it was obeyed is not brought back by its answer', async () => {
    const left = await leaveRequest(layout, { verb: 'gc' });
    const holder = await desk();
    const pending = await holder.pending();
    await left.takeBack();
    for (const request of pending) await holder.answer(request, ANSWER);
    expect(await readdir(layout.requests)).toEqual([]);
    expect(await left.answer()).toMatchObject({ obeyed: false });
  });

  it.each<[string, Record<string, unknown>, boolean, string]>([
    ['answered, while its asker lives', { answer: ANSWER }, true, 'in-hand'],
    ['answered, once its asker is gone', { answer: ANSWER, asker: GONE }, false, 'abandoned'],
    ['answered, with an asker on another machine', { answer: ANSWER, asker: FAR }, false, 'in-hand'],
    [
      'answered long ago, with an asker on another machine',
      { answer: ANSWER, asker: FAR },
      true,
      'abandoned',
    ],
    ['not answered, whoever asked, however long ago', { asker: GONE }, true, 'pending'],
  ])('is judged when %s', async (_, over, old, kind) => {
    const path = await store('1-a.json', over);
    if (old) await makeOld(path);
    expect(await kinds()).toEqual({ '1-a.json': kind });
  });

  it('that was never finished goes with its asker', async () => {
    await store('prepared-m1-00000001', { id: '1' });
    await store('prepared-m2-00000002', { id: '2', asker: GONE });
    await writeFile(join(layout.requests, 'prepared-m3-00000003'), '{"id":');
    await writeFile(join(layout.requests, 'prepared-m4-00000004'), '{"id":');
    await makeOld(join(layout.requests, 'prepared-m4-00000004'));
    expect(await kinds()).toEqual({
      'prepared-m1-00000001': 'in-hand',
      'prepared-m2-00000002': 'abandoned',
      'prepared-m3-00000003': 'in-hand',
      'prepared-m4-00000004': 'abandoned',
    });
    await (await desk()).pending();
    expect((await readdir(layout.requests)).toSorted()).toEqual([
      'prepared-m1-00000001',
      'prepared-m3-00000003',
    ]);
  });
});

describe('what is no request', () => {
  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a pipe that nobody writes to', (path) => execute('mkfifo', [path])],
    ['a link', (path) => symlink('/etc/passwd', path)],
    ['a folder', (path) => mkdir(path)],
    ['any bytes', (path) => writeFile(path, Buffer.from([0, 1, 2, 255]))],
    ['a name that leaves its folder', () => store('1-a.json', { wish: { verb: 'forget', recipe: '../x' } })],
    ['another name than its own', () => store('1-a.json', { id: '2-b' })],
    ['a wish that nobody knows', () => store('1-a.json', { wish: { verb: 'destroy' } })],
    ['more than any request takes', (path) => writeFile(path, ' '.repeat(100_000))],
  ])('is reported once and left alone: %s', async (_, make) => {
    await mkdir(layout.requests, { recursive: true });
    await make(join(layout.requests, '1-a.json'));
    const holder = await desk();
    expect(await holder.pending()).toEqual([]);
    expect(await holder.pending()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(await kinds()).toEqual({ '1-a.json': 'stranger' });
  });

  it('is not there at all in most state folders', async () => {
    expect(await (await desk()).pending()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('is a file in the place of the folder: reported, and holds nobody up', async () => {
    await mkdir(layout.own, { recursive: true });
    await writeFile(layout.requests, 'mine');
    expect(await (await desk()).pending()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(await readFile(layout.requests, 'utf8')).toBe('mine');
  });
});
