/** A generation's data on a Swarm: volumes on the engine's node, secrets as files in the home's folder. */
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { Damage, Finding, VolumeRecord } from '../../../reconciler/model.ts';
import type { DataHome, NewHome, Work } from '../../../reconciler/ports.ts';
import {
  examineSecret,
  readably,
  state,
  statusOf,
  type ExamineOptions,
  type Expected,
  type State,
} from '../findings.ts';
import type { Call } from './engine.ts';
import type { Helper, VolumeFacts } from './helper.ts';
import { fullName } from './names.ts';
import { makeFolder, secretsFolder } from './secrets.ts';
import type { Volume, Volumes } from './volumes.ts';

export interface Keeper {
  volumes: Volumes;
  helper: Helper;
}

/** The copy is proof of itself and of its source at once, as it is compared with what was promoted. */
export async function cloneHome(
  { volumes, helper }: Keeper,
  source: DataHome,
  expected: readonly VolumeRecord[],
  target: NewHome,
  labels: Readonly<Record<string, string>>,
  call: Call,
): Promise<void> {
  const present = new Set((await volumes.list(source.stack, call)).map(({ name }) => name));
  const missing = expected.find(({ name }) => !present.has(name));
  if (missing !== undefined) {
    const message = `volume ${missing.name} of ${source.stack} is missing: the engine has no volume ${fullName(source.stack, missing.name)} of ours`;
    throw new TrialFault('infra', 'base-missing', message);
  }
  for (const { name } of expected) await volumes.make(target, name, labels, call);
  const pairs = expected.map(({ name }) => ({
    from: fullName(source.stack, name),
    to: fullName(target.stack, name),
  }));
  const copies = await helper.copy(pairs, call);
  for (const [at, { name, digest }] of expected.entries()) {
    const found = copies[at]?.digest;
    if (found === digest) continue;
    const message = `volume ${name} of ${source.stack} is not what was promoted: its copy has digest ${found}, expected ${digest}`;
    throw new TrialFault('infra', 'base-changed', message, {
      hint: 'if the next pass says so again, only reading it shows the damage: see "reconcile audit --deep"',
    });
  }
  await makeFolder(target.folder);
  if ((await statusOf(secretsFolder(source))) === null) return;
  await cp(secretsFolder(source), secretsFolder(target), { recursive: true, preserveTimestamps: true });
}

/** What the last deploy left is what its release has: the others were dropped when it had converged. */
export async function measureHome(
  { volumes, helper }: Keeper,
  home: DataHome,
  call: Call,
): Promise<{ volumes: VolumeRecord[]; secrets: string[] }> {
  const present = await volumes.list(home.stack, call);
  const facts = await helper.describe(namesOf(present), 'contents', call);
  const records = present.map(({ name }, at): VolumeRecord => {
    const { bytes, files, fingerprint, digest } = factsAt(facts, at);
    return { name, bytes, files, fingerprint, digest: digest ?? '' };
  });
  return { volumes: records, secrets: await secretNames(home) };
}

export async function flushHome({ volumes, helper }: Keeper, home: DataHome, work: Work): Promise<void> {
  await helper.flush(namesOf(await volumes.list(home.stack, work)), work);
}

export async function missingIn(
  { volumes }: Pick<Keeper, 'volumes'>,
  home: DataHome,
  expected: Expected,
  call: Call,
): Promise<Damage[]> {
  return await missingAmong(await volumes.list(home.stack, call), home, expected);
}

async function missingAmong(
  present: readonly Volume[],
  home: DataHome,
  expected: Expected,
): Promise<Damage[]> {
  const gone = expected.volumes.filter(({ name }) => !present.some((volume) => volume.name === name));
  const missing = gone.map(({ name }): Damage => ({ kind: 'missing', what: `volume ${name}` }));
  for (const name of expected.secrets) {
    const isThere = (await statusOf(join(secretsFolder(home), name))) !== null;
    if (!isThere) missing.push({ kind: 'missing', what: `secret ${name}` });
  }
  return missing;
}

