/**
 * The invariants (docs/architecture.md) as checks over any state folder at rest. End-to-end tests end by
 * running them; each returns the faults that it finds, in words.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { readTree } from '../src/actuators/drivers/process/tree.ts';
import { parseVersion } from '../src/reconciler/releases.ts';
import type { Uptime } from '../src/reconciler/model.ts';
import type { Fleet } from './fixtures/fleet.ts';
import { GIT_ENVIRONMENT } from './fixtures/upstream-repo.ts';

const execute = promisify(execFile);

interface StoredRecord {
  recipe: string;
  version: string;
  commit: string;
  generation?: number;
  kept?: number[];
  volumes?: VolumeDigests[];
  trial?: string;
}

interface VolumeDigests {
  name: string;
  fingerprint: string;
  digest: string;
}

/** What a generation's volumes are now, in their order, wherever a driver keeps them; null for one that is not there. */
export type VolumeReader = (
  place: { fleet: Fleet; recipe: string; generation: number },
  names: readonly string[],
) => Promise<({ fingerprint: string; digest: string | null } | null)[]>;

interface StoredTrial {
  id: string;
  commit: string;
  version: string;
  generation: number;
  verdict: string | null;
  promoted: boolean;
  startedAt: string;
  endedAt: string | null;
  uptime: { start: Uptime; end: Uptime | null } | null;
}

/**
 * `damaged` and `rewritten` name recipes whose volumes or upstream a test changed; `strangers` are paths below the
 * state folder that somebody else put there. `readVolumes`: where they are no folders.
 */
export async function expectInvariants(
  fleet: Fleet,
  options: {
    damaged?: string[];
    rewritten?: string[];
    strangers?: string[];
    readVolumes?: VolumeReader;
  } = {},
) {
  const faults: string[] = [];
  const { strangers = [] } = options;
  for (const recipe of (await recipesIn(fleet.state)).filter((name) => !strangers.includes(name))) {
    const record = await readJson<StoredRecord>(join(fleet.state, recipe, 'canonical.json'));
    if (record !== null && !(options.damaged ?? []).includes(recipe))
      faults.push(...(await knownGood(fleet, record, { readVolumes: options.readVolumes })));
    if (record !== null && !(options.rewritten ?? []).includes(recipe))
      faults.push(...(await released(fleet, record)));
    faults.push(...(await trialsOf(fleet, recipe, record)));
    faults.push(...(await nothingUnnamed(fleet, recipe, record, strangers)));
    faults.push(...(await secretsStaySecret(fleet, recipe)));
  }
  faults.push(...(await nothingHeld(fleet)), ...nothingRuns(fleet));
  expect(faults).toEqual([]);
}

interface KnownGoodOptions {
  /** Generations that were so before. */
  damaged?: readonly number[];
  readVolumes?: VolumeReader | undefined;
}

/** I1 at any instant, also right after a crash: of every recipe's record. */
export async function knownGoodFaults(fleet: Fleet, options: KnownGoodOptions = {}): Promise<string[]> {
  const faults: string[] = [];
  for (const recipe of await recipesIn(fleet.state)) {
    const record = await readJson<StoredRecord>(join(fleet.state, recipe, 'canonical.json'));
    if (record !== null) faults.push(...(await knownGood(fleet, record, options)));
  }
  return faults;
}

/** I1: a record names complete generations whose volumes are as they were when promoted. */
async function knownGood(
  fleet: Fleet,
  record: StoredRecord,
  { damaged = [], readVolumes = readFolders }: KnownGoodOptions,
): Promise<string[]> {
  const faults: string[] = [];
  if (record.generation === undefined) return faults;
  for (const generation of [record.generation, ...(record.kept ?? [])]) {
    if (damaged.includes(generation)) continue;
    const folder = join(fleet.state, record.recipe, 'generations', String(generation));
    const document = await readJson<StoredRecord>(join(folder, 'generation.json'));
    if (document === null) faults.push(`I1: ${folder} has no generation.json`);
    const volumes = document?.volumes ?? [];
    const place = { fleet, recipe: record.recipe, generation };
    const found = await readVolumes(
      place,
      volumes.map(({ name }) => name),
    );
    for (const [at, volume] of volumes.entries()) {
      if (found[at]?.fingerprint !== volume.fingerprint)
        faults.push(`I1: fingerprint of ${volume.name} in ${folder} differs`);
      if (found[at]?.digest !== volume.digest)
        faults.push(`I1: digest of ${volume.name} in ${folder} differs`);
    }
  }
  return faults;
}

/** As the process driver keeps them. */
async function readFolders(...[place, names]: Parameters<VolumeReader>): ReturnType<VolumeReader> {
  const folder = join(place.fleet.state, place.recipe, 'generations', String(place.generation), 'volumes');
  return await Promise.all(
    names.map(async (name) => await readTree(join(folder, name), { contents: true }).catch(() => null)),
  );
}

/** I2: the record's version is a release tag, and its commit that tag's peeled commit. */
async function released(fleet: Fleet, { recipe, version, commit }: StoredRecord): Promise<string[]> {
  if (parseVersion(version) === null) return [`I2: ${recipe} is at ${version}, which is no release`];
  const args = ['rev-parse', '--verify', `refs/tags/${version}^{commit}`];
  const peeled = await execute('git', args, { cwd: join(fleet.upstreams, recipe), env: GIT_ENVIRONMENT });
  return peeled.stdout.trim() === commit
    ? []
    : [`I2: ${recipe} records ${commit}, its tag is ${peeled.stdout.trim()}`];
}

