/** Manifests of which the driver is told whenever they are read: which one there is hangs on the Reconciler document. */
import type { Fleet } from '../../reconciler/model.ts';
import type { FleetSource } from '../../reconciler/ports.ts';
import type { ConfiguredDriver } from './configured.ts';

export interface TellingSource extends FleetSource {
  /** Begins the first look: which driver there is must be known before anything else is looked at. */
  begin(): Promise<void>;
}

export function tellingSource(
  manifests: Pick<FleetSource, 'load'>,
  settle: ConfiguredDriver['settle'],
): TellingSource {
  let begun: Fleet | null = null;
  const load = async (): Promise<Fleet> => {
    const fleet = await manifests.load();
    settle(fleet.config);
    return fleet;
  };
  return {
    begin: async () => {
      begun = await load();
    },
    load,
    look: async () => {
      const first = begun;
      begun = null;
      return first ?? (await load());
    },
  };
}
