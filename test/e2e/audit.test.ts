/** `reconcile audit` on a real fleet: it upholds what is so, and finds whatever somebody changed behind its back. */
import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from '../../src/reconciler/model.ts';
import { Fleet, type Outcome, type Running } from '../fixtures/fleet.ts';
import { changedPaths, listFolder } from '../fixtures/folder-listing.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { pass } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const OTHER = '3'.repeat(40);

/** A fleet of its own for each test, as like the first as `cp -a` makes it: shop at generation 2, keeping 1; web at 1. */
let fleet: Fleet;
let copies = 0;

beforeAll(async () => {
  fleet = await Fleet.create();
  const spec = fleet.storeSpec({ secrets: ['password'] });
  const shop = await fleet.recipe('shop', V1, spec);
  await pass(fleet);
  await shop.release(V2);
  await fleet.recipe('web', V1, { dependsOn: ['shop'] });
  expect((await pass(fleet)).code).toBe(0);
});

afterAll(async () => {
  await expectInvariants(fleet);
  await fleet.dispose();
});

interface Copy {
  folder: string;
  state: string;
  manifests: string;
  upstream: UpstreamRepo;
  /** A path inside the recipe shop's folder. */
  shop: (...path: string[]) => string;
  /** The trial that a generation of shop came from. */
  trial: (generation: number) => Promise<string>;
}

async function copyOfFleet(): Promise<Copy> {
  const folder = join(fleet.folder, `copy-${++copies}`);
  await mkdir(folder);
  for (const part of ['state', 'manifests', 'upstream'])
    execFileSync('cp', ['-a', join(fleet.folder, part), folder]);
  const state = join(folder, 'state');
  const shop = (...path: string[]): string => join(state, 'shop', ...path);
  const trial = async (generation: number): Promise<string> => {
    const { trial: id } = await readJson(shop('generations', String(generation), 'generation.json'));
    return String(id);
  };
  return {
    folder,
    state,
    manifests: join(folder, 'manifests'),
    upstream: UpstreamRepo.open(join(folder, 'upstream', 'shop')),
    shop,
    trial,
  };
}

async function audit({ state, manifests }: Pick<Copy, 'state' | 'manifests'>, ...args: string[]) {
  return await fleet.reconcile(['audit', '--json', ...args], { state, manifests });
}

interface Group {
  recipe: string;
  claims: Claim[];
}

const claimsIn = ({ json }: Outcome): [string, Claim][] =>
  [
    ...((json?.recipes ?? []) as unknown as Group[]),
    { recipe: '-', claims: json?.['besides'] as Claim[] },
  ].flatMap(({ recipe, claims }) => claims.map((claim): [string, Claim] => [recipe, claim]));

/** Whatever does not hold, as `recipe about`, sorted. */
const faults = (outcome: Outcome): string[] =>
  claimsIn(outcome)
    .filter(([, { outcome: is }]) => is === 'wrong' || is === 'unchecked')
    .map(([recipe, { about, outcome: is }]) => `${recipe} ${about}${is === 'unchecked' ? ' ?' : ''}`)
    .toSorted();

const wordsOn = (outcome: Outcome, about: string): string =>
  claimsIn(outcome)
    .filter(([, claim]) => claim.about === about && claim.outcome !== 'ok')
    .map(([, { claim, found, hint }]) => `${claim}: ${found} -> ${hint}`)
    .join('\n');

async function readJson(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}

async function edit(path: string, change: (stored: Record<string, unknown>) => void): Promise<void> {
  const stored = await readJson(path);
  change(stored);
  await writeFile(path, JSON.stringify(stored, null, 2));
}

