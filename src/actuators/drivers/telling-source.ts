/** Manifests of which the driver is told at each look: which one there is hangs on the Reconciler document. */
import type { Fleet } from '../../reconciler/model.ts';
import type { FleetSource } from '../../reconciler/ports.ts';
import type { ConfiguredDriver } from './configured.ts';

/** Two looks at the manifests that come so soon after one another are one. */
const SAME_LOOK_MS = 1000;

export interface TellingSource extends FleetSource {
  /** The first look: which driver there is must be known before anything else is looked at. */
  begin(): Promise<void>;
}

export function tellingSource(manifests: FleetSource, settle: ConfiguredDriver['settle']): TellingSource {
  let begun: { fleet: Fleet; at: number } | null = null;
  const load = async (): Promise<Fleet> => {
    const fleet = await manifests.load();
    settle(fleet.config);
    return fleet;
  };
  return {
    begin: async () => {
      begun = { fleet: await load(), at: performance.now() };
    },
    load: async () => {
      const first = begun;
      begun = null;
      return first !== null && performance.now() - first.at < SAME_LOOK_MS ? first.fleet : await load();
    },
  };
}
