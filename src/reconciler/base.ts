/**
 * Which generation a trial upgrades from, and which generations stay beside the new canonical.
 *
 * The base is the newest intact generation of a strictly older release. So the same version is never upgraded onto
 * itself, and damage is never built upon (design: what is tested is what is promoted).
 */
import type { Base, Manifest, ObservedGeneration, TrialPlan } from './model.ts';
import { compareReleases } from './releases.ts';

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

export function chooseBase(question: BaseQuestion): Base | null {
  const [best] = trusted(question)
    .filter(({ version }) => compareReleases(version, question.target) < 0)
    .toSorted((a, b) => compareReleases(b.version, a.version) || b.generation - a.generation);
  return best ?? null;
}

/** Older generations worth keeping beside a new canonical, newest first; damaged and distrusted ones go. */
export function worthKeeping(question: Omit<BaseQuestion, 'target'>): TrialPlan['keep'] {
  return trusted(question)
    .map(({ generation, commit }) => ({ generation, commit }))
    .toSorted((a, b) => b.generation - a.generation);
}

function trusted(question: Omit<BaseQuestion, 'target'>): Base[] {
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