export async function inspectHome(
  { volumes, helper }: Keeper,
  home: DataHome,
  expected: Expected,
  call: Call,
): Promise<{ damage: Damage[]; bytes: number; allocatedBytes: number }> {
  const present = await volumes.list(home.stack, call);
  const missing = await missingAmong(present, home, expected);
  const found = expected.volumes.flatMap((record) => {
    const volume = present.find(({ name }) => name === record.name);
    return volume === undefined ? [] : [{ record, volume }];
  });
  const facts = await helper.describe(namesOf(found.map(({ volume }) => volume)), 'no-contents', call);
  const doubtful = found.filter(({ record }, at) => factsAt(facts, at).fingerprint !== record.fingerprint);
  const read = await helper.describe(namesOf(doubtful.map(({ volume }) => volume)), 'contents', call);
  const changed = doubtful.filter(({ record }, at) => factsAt(read, at).digest !== record.digest);
  const damage = changed.map(({ record }): Damage => ({ kind: 'changed', what: `volume ${record.name}` }));
  return {
    damage: [...damage, ...missing],
    bytes: facts.reduce((sum, { bytes }) => sum + bytes, 0),
    allocatedBytes: facts.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0),
  };
}

export async function examineHome(
  keeper: Keeper,
  home: DataHome,
  expected: Expected,
  options: ExamineOptions,
  mark: string,
): Promise<Finding[]> {
  const call = { mark, signal: options.signal };
  const findings: Finding[] = [];
  for (const volume of expected.volumes) {
    const examine = (): Promise<State> => examineVolume(keeper, home, volume, options, call);
    findings.push(await readably('volume', volume.name, examine));
  }
  for (const name of expected.secrets) {
    findings.push(await readably('secret', name, () => examineSecret(join(secretsFolder(home), name))));
  }
  return [...findings, ...(await unnamed(keeper, home, expected, call))];
}

async function examineVolume(
  { volumes, helper }: Keeper,
  home: DataHome,
  record: VolumeRecord,
  { contents }: ExamineOptions,
  call: Call,
): Promise<State> {
  const volume = (await volumes.list(home.stack, call)).find(({ name }) => name === record.name);
  const full = fullName(home.stack, record.name);
  if (volume === undefined) return state('missing', `the engine has no volume ${full} of ours`);
  const look = async (how: 'contents' | 'no-contents'): Promise<VolumeFacts> =>
    factsAt(await helper.describe([full], how, call), 0);
  const seen = await look(contents === 'always' ? 'contents' : 'no-contents');
  const same = seen.fingerprint === record.fingerprint;
  if (same && seen.digest === null) return state('intact');
  const digest = seen.digest ?? (await look('contents')).digest;
  if (digest === record.digest) {
    return same ? state('intact') : state('touched', 'times in it moved, its contents are as promoted');
  }
  return same
    ? state('corrupted', `contents of ${full} differ, though every size, mode and time is as promoted`)
    : state('changed', `${full} is not what was promoted`);
}

async function unnamed(
  { volumes }: Keeper,
  home: DataHome,
  expected: Expected,
  call: Call,
): Promise<Finding[]> {
  try {
    const others = (await volumes.list(home.stack, call)).filter(
      ({ name }) => !expected.volumes.some((record) => record.name === name),
    );
    const files = (await secretNames(home)).filter((name) => !expected.secrets.includes(name));
    const names = [
      ...others.map(({ fullName: name }) => `volume ${name}`),
      ...files.map((name) => join(secretsFolder(home), name)),
    ];
    return names.map((name): Finding => ({ kind: 'other', name, ...state('unnamed') }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ kind: 'other', name: home.stack, ...state('unreadable', why) }];
  }
}

async function secretNames(home: DataHome): Promise<string[]> {
  const folder = secretsFolder(home);
  return (await statusOf(folder)) === null ? [] : (await readdir(folder)).toSorted();
}

function namesOf(volumes: readonly Volume[]): string[] {
  return volumes.map((volume) => volume.fullName);
}

function factsAt(facts: readonly VolumeFacts[], at: number): VolumeFacts {
  const found = facts[at];
  if (found !== undefined) return found;
  throw new TrialFault(
    'infra',
    'helper-failed',
    'the helper container said nothing of a volume that it was asked for',
  );
}
