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
  const at = `at the edge ${edge.scheme}://${domain}${health.path}${through(edge)}`;
  return {
    answer: answer.kind === 'right' ? answer : { ...answer, why: whatIsWrong(answer, health) },
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

/** It is asked only after the inside was found well, so what fails here lies between the two. */
function whatIsWrong(answer: Exclude<Answer, { kind: 'right' }>, { port }: Health): string {
  const inside =
    port === null ? 'its tasks run (without health.port nobody asks them inside)' : 'inside all is well';
  const meaning = answer.kind === 'wrong' ? meaningOfAnswer(answer.status) : meaningOfSilence(answer);
  return `${answer.why}; ${inside}: ${meaning}`;
}

function meaningOfAnswer(status: number): string {
  if (status >= 300 && status < 400)
    return 'the proxy or the app sends others on; where that is healthy, name the status in health.status, and else in health.path a path that answers';
  if (status === 404) return 'it may be the proxy itself that knows no router for the domain';
  if (status >= 502 && status <= 504)
    return 'the proxy routes to a port where nothing answers, or to the app of another stack';
  return 'the proxy may route to the app of another stack';
}

const SILENCES: readonly { code: RegExp; why?: RegExp; meaning: string }[] = [
  {
    code: /^(EPROTO|ERR_SSL_)/,
    why: /wrong version number|http request|packet length too long/i,
    meaning: 'what answers there does not speak TLS: its port may be the one for plain HTTP',
  },
  {
    code: /^(EPROTO|ERR_SSL_)/,
    meaning: 'the proxy answers there and refuses the handshake: it may have no certificate for the domain',
  },
  {
    code: /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/,
    meaning:
      'the proxy shows a certificate that is not for this domain, has expired, or is of an authority that spec.swarm.edge.ca does not name',
  },
  { code: /^(ENOTFOUND|EAI_AGAIN)$/, meaning: 'the domain does not resolve' },
  {
    code: /^ABORT_ERR$/,
    meaning: 'the proxy hangs, or waits for an app that does, or a firewall drops what is sent there',
  },
  {
    code: /^(ECONNRESET|EPIPE)$/,
    meaning:
      'something takes the connection there and closes it: a proxy without a certificate for the domain, or one that gave up on the app',
  },
  { code: /^HPE_/, meaning: 'what answers there does not speak HTTP' },
];

function meaningOfSilence({ code, why }: Extract<Answer, { kind: 'none' }>): string {
  const known = SILENCES.find((each) => each.code.test(code ?? '') && (each.why?.test(why) ?? true));
  return known?.meaning ?? 'no proxy answers at that address';
}
