/**
 * Health at both layers: inside, where a service of the stack answers on its port, and at the edge, where the recipe
 * must answer at its public address through the reverse proxy. Which of them fails is half of the diagnosis; what such
 * a failure usually means is said with it.
 */
import { readFile } from 'node:fs/promises';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import type { FleetConfig, Health } from '../../../reconciler/model.ts';
import { probe, type Answer, type Place } from '../probe.ts';
import type { Diagnosis } from './converge.ts';

export type Edge = NonNullable<FleetConfig['swarm']['edge']>;

const PORTS = { https: 443, http: 80 } as const;

export async function askEdge(
  edge: Edge,
  domain: string,
  health: Health,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const answer = await probe(await placeOf(edge, domain), health, timeoutMs, signal);
  const meaning = meaningOf(answer);
  const at = `at the edge ${edge.scheme}://${domain}${health.path}${through(edge)}`;
  return {
    answer: answer.kind === 'right' ? answer : { ...answer, why: `${answer.why}${meaning}` },
    at,
    blame: {
      wrong: { verdict: 'red', reason: 'edge-wrong-answer' },
      none: { verdict: 'infra', reason: 'edge-unreachable' },
    },
  };
}

async function placeOf({ scheme, address, ca }: Edge, domain: string): Promise<Place> {
  const [, host = domain, port = PORTS[scheme]] = /^(.*):(\d+)$/.exec(address ?? '') ?? [];
  const place = { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port), domain };
  return scheme === 'http' ? place : { ...place, tls: { ca: ca === null ? null : await readAuthority(ca) } };
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const message = `could not read the certificate authority of the edge: ${describe(error)}`;
    throw new TrialFault('infra', 'edge-ca-unreadable', message, { hint: 'see spec.swarm.edge.ca' });
  }
}

function through({ address }: Edge): string {
  return address === null ? '' : ` (through ${address})`;
}

/** It is asked only after the inside answered well, so what fails here lies between the two. */
function meaningOf(answer: Answer): string {
  if (answer.kind === 'right') return '';
  const inside = 'inside all is well';
  if (answer.kind === 'wrong') {
    if (answer.status === 404)
      return `; ${inside}: it may be the proxy itself that knows no router for the domain`;
    if (answer.status >= 502 && answer.status <= 504)
      return `; ${inside}: the proxy routes to a port where nothing answers, or to the app of another stack`;
    return `; ${inside}: the proxy may route to the app of another stack`;
  }
  const code = answer.code ?? '';
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code))
    return `; ${inside}: the proxy shows a certificate that is not for this domain, has expired, or is of an authority that spec.swarm.edge.ca does not name`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `; ${inside}: the domain does not resolve`;
  return `; ${inside}: no proxy answers at that address`;
}
