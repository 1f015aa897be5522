/** In what state a fleet is, without what may differ between two ways that lead there: numbers, times, secrets. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Fleet, Outcome } from '../fixtures/fleet.ts';
import { listFolder, type Listing } from '../fixtures/folder-listing.ts';
import { GIT_ENVIRONMENT } from '../fixtures/upstream-repo.ts';
import { namedGenerations } from '../fixtures/named-generations.ts';
import type { Ground } from './ground.ts';

interface Generation {
  version: string;
  /** Of a volume by its path; a store app's password differs wherever it was made anew. */
  volumes: Listing;
  secrets: string[];
}

interface EndState {
  decision: string;
  reason: string;
  canonical: { version: string; commit: string } | null;
  /** The canonical's first, then the kept ones. */
  generations: Generation[];
  lastTrial: { verdict: string; promoted: boolean } | null;
  mirrorRefs: string;
}

/** `pass`: the one that ended there. */
export async function endState(
  fleet: Fleet,
  { json }: Outcome,
  ground: Ground,
): Promise<Record<string, EndState>> {
  const states: Record<string, EndState> = {};
  for (const { recipe, decision, reason, canonical } of json?.recipes ?? []) {
    states[recipe] = {
      decision,
      reason,
      canonical: canonical === null ? null : { version: canonical.version, commit: canonical.commit },
      generations: await generationsOf(fleet, recipe, ground),
      lastTrial: await lastTrialOf(fleet, recipe),
      mirrorRefs: await refsOf(join(fleet.state, recipe, 'mirror.git')),
    };
  }
  return states;
}

async function generationsOf(fleet: Fleet, recipe: string, ground: Ground): Promise<Generation[]> {
  const named = (await namedGenerations(fleet)).filter((each) => each.recipe === recipe);
  return await Promise.all(
    named.map(async ({ number }) => {
      const folder = join(fleet.state, recipe, 'generations', String(number));
      const { version } = JSON.parse(await readFile(join(folder, 'generation.json'), 'utf8')) as Generation;
      const elsewhere = await ground.volumesOf({ recipe, number });
      const { 'data/password.sha256': _, ...volumes } =
        elsewhere ?? (await listFolder(join(folder, 'volumes')));
      return { version, volumes, secrets: Object.keys(await listFolder(join(folder, 'secrets'))) };
    }),
  );
}

async function lastTrialOf(fleet: Fleet, recipe: string): Promise<EndState['lastTrial']> {
  const folder = join(fleet.state, recipe, 'trials');
  const numberOf = (id: string): number => Number(id.slice(id.lastIndexOf('-') + 1));
  const [last] = (await readdir(folder).catch(() => [])).toSorted((a, b) => numberOf(b) - numberOf(a));
  if (last === undefined) return null;
  const trial = JSON.parse(await readFile(join(folder, last, 'trial.json'), 'utf8')) as {
    verdict: string;
    promoted: boolean;
  };
  return { verdict: trial.verdict, promoted: trial.promoted };
}

/** Kept commits included. */
async function refsOf(repository: string): Promise<string> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname)'];
  return (await promisify(execFile)('git', args, { cwd: repository, env: GIT_ENVIRONMENT })).stdout;
}