/** I2, I3 and I5: the named trial was green and promoted; none is open; none overlaps another of its recipe. */
async function trialsOf(fleet: Fleet, recipe: string, record: StoredRecord | null): Promise<string[]> {
  const faults: string[] = [];
  const trials: StoredTrial[] = [];
  const folder = join(fleet.state, recipe, 'trials');
  for (const id of await namesIn(folder)) {
    const trial = await readJson<StoredTrial>(join(folder, id, 'trial.json'));
    if (trial === null) faults.push(`I8: ${id} has no trial.json`);
    else trials.push(trial);
    const strange = (await namesIn(join(folder, id))).filter(
      (name) => name !== 'trial.json' && !name.endsWith('.log'),
    );
    if (strange.length > 0) faults.push(`I8: ${id} holds ${strange.join(', ')}`);
  }
  for (const { id, endedAt, verdict } of trials)
    if (endedAt === null || verdict === null) faults.push(`${id} is open`);
  const inOrder = trials.toSorted((a, b) => a.generation - b.generation);
  for (const [index, trial] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before !== undefined && !isBefore(before, trial))
      faults.push(`I5: ${trial.id} overlaps ${before.id}`);
    if (before?.generation === trial.generation)
      faults.push(`generation ${trial.generation} was numbered twice`);
  }
  if (record?.trial === undefined) return faults;
  const named = trials.find(({ id }) => id === record.trial);
  const right =
    named?.verdict === 'green' &&
    named.promoted &&
    named.commit === record.commit &&
    named.version === record.version;
  return right
    ? faults
    : [...faults, `I2: the record of ${recipe} names ${record.trial}: ${JSON.stringify(named)}`];
}

/** By uptime, since a wall clock may have been set between them; no trial reaches over a start of the machine. */
function isBefore(one: StoredTrial, other: StoredTrial): boolean {
  const [end, start] = [one.uptime?.end ?? null, other.uptime?.start ?? null];
  if (end === null || start === null) return (one.endedAt ?? '') <= other.startedAt;
  return end.bootId !== start.bootId || end.ms <= start.ms;
}

/** I8: nothing lies among the generations but what the record names. */
async function nothingUnnamed(
  fleet: Fleet,
  recipe: string,
  record: StoredRecord | null,
  strangers: readonly string[],
): Promise<string[]> {
  const named = [record?.generation, ...(record?.kept ?? [])].map(String);
  const present = (await namesIn(join(fleet.state, recipe, 'generations'))).filter(
    (name) => !strangers.includes(`${recipe}/generations/${name}`),
  );
  const known = new Set(['canonical.json', 'status.json', 'mirror.git', 'generations', 'trials']);
  const strange = (await namesIn(join(fleet.state, recipe))).filter(
    (name) => !known.has(name) && !strangers.includes(`${recipe}/${name}`),
  );
  return [...present.filter((name) => !named.includes(name)), ...strange].map(
    (name) => `I8: ${recipe}/${name} is left over`,
  );
}

/** I8: no lease, no staged thing, no ended term and no request is left. */
async function nothingHeld(fleet: Fleet): Promise<string[]> {
  const own = join(fleet.state, '.reconcile');
  const empty = ['terms', 'ended', 'requests'];
  const held = (await Promise.all(empty.map((name) => namesIn(join(own, name))))).flat();
  const allowed = new Set([...empty, 'schema.json', 'passes.json']);
  const strange = (await namesIn(own)).filter((name) => !allowed.has(name));
  return [...held, ...strange].map((name) => `I8: .reconcile holds ${name}`);
}

/** I8: no process that was started for this state folder lives. */
function nothingRuns(fleet: Fleet): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const text = readIfPossible(`/proc/${pid}/environ`);
      return text.includes('RECONCILE_MARK=') && text.includes(fleet.folder);
    })
    .map(
      (pid) => `I8: process ${pid} is left: ${readIfPossible(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`,
    );
}

/** I10: a generated secret stands in its own file and nowhere else among what is kept as evidence. */
async function secretsStaySecret(fleet: Fleet, recipe: string): Promise<string[]> {
  const generations = join(fleet.state, recipe, 'generations');
  const secrets: string[] = [];
  for (const generation of await namesIn(generations)) {
    for (const name of await namesIn(join(generations, generation, 'secrets'))) {
      const file = join(generations, generation, 'secrets', name);
      secrets.push(await readFile(file, 'utf8'));
      const { mode } = await lstat(file);
      if ((mode & 0o077) !== 0) return [`I10: ${file} may be read by others`];
    }
  }
  const faults: string[] = [];
  for (const file of await filesIn(join(fleet.state, recipe, 'trials'))) {
    const text = await readFile(file, 'utf8');
    if (secrets.some((secret) => text.includes(secret)))
      faults.push(`I10: ${relative(fleet.state, file)} tells a secret`);
  }
  return faults;
}

async function recipesIn(state: string): Promise<string[]> {
  return (await namesIn(state)).filter((name) => !name.startsWith('.'));
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

function readIfPossible(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
