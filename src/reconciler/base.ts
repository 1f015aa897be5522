/**
 * Which generation a trial upgrades from, and which generations stay beside the new canonical.
 *
 * The base is the newest intact generation of a strictly older release. So the same version is never upgraded onto
 * itself, and damage is never built upon (design: what is tested is what is promoted).
 */
import type { AdoptedBase, BaseGeneration, Manifest, ObservedGeneration, TrialPlan } from './model.ts';
import type { Drift } from './drift.ts';
import { compareReleases } from './releases.ts';
import type { RecipeView } from './view.ts';

export interface BaseQuestion {
  target: string;
  driver: string;
  /** What the record names, canonical first. */
  generations: readonly ObservedGeneration[];
  /** A generation whose data a person distrusts: neither built upon nor kept. */
  distrusted: number | null;
  /** Stands in for the manifest that a base was promoted with, where that is no longer known. */
  manifest: Manifest;
}

export function chooseBase(question: BaseQuestion): BaseGeneration | null {
  const [best] = trusted(question)
    .filter(({ version }) => compareReleases(version, question.target) < 0)
    .toSorted((a, b) => compareReleases(b.version, a.version) || b.generation - a.generation);
  return best ?? null;
}

/** What is left of an adopted canonical, unless a person distrusts it, or its release can no longer be had. */
export function adoptedBase(
  { adoptable, refs, memory }: RecipeView,
  { record, drift, manifest }: Drift,
): AdoptedBase | null {
  if (record === null || record.generation !== null || drift !== 'advance') return null;
  const volumes = adoptable.readable ? adoptable.value : [];
  const isThere = refs?.readable === true && refs.value.tags.some(({ commit }) => commit === record.commit);
  const isDistrusted = memory.readable && memory.value.rebuild !== null;
  if (volumes.length === 0 || !isThere || isDistrusted) return null;
  return { version: record.version, commit: record.commit, manifest, generation: null, volumes };
}

/** Older generations worth keeping beside a new canonical, newest first; damaged and distrusted ones go. */
export function worthKeeping(question: Omit<BaseQuestion, 'target'>): TrialPlan['keep'] {
  return trusted(question)
    .map(({ generation, commit }) => ({ generation, commit }))
    .toSorted((a, b) => b.generation - a.generation);
}

function trusted(question: Omit<BaseQuestion, 'target'>): BaseGeneration[] {
  return question.generations.flatMap((candidate) => {
    const { document, damage, generation, folder } = candidate;
    if (document === null || damage.length > 0 || generation === question.distrusted) return [];
    if (document.driver !== question.driver) return [];
    const { version, commit, stack, volumes } = document;
    return [
      {
        version,
        commit,
        generation,
        folder,
        stack,
        volumes,
        manifest: candidate.manifest ?? question.manifest,
      },
    ];
  });
}