/** One byte of a file, and everything else about it as it was. */
async function flipSilently(path: string): Promise<void> {
  const { atimeMs, mtimeNs } = await stat(path, { bigint: true });
  const bytes = await readFile(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(path, bytes);
  execFileSync('touch', [
    '-m',
    '-d',
    `@${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`,
    path,
  ]);
  expect(Number(atimeMs)).toBeGreaterThan(0);
}

describe('a fleet that nobody touched', () => {
  it.each([[[]], [['--deep']]])('holds in every claim %j, and exits 0', async (args) => {
    const outcome = await audit(await copyOfFleet(), ...args);
    expect(faults(outcome)).toEqual([]);
    expect(outcome.code).toBe(0);
    expect(outcome.json).toMatchObject({
      apiVersion: 'reconcile/v1',
      kind: 'Audit',
      exitCode: 0,
      deep: args.length > 0,
      summary: { wrong: 0, unchecked: 0, unclaimed: 0 },
    });
    const about = new Set(claimsIn(outcome).map(([, claim]) => claim.about));
    expect([...about].toSorted()).toEqual([
      ...['commit', 'generation', 'kept', 'leftovers', 'mirror', 'mirror-kept', 'mirror-tag', 'newest'],
      ...['others', 'record', 'release', 'secret', 'trial', 'trial-alone', 'trial-base', 'trial-program'],
      ...['trial-steps', 'trial-tested', 'trial-verdict', 'volume'],
    ]);
  });

  it('is told to people line by line, wrong ones in capitals, with a sum at the end', async () => {
    const copy = await copyOfFleet();
    await copy.upstream.deleteTag(V2);
    const { stdout, code } = await fleet.reconcile(['audit'], copy);
    expect(code).toBe(2);
    expect(stdout).toContain('  ok       the record of shop can be read\n');
    expect(stdout).toMatch(
      / {2}WRONG {4}1\.1\.0\+1\.1 is a release tag of .*: upstream has no such tag now\n {11}do: reconcile accept shop\n/,
    );
    expect(stdout).toMatch(/\n\d+ claims: \d+ hold, 1 wrong, 0 cannot be checked\n$/);
  });

  it('is changed by an audit in nothing', async () => {
    const copy = await copyOfFleet();
    const before = await listFolder(copy.folder);
    await audit(copy, '--deep');
    expect(changedPaths(before, await listFolder(copy.folder))).toEqual([]);
  });

  it('is asked for its tags once for each recipe', async () => {
    const copy = await copyOfFleet();
    const server = await HttpGit.start(join(copy.folder, 'upstream'));
    try {
      const manifest = join(copy.manifests, 'shop.yaml');
      await writeFile(
        manifest,
        (await readFile(manifest, 'utf8')).replace('../upstream/shop', server.url('shop')),
      );
      const outcome = await audit(copy);
      expect(faults(outcome)).toEqual([]);
      expect(server.count('shop')).toBeLessThanOrEqual(2);
      server.mode = 'refuse';
      const blind = await audit(copy);
      expect(blind.code).toBe(2);
      expect(faults(blind)).toEqual(['shop release ?']);
      expect(wordsOn(blind, 'release')).toContain('cannot be checked');
    } finally {
      await server.close();
    }
  });
});

type Tamper = (copy: Copy) => Promise<void>;
const record = (change: (stored: Record<string, unknown>) => void): Tamper => {
  return (copy) => edit(copy.shop('canonical.json'), change);
};
const trial = (change: (stored: Record<string, unknown>) => void, generation = 2): Tamper => {
  return async (copy) => edit(copy.shop('trials', await copy.trial(generation), 'trial.json'), change);
};
const document = (change: (stored: Record<string, unknown>) => void, generation = 2): Tamper => {
  return (copy) => edit(copy.shop('generations', String(generation), 'generation.json'), change);
};
const inVolume = (generation: number, change: (folder: string) => Promise<void>): Tamper => {
  return (copy) => change(copy.shop('generations', String(generation), 'volumes', 'data'));
};

describe('what somebody changed is found, named, and nothing else is reported', () => {
  it.each<[string, Tamper, string[], string]>([
    [
      'one byte of a volume',
      inVolume(2, async (folder) => writeFile(join(folder, 'counter'), '9')),
      ['shop volume'],
      'volume data of generation 2 -> reconcile --once shop',
    ],
    [
      'a file more in a volume',
      inVolume(2, async (folder) => writeFile(join(folder, 'more'), '')),
      ['shop volume'],
      'volume data of generation 2',
    ],
    [
      'the mode of a file in a volume',
      inVolume(2, async (folder) => chmod(join(folder, 'counter'), 0o755)),
      ['shop volume'],
      'volume data of generation 2',
    ],
    [
      'a volume that is gone',
      inVolume(2, async (folder) => rm(folder, { recursive: true })),
      ['shop volume'],
      'there is no',
    ],
    [
      'a volume of a kept generation',
      inVolume(1, async (folder) => writeFile(join(folder, 'counter'), '9')),
      ['shop volume'],
      'volume data of generation 1 -> reconcile rebuild shop',
    ],
    [
      'a secret that is gone',
      async ({ shop }) => rm(shop('generations', '2', 'secrets', 'password')),
      ['shop secret'],
      'secret password of generation 2',
    ],
    [
      'a secret that everybody may read',
      async ({ shop }) => chmod(shop('generations', '2', 'secrets', 'password'), 0o644),
      ['shop secret'],
      'has mode 0644, expected 0600 -> chmod 600',
    ],
    [
      'a file beside the volumes',
      async ({ shop }) => writeFile(shop('generations', '2', 'volumes', 'notes'), ''),
      ['shop others'],
      'generations/2/volumes/notes',
    ],
    [
      'a tag that moved upstream',
      async ({ upstream }) => upstream.moveTag(V2, { at: V1 }),
      ['shop commit'],
      'reconcile accept shop',
    ],
    ['a tag that is gone upstream', async ({ upstream }) => upstream.deleteTag(V2), ['shop release'], V2],
    [
      'the commit of the record',
      record((stored) => (stored['commit'] = OTHER)),
      ['shop commit', 'shop generation', 'shop mirror', 'shop mirror-tag', 'shop trial-tested'],
      OTHER,
    ],
    [
      'the version of the record',
      record((stored) => (stored['version'] = V1)),
      ['shop commit', 'shop generation', 'shop mirror-tag', 'shop trial-tested'],
      V1,
    ],
    [
      'the version of the record, to none that there is',
      record((stored) => (stored['version'] = '9.9.9+9')),
      ['shop generation', 'shop release', 'shop trial-tested'],
      '9.9.9+9',
    ],
    [
      'a kept generation that the record no longer names',
      record((stored) => (stored['kept'] = [])),
      ['shop leftovers'],
      'shop/generations/1',
    ],
    [
      'a record that is no record',
      async ({ shop }) => writeFile(shop('canonical.json'), '{'),
      ['shop leftovers ?', 'shop record'],
      'canonical.json',
    ],
    [
      "a trial's verdict",
      trial((stored) => (stored['verdict'] = 'red')),
      ['shop trial-verdict'],
      'its verdict is red -> reconcile rebuild shop',
    ],
    [
      "a trial's commit",
      trial((stored) => (stored['commit'] = OTHER)),
      ['shop trial-tested'],
      `commit ${OTHER}`,
    ],
    [
      'whether a trial was promoted',
      trial((stored) => (stored['promoted'] = false)),
      ['shop trial-verdict'],
      'not promoted',
    ],
    [
      'the program that ran a trial, to another build',
      trial((stored) => (stored['program'] = { version: '0.0.9', commit: OTHER })),
      ['shop trial-program'],
      OTHER,
    ],
    [
      'the program that ran a trial, to none',
      trial((stored) => (stored['program'] = { version: '', commit: 'main' })),
      ['shop trial-program'],
      'no build of this program',
    ],
    [
      'a step of a trial',
      trial((stored) => Object.assign((stored['steps'] as object[])[3] ?? {}, { ok: false })),
      ['shop trial-steps'],
      'step upgrade failed',
    ],
    [
      "a kept generation's trial",
      trial((stored) => (stored['verdict'] = 'red'), 1),
      ['shop generation'],
      'generation 1, kept',
    ],
    [
      'a trial that is gone',
      async (copy) => rm(copy.shop('trials', await copy.trial(2)), { recursive: true }),
      ['shop trial'],
      'no such trial',
    ],
    [
      'what a generation says of itself',
      document((stored) => (stored['domain'] = 'elsewhere.localhost')),
      ['shop generation'],
      'domain elsewhere.localhost',
    ],
    [
      'what a kept generation says of itself',
      document((stored) => (stored['commit'] = OTHER), 1),
      ['shop generation', 'shop mirror-kept'],
      OTHER,
    ],
    [
      'a generation more',
      async ({ shop }) => {
        await cp(shop('generations', '2'), shop('generations', '7'), { recursive: true });
        await edit(shop('generations', '7', 'generation.json'), (stored) => (stored['generation'] = 7));
      },
      ['shop leftovers'],
      'shop/generations/7',
    ],
    [
      'the mirror',
      async ({ shop }) => rm(shop('mirror.git'), { recursive: true }),
      ['shop mirror'],
      'no mirror',
    ],
    [
      'a ref of the mirror',
      async ({ shop, upstream }) => {
        const ref = `refs/reconcile/kept/${await upstream.commitOf(V1)}`;
        execFileSync('git', ['update-ref', '-d', ref], { cwd: shop('mirror.git') });
      },
      ['shop mirror-kept'],
      'nothing keeps it',
    ],
    [
      'a record put back in time',
      async ({ shop }) => {
        const {
          manifest: _,
          secrets: __,
          program: ___,
          ...old
        } = await readJson(shop('generations', '1', 'generation.json'));
        const earlier = { ...old, kept: [], status: 'idle', ts: '20260617T065532Z' };
        await writeFile(shop('canonical.json'), JSON.stringify(earlier));
      },
      ['shop leftovers', 'shop newest'],
      'was promoted later',
    ],
    [
      "a stranger's folder among the recipes",
      async ({ state }) => mkdir(join(state, 'Backup of March')),
      ['- leftovers'],
      'Backup of March',
    ],
  ])('%s', async (_, tamper, expected, words) => {
    const copy = await copyOfFleet();
    await tamper(copy);
    const outcome = await audit(copy);
    expect(outcome.code).toBe(2);
    expect(faults(outcome)).toEqual(expected);
    const said = expected.map((each) => wordsOn(outcome, each.split(' ')[1] ?? '')).join('\n');
    for (const word of words.split(' -> ')) expect(said).toContain(word);
  });

  it('one byte of a volume, with its size and time put back: only reading everything shows it', async () => {
    const copy = await copyOfFleet();
    await flipSilently(copy.shop('generations', '2', 'volumes', 'data', 'migrations.log'));
    expect(faults(await audit(copy))).toEqual([]);
    const deep = await audit(copy, '--deep', 'shop');
    expect(faults(deep)).toEqual(['shop volume']);
    expect(wordsOn(deep, 'volume')).toContain('reconcile rebuild shop');
    expect((await fleet.reconcile(['rebuild', 'shop'], copy)).code).toBe(0);
    expect((await pass(fleet, [], copy)).code).toBe(0);
    expect(faults(await audit(copy, '--deep'))).toEqual([]);
  });

  it('a file that was only touched is said, and is no fault', async () => {
    const copy = await copyOfFleet();
    await utimes(copy.shop('generations', '2', 'volumes', 'data', 'counter'), 1, 1);
    const outcome = await audit(copy);
    expect(faults(outcome)).toEqual([]);
    expect(claimsIn(outcome).find(([, { found }]) => found !== null)?.[1]).toMatchObject({
      about: 'volume',
      outcome: 'ok',
      found: 'times in it moved, its contents are as promoted',
    });
  });
});

describe('beside a pass', () => {
  /** On a copy whose shop has a release that never becomes healthy. */
  async function inTheMiddle(copy: Copy): Promise<Running> {
    await copy.upstream.release('2.0.0+2.0', { neverListen: true });
    const before = (await fleet.starts()).length;
    const running = fleet.start(['--once', '--json'], copy);
    while ((await fleet.starts()).length === before) await sleep(20);
    return running;
  }

  it('that is at work nothing of it is taken for a fault, and no lease is needed', async () => {
    const copy = await copyOfFleet();
    const running = await inTheMiddle(copy);
    const outcome = await audit(copy);
    running.process.kill('SIGTERM');
    await running.done;
    expect(faults(outcome)).toEqual([]);
    expect(faults(await audit(copy, '--deep'))).toEqual([]);
  });

  it('that was killed, what it left is found, and gone after the next', async () => {
    const copy = await copyOfFleet();
    const running = await inTheMiddle(copy);
    running.process.kill('SIGKILL');
    await running.done;
    const outcome = await audit(copy);
    expect(new Set(faults(outcome))).toEqual(new Set(['- leftovers', 'shop leftovers']));
    expect(wordsOn(outcome, 'leftovers')).toMatch(/of a term that did not end cleanly.*reconcile gc/);
    await copy.upstream.deleteTag('2.0.0+2.0');
    expect((await pass(fleet, [], copy)).code).toBe(0);
    expect(faults(await audit(copy, '--deep'))).toEqual([]);
  });
});

describe('what has no manifest, or no canonical', () => {
  it('an orphan is held against the upstream of its stored manifest', async () => {
    const copy = await copyOfFleet();
    await rm(join(copy.manifests, 'web.yaml'));
    expect(faults(await audit(copy))).toEqual([]);
    await UpstreamRepo.open(join(fleet.upstreams, 'web')).tag('moved');
    await rm(join(copy.state, 'web', 'mirror.git'), { recursive: true });
    const outcome = await audit(copy, 'web');
    expect(faults(outcome)).toEqual(['web mirror']);
    expect(wordsOn(outcome, 'mirror')).toContain('reconcile forget web --yes');
  });

  it('an adopted record is held to what it says, and no more is claimed for it', async () => {
    const copy = await copyOfFleet();
    await mkdir(join(copy.state, 'old'));
    await rename(join(copy.folder, 'upstream', 'web'), join(copy.folder, 'upstream', 'old'));
    await rename(join(copy.manifests, 'web.yaml'), join(copy.manifests, 'old.yaml'));
    const manifest = await readFile(join(copy.manifests, 'old.yaml'), 'utf8');
    await writeFile(join(copy.manifests, 'old.yaml'), manifest.replaceAll('web', 'old'));
    await rm(join(copy.state, 'web'), { recursive: true });
    const commit = await UpstreamRepo.open(join(copy.folder, 'upstream', 'old')).commitOf(V1);
    const five = { recipe: 'old', version: V1, commit, status: 'idle', ts: '20260617T065532Z' };
    await writeFile(join(copy.state, 'old', 'canonical.json'), JSON.stringify(five));
    const outcome = await audit(copy, 'old');
    expect(outcome.code).toBe(0);
    const claims = claimsIn(outcome).map(([, { about, outcome: is }]) => `${about} ${is}`);
    expect(claims).toEqual([
      ...['record ok', 'release ok', 'commit ok', 'mirror unclaimed', 'trial unclaimed', 'kept ok'],
      ...['generation unclaimed', 'leftovers ok'],
    ]);
  });

  it.each<[string, string[], string]>([
    ['a recipe that nobody knows', ['shpo'], 'no canonical of that name'],
    ['a state folder that is not there', ['--state', '/nonexistent/state'], 'no recipe has a canonical'],
  ])('%s is an error, exit 1', async (_, args, words) => {
    const outcome = await audit(await copyOfFleet(), ...args);
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({ exitCode: 1, error: expect.stringContaining(words) as string });
  });
});
