/** What a pass may be in the middle of when it is killed, or when something fails: each a fleet right before that pass. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fleet } from '../fixtures/fleet.ts';
import { GIT_ENVIRONMENT } from '../fixtures/upstream-repo.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pass } from '../e2e/rows.ts';
import type { Fault } from '../faults/plan.ts';
import { folders, type Ground } from './ground.ts';

export interface Scenario {
  name: string;
  prepare(fleet: Fleet): Promise<void>;
  /** Exit codes that the pass, or one that finishes its work, may have. */
  exitCodes: readonly number[];
  /** Whether the release itself is bad, so that `red` is right. */
  red: boolean;
  /** Generations that are damaged before the pass. */
  damaged: readonly number[];
  ground: Ground;
  /** The fleet before it is prepared. */
  create(): Promise<Fleet>;
}

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const onFolders = { damaged: [], ground: folders, create: () => Fleet.create() };
const good = { ...onFolders, exitCodes: [0], red: false };

export const SCENARIOS: readonly Scenario[] = [
  { ...good, name: 'seed', prepare: async (fleet) => void (await shop(fleet)) },
  {
    ...good,
    name: 'advance',
    prepare: async (fleet) => {
      const upstream = await shop(fleet);
      await pass(fleet);
      await upstream.release(V2);
    },
  },
  {
    ...good,
    name: 'repair',
    damaged: [2],
    prepare: async (fleet) => {
      const upstream = await shop(fleet);
      await pass(fleet);
      await upstream.release(V2);
      await pass(fleet);
      await rm(join(fleet.state, 'shop/generations/2/volumes/data'), { recursive: true });
    },
  },
  {
    ...onFolders,
    name: 'red upgrade',
    exitCodes: [2, 3],
    red: true,
    prepare: async (fleet) => {
      const upstream = await shop(fleet);
      await pass(fleet);
      await upstream.release(V2, { failOnUpgrade: true });
    },
  },
  {
    ...good,
    name: 'with a dependency',
    prepare: async (fleet) => {
      await shop(fleet);
      await pass(fleet);
      const upstream = await fleet.upstream('web');
      await upstream.release(V1, { needsDep: 'shop' });
      const command = ['sh', '-c', 'echo TOKEN=token-of-the-dependency > "$PROVIDE_OUT"'];
      await fleet.manifest('web', { ...spec(fleet), dependsOn: [{ name: 'shop', provide: [command] }] });
    },
  },
];

/** A recipe that has everything that a recipe may have: a secret, a check, a mirror of its own. */
async function shop(fleet: Fleet) {
  const mirror = join(fleet.folder, 'mirror.git');
  await promisify(execFile)('git', ['init', '--quiet', '--bare', '--', mirror], { env: GIT_ENVIRONMENT });
  return await fleet.recipe('shop', V1, { ...spec(fleet), mirror: { url: '../mirror.git' } });
}

function spec(fleet: Fleet) {
  const checks = [{ name: 'installed', phase: 'installed', command: ['true'] }];
  return { ...fleet.storeSpec({ secrets: ['password'] }), checks, timeout: '20s' };
}

/** The fleet of a scenario, to be copied by every case and disposed of at the end. */
export async function prepare(scenario: Scenario): Promise<Fleet> {
  const fleet = await scenario.create();
  await scenario.prepare(fleet);
  return fleet;
}

/** Where a start has most to clean up after. */
export const FIRST_KILLS: readonly Fault[] = [
  { point: 'install: run node app.mjs', occurrence: 1, when: 'during', act: 'kill' },
  {
    point: 'promote: rename term/trial/generation -> shop/generations/2',
    occurrence: 1,
    when: 'after',
    act: 'kill',
  },
  {
    point: 'promote: rename term/staged/canonical.json -> shop/canonical.json',
    occurrence: 1,
    when: 'after',
    act: 'kill',
  },
  { point: 'sync: run git fetch', occurrence: 1, when: 'during', act: 'kill' },
];
