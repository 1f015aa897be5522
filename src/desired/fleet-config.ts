/** The Reconciler document to the configuration of the whole fleet. */
import { resolve } from 'node:path';
import type { FleetConfig } from '../reconciler/model.ts';
import { interpret, type Fault } from './faults.ts';
import { toPause } from './recipe.ts';
import { toTokenSource } from './token-schema.ts';
import { reconcilerDocument, type ReconcilerDocument } from './schema.ts';

export function readFleetConfig(
  document: unknown,
  folder: string,
): { config: FleetConfig; faults: null } | { config: null; faults: Fault[] } {
  const { data, faults } = interpret(reconcilerDocument, document);
  return faults === null ? { config: toConfig(data, folder), faults: null } : { config: null, faults };
}

/** What holds where there is no Reconciler document. */
export function defaultFleetConfig(): FleetConfig {
  return toConfig(reconcilerDocument.parse({ apiVersion: 'reconcile/v1', kind: 'Reconciler' }), '/');
}

function toConfig({ spec }: ReconcilerDocument, folder: string): FleetConfig {
  const { window, swarm } = spec;
  return {
    driver: spec.driver,
    domain: spec.domain,
    domainTemplate: spec.domainTemplate,
    reservedDomains: spec.reservedDomains,
    intervalMs: spec.interval,
    window:
      window === undefined
        ? null
        : { schedule: window.schedule.trim(), timezone: window.timezone, durationMs: window.duration },
    concurrency: spec.concurrency,
    diskBudgetBytes: spec.diskBudget ?? null,
    verifyIntervalMs: spec.verify.interval,
    credentials: spec.credentials.map((each) => ({
      url: each.url,
      login: { username: each.username, token: toTokenSource(each, folder) },
    })),
    freeze: spec.freeze === undefined ? null : toPause(spec.freeze),
    server: spec.server,
    registry: spec.registry,
    swarm: {
      network: swarm.network,
      helperImage: swarm.helperImage,
      node: swarm.node ?? null,
      edge: toEdge(swarm.edge, folder),
    },
  };
}

function toEdge(
  edge: ReconcilerDocument['spec']['swarm']['edge'],
  folder: string,
): FleetConfig['swarm']['edge'] {
  if (edge === 'none') return null;
  return {
    scheme: edge.scheme,
    address: edge.address ?? null,
    ca: edge.ca === undefined ? null : resolve(folder, edge.ca),
  };
}
