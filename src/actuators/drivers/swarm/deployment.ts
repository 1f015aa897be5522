/** What one deployment is done with, besides what was asked for. */
import type { DeployRequest } from '../../../reconciler/ports.ts';
import type { Reachable } from './dependencies.ts';
import type { Edge } from './edge.ts';
import type { Engine } from './engine.ts';
import type { Tunnel } from './tunnel.ts';
import type { Volumes } from './volumes.ts';

export interface DeployOptions {
  engine: Engine;
  volumes: Volumes;
  labels: Readonly<Record<string, string>>;
  nodeId: string;
  helperImage: string;
  edge: Edge | null;
  /** Of the reverse proxy. */
  network: string;
  reachable: Reachable;
  tunnel: Tunnel;
}

/** Every recipe's is called so, unless its manifest says otherwise. */
const MAIN_SERVICE = 'app';

export const mainService = ({ manifest }: DeployRequest): string => manifest.health.service ?? MAIN_SERVICE;
