/**
 * The driver that the Reconciler document asks for, which is known once that was read, and stays the same for as long as
 * this program runs: what one driver has begun, another could not end. Its settings may change at any look. While no
 * document could be read nothing is deployed, and the driver that needs nothing stands in.
 */
import type { FleetConfig, Reading } from '../../reconciler/model.ts';
import type { Driver } from '../../reconciler/ports.ts';
import type { Inspections } from './inspections.ts';

export interface DriverMakers {
  process: () => Driver;
  swarm: (settings: () => FleetConfig['swarm']) => Driver;
}

export interface ConfiguredDriver {
  driver: Driver;
  /** Told of every look at the configuration. */
  settle: (config: Reading<FleetConfig>) => void;
}

export function configuredDriver(makers: DriverMakers, inspections: Inspections): ConfiguredDriver {
  let chosen: Driver | null = null;
  let settings: FleetConfig['swarm'] | null = null;
  const standIn = makers.process();
  const now = (): Driver => chosen ?? standIn;
  const make = (kind: FleetConfig['driver']): Driver => {
    if (kind === 'process') return standIn;
    return makers.swarm(() => {
      if (settings === null) throw new Error('a driver is used only once its settings were read');
      return settings;
    });
  };
  return {
    driver: {
      get kind() {
        return now().kind;
      },
      stackName: (stack) => now().stackName(stack),
      environment: () => now().environment(),
      unjudged: () => now().unjudged(),
      reach: () => now().reach(),
      address: (domain) => now().address(domain),
      deploy: (...operands) => now().deploy(...operands),
      undeploy: (...operands) => now().undeploy(...operands),
      clone: (...operands) => inspections.clone(now(), ...operands),
      adoptable: (recipe) => now().adoptable(recipe),
      adopt: (...operands) => now().adopt(...operands),
      measure: (...operands) => now().measure(...operands),
      flush: (...operands) => now().flush(...operands),
      get isInspectingCostly() {
        return now().isInspectingCostly;
      },
      missing: (...operands) => now().missing(...operands),
      inspect: (...operands) => inspections.inspect(now(), ...operands),
      examine: (...operands) => now().examine(...operands),
      remove: (...operands) => now().remove(...operands),
      held: (recipe) => now().held(recipe),
      reap: (...operands) => now().reap(...operands),
      owned: (...operands) => now().owned(...operands),
    },
    settle: (config) => {
      if (!config.readable) return;
      settings = config.value.swarm;
      inspections.every(config.value.verifyIntervalMs);
      chosen ??= make(config.value.driver);
    },
  };
}
