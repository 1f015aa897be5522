/**
 * What a driver keeps outside of a fleet's folder, as a case sees it without the driver. On the process driver that is
 * nothing: a copy of the folder is a fleet of its own. On a Swarm the copy shares the volumes of what it was copied from.
 */
import { expect } from 'vitest';
import type { Fleet } from '../fixtures/fleet.ts';
import type { Listing } from '../fixtures/folder-listing.ts';
import { clearEngine, listVolumes, NOTHING, onEngine, readVolumes } from '../fixtures/swarm/on-engine.ts';
import { namedVolumes, type Generation } from '../fixtures/named-generations.ts';
import { expectInvariants, knownGoodFaults } from '../invariants.ts';

export interface Ground {
  /** I1, at any instant. `damaged`: generations that were so before. */
  knownGoodFaults(fleet: Fleet, damaged: readonly number[]): Promise<string[]>;
  /** Of a fleet at rest: every invariant, and nothing outside of its folder but what its records name. */
  expectSound(fleet: Fleet): Promise<void>;
  /** Contents of what lies elsewhere of a generation; null where its folder has all of it. */
  volumesOf(generation: Generation): Promise<Listing | null>;
  /** Removes what a fleet has outside of its folder, but for what the one that it was copied from has. */
  forget(fleet: Fleet, original?: Fleet): Promise<void>;
  /** Whether copies of a fleet can be worked on at once. */
  readonly copiesAreApart: boolean;
}

export const folders: Ground = {
  copiesAreApart: true,
  knownGoodFaults: async (fleet, damaged) => await knownGoodFaults(fleet, { damaged }),
  expectSound: async (fleet) => await expectInvariants(fleet),
  volumesOf: () => Promise.resolve(null),
  forget: () => Promise.resolve(),
};

export const engine: Ground = {
  copiesAreApart: false,
  knownGoodFaults: async (fleet, damaged) => await knownGoodFaults(fleet, { damaged, readVolumes }),
  expectSound: async (fleet) => {
    expect(await onEngine(fleet)).toEqual({ ...NOTHING, volumes: await namedVolumes(fleet) });
    await expectInvariants(fleet, { readVolumes });
  },
  volumesOf: async ({ recipe, number }) => await listVolumes(recipe, number),
  forget: async (fleet, original) =>
    await clearEngine(fleet, original === undefined ? [] : await namedVolumes(original)),
};
