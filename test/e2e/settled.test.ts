/**
 * What a pass remembers of recipes that are settled changes nothing of what is said: after each change of the world a plan
 * that goes by it, and one that has nothing to go by, say the same.
 */
import { mkdir, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row, Settled } from '../../src/reconciler/model.ts';
import { packSettled, type Entry } from '../../src/state/settled.ts';
import { Fleet, type Outcome, type RunOptions } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { leaveGeneration } from './leftovers.ts';
import { pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const PRELOAD = new URL('../fixtures/clock.mjs', import.meta.url).href;

interface Passes {
  last: { recipes: Row[] };
  settled: { by: string; at: string; recipes: Entry[]; check: string };
}

let fleet: Fleet;
let mirrors: HttpGit;

const passesFile = () => join(fleet.state, '.reconcile', 'passes.json');
const stored = (...path: string[]) => join(fleet.state, ...path);
const upstreamOf = (name: string) => UpstreamRepo.open(join(fleet.upstreams, name));

async function readPasses(): Promise<Passes> {
  const passes: Passes = JSON.parse(await readFile(passesFile(), 'utf8'));
  return passes;
}

const settledNow = async () => (await readPasses()).settled.recipes.map(({ recipe }) => recipe).toSorted();

async function mirrored(name: string): Promise<void> {
  const mirror = await UpstreamRepo.create(join(fleet.folder, 'mirrors', `${name}.git`));
  await mirror.git('config', 'core.bare', 'true');
  await fleet.recipe(name, V1, { mirror: { url: mirrors.url(`${name}.git/.git`) } });
}

/** What was written a moment ago is looked at in full, until it is old enough to be told from what comes next. */
async function passUntilSettled(names: readonly string[]): Promise<void> {
  // The first of them seeds all.
  do await pass(fleet, [], { timeoutMs: 150_000 });
  while (!isSubset(names, await settledNow()));
}

const isSubset = (some: readonly string[], all: readonly string[]) =>
  some.every((each) => all.includes(each));

/** Without the moment at which it was said. */
function said(outcome: Outcome): unknown {
  const { observedAt: _, recipes = [], ...rest } = outcome.json ?? {};
  return { ...rest, recipes: recipes.map(({ observedAt: __, ...each }) => each), code: outcome.code };
}

async function alter(change: (passes: Passes) => unknown): Promise<void> {
  await writeFile(passesFile(), JSON.stringify(change(await readPasses())));
}

async function forgetting<T>(work: () => Promise<T>): Promise<T> {
  const text = await readFile(passesFile(), 'utf8');
  const { settled: _, ...passes } = JSON.parse(text) as Record<string, unknown>;
  await writeFile(passesFile(), JSON.stringify(passes));
  try {
    return await work();
  } finally {
    await writeFile(passesFile(), text);
  }
}

/** Returns what both said. */
async function expectTheSame(options: RunOptions = {}): Promise<Outcome> {
  const planned = async () => await fleet.reconcile(['plan', '--json'], options);
  const [with_, without] = [await planned(), await forgetting(planned)];
  expect(said(with_)).toEqual(said(without));
  return with_;
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function trialFolder(name: string): Promise<string> {
  const [id = ''] = await readdir(stored(name, 'trials'));
  return stored(name, 'trials', id);
}

type Change = [name: string, change: (name: string) => Promise<unknown>, found: Record<string, unknown>];

/** Each is done to a recipe of its own, and what every look must find of it. */
const CHANGES: readonly Change[] = [
  [
    'volume-gone',
    (name) => rm(stored(name, 'generations/1/volumes/data'), { recursive: true }),
    { reason: 'volume-missing' },
  ],
  [
    'volume-changed',
    (name) => writeFile(stored(name, 'generations/1/volumes/data/more'), 'more'),
    { reason: 'volume-changed' },
  ],
  [
    'volume-touched',
    (name) => utimes(stored(name, 'generations/1/volumes/data'), 1, 1),
    { decision: 'in-sync' },
  ],
  ['secret-gone', (name) => rm(stored(name, 'generations/1/secrets/key')), { reason: 'volume-missing' }],
  [
    'record-edited',
    (name) =>
      edit(stored(name, 'canonical.json'), (text) =>
        text.replace(/(?<="commit": ")./, (digit) => (digit === '0' ? '1' : '0')),
      ),
    { reason: 'record-mismatch' },
  ],
  ['record-gone', (name) => rm(stored(name, 'canonical.json')), { decision: 'seed' }],
  [
    'record-damaged',
    (name) => writeFile(stored(name, 'canonical.json'), '{'),
    { reason: 'record-unreadable' },
  ],
  [
    'status-edited',
    (name) =>
      edit(stored(name, 'status.json'), (text) => {
        const rebuild = { generation: 1, at: '2026-06-17T06:55:32.000Z' };
        return JSON.stringify({ ...(JSON.parse(text) as object), rebuild });
      }),
    { reason: 'rebuild-requested' },
  ],
  [
    'status-replaced',
    async (name) => {
      await writeFile(stored(name, 'other'), '[]');
      await rename(stored(name, 'other'), stored(name, 'status.json'));
    },
    { reason: 'record-unreadable' },
  ],
  ['tag-added', (name) => upstreamOf(name).release(V2), { reason: 'newer-release' }],
  ['tag-ignored', (name) => upstreamOf(name).tag('latest'), { decision: 'in-sync' }],
  [
    'tag-moved',
    async (name) => {
      await upstreamOf(name).commit({ other: 'tree' });
      await upstreamOf(name).moveTag(V1);
    },
    { reason: 'tag-moved' },
  ],
  [
    'tag-gone',
    async (name) => {
      await upstreamOf(name).tag('latest');
      await upstreamOf(name).deleteTag(V1);
    },
    { reason: 'release-withdrawn' },
  ],
  [
    'upstream-gone',
    (name) => rename(join(fleet.upstreams, name), join(fleet.upstreams, 'elsewhere')),
    { reason: 'upstream-unreachable' },
  ],
  [
    'generation-gone',
    (name) => rm(stored(name, 'generations/1'), { recursive: true }),
    { decision: 'repair' },
  ],
  [
    'generation-left',
    (name) => leaveGeneration(fleet, name, 2),
    { leftovers: [expect.objectContaining({ kind: 'generation' })] },
  ],
  [
    'trial-left',
    (name) => mkdir(stored(name, `trials/20260617T065402Z-${name}-7`)),
    { leftovers: [expect.objectContaining({ kind: 'trial' })] },
  ],
  [
    'trial-damaged',
    async (name) => await writeFile(join(await trialFolder(name), 'trial.json'), '{'),
    { leftovers: [expect.objectContaining({ kind: 'trial' })] },
  ],
  [
    'trial-open',
    async (name) =>
      await edit(join(await trialFolder(name), 'trial.json'), (text) =>
        text.replace(/"endedAt": "[^"]*",\n {2}"uptime"/, '"endedAt": null,\n  "uptime"'),
      ),
    { leftovers: [expect.objectContaining({ kind: 'trial' })] },
  ],
  [
    'stranger-left',
    (name) => writeFile(stored(name, 'notes.txt'), ''),
    { leftovers: [expect.objectContaining({ kind: 'stranger' })] },
  ],
  [
    'lock-left',
    (name) => writeFile(stored(name, 'mirror.git/packed-refs.lock'), ''),
    { leftovers: [expect.objectContaining({ kind: 'mirror-lock' })] },
  ],
  [
    'mirror-changed',
    (name) => UpstreamRepo.open(join(fleet.folder, 'mirrors', `${name}.git`)).deleteTag(V1),
    { decision: 'in-sync', mirror: expect.objectContaining({ state: 'differs', due: true }) },
  ],
];
const OTHERS = ['needy', 'needed', 'untouched'];
const ALL = [...CHANGES.map(([name]) => name), ...OTHERS];

beforeAll(async () => {
  fleet = await Fleet.create();
  await mkdir(join(fleet.folder, 'mirrors'));
  mirrors = await HttpGit.start(join(fleet.folder, 'mirrors'));
  mirrors.writable = true;
  await fleet.reconciler({ concurrency: { trials: 4 } });
  for (const name of ALL) {
    if (name === 'mirror-changed') await mirrored(name);
    else if (name === 'needy') await fleet.recipe(name, V1, { dependsOn: ['needed'] });
    else await fleet.recipe(name, V1, fleet.storeSpec({ secrets: ['key'] }));
  }
  await passUntilSettled(ALL);
}, 180_000);

afterAll(async () => {
  await mirrors.close();
  await fleet.dispose();
});

describe('what is remembered of settled recipes', () => {
  it('is what is said of them', async () => {
    const text = await readFile(passesFile(), 'utf8');
    const passes = await readPasses();
    const rows = passes.last.recipes.map((each) => ({ ...each, message: 'as it was remembered' }));
    const byName = new Map(rows.map((each) => [each.recipe, each]));
    const settled = passes.settled.recipes.flatMap(({ recipe, ...known }): [string, Settled][] => {
      const found = byName.get(recipe);
      return found === undefined ? [] : [[recipe, { ...known, row: found }]];
    });
    const last = { ...passes.last, recipes: rows };
    const { by, at } = passes.settled;
    const altered = { ...passes, last, settled: packSettled(by, at, new Map(settled)) };
    await writeFile(passesFile(), JSON.stringify(altered));
    expect(row(await plan(fleet), 'untouched').message).toBe('as it was remembered');
    // Not if anything of it is not as it was written.
    await writeFile(passesFile(), JSON.stringify({ ...altered, settled: passes.settled }));
    expect(row(await plan(fleet), 'untouched').message).toBe(`the canonical is the newest release ${V1}`);
    await writeFile(passesFile(), text);
  });

  it.each(CHANGES)('does not hide what happens to %s', async (name, change, found) => {
    await change(name);
    expect(row(await expectTheSame(), name)).toMatchObject(found);
  });

  it('serves those that need a settled recipe', async () => {
    await upstreamOf('needy').release(V2);
    const planned = await expectTheSame();
    expect(row(planned, 'needy')).toMatchObject({ decision: 'advance', after: [] });
  });

  it('counts for the disk budget', async () => {
    // Of what is left over the whole size counts.
    await writeFile(stored('generation-left', 'generations/2/ballast'), '');
    await truncate(stored('generation-left', 'generations/2/ballast'), 2 * 1024 * 1024);
    await fleet.reconciler({ diskBudget: '2MiB' });
    await passUntilSettled(['untouched', 'needed', 'tag-ignored']);
    const planned = await expectTheSame();
    expect(row(planned, 'tag-added').reason).toBe('disk-budget');
    expect(row(planned, 'untouched').decision).toBe('in-sync');
  });

  it('is nothing to go by once a manifest is edited', async () => {
    const spec = { ...fleet.storeSpec({ secrets: ['key'] }), suspend: { reason: 'a holiday' } };
    await fleet.manifest('untouched', spec);
    expect(row(await expectTheSame(), 'untouched')).toMatchObject({
      decision: 'in-sync',
      suspended: { reason: 'a holiday' },
    });
    await pass(fleet);
    expect(await settledNow()).not.toContain('untouched');
    await fleet.manifest('untouched', fleet.storeSpec({ secrets: ['key'] }));
    await passUntilSettled(['untouched']);
  });

  it('is nothing to go by under a clock that was set back', async () => {
    const clock = join(fleet.folder, 'clock');
    await writeFile(clock, String(-86_400_000));
    const options = { env: { NODE_OPTIONS: `--import ${PRELOAD}`, CLOCK_FILE: clock } };
    await alter((passes) => ({ ...passes, last: { ...passes.last, recipes: [] } }));
    expect(row(await fleet.reconcile(['plan', '--json'], options), 'untouched').decision).toBe('in-sync');
    await expectTheSame(options);
  });

  it('says of a pass what a pass says that looks at everything', async () => {
    await passUntilSettled(['untouched', 'needed']);
    const without = await forgetting(async () => await pass(fleet));
    expect(said(await pass(fleet))).toEqual(said(without));
    expect(await settledNow()).toContain('untouched');
  });

  it('is taken for nothing where it is damaged', async () => {
    await alter((passes) => ({ ...passes, settled: { ...passes.settled, recipes: [] } }));
    expect(row(await expectTheSame(), 'untouched').decision).toBe('in-sync');
    await alter((passes) => ({ ...passes, settled: 'nothing' }));
    expect(row(await plan(fleet), 'untouched').decision).toBe('in-sync');
    expect(row(await pass(fleet), 'untouched').decision).toBe('in-sync');
  });
});
