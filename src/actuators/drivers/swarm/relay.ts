/**
 * A stack is alone on its networks, so that nobody's `app` is taken for another's; whatever must reach it from outside
 * goes through a relay of ours: a container of the helper image that passes on what is said to a port of its own.
 *
 * - inside: on the stack's network. The way for this program, and for apps that depend on this one.
 * - at the edge: a service on the network of the reverse proxy, with the labels that the recipe has for the proxy. The
 *   proxy routes to it as it would to the app itself, which it is told to pass over.
 */
import type { Work } from '../../../reconciler/ports.ts';
import type { Compose } from './compose.ts';
import type { DeployOptions } from './deployment.ts';
import { fullName, NAMESPACE, stackName } from './names.ts';
import { ensureSharedNetwork, flagsOf } from './stack-objects.ts';

/** By which a recipe tells Traefik of a service, and we tell it not to look. */
export const ENABLED = 'traefik.enable';
const PORT = '.loadbalancer.server.port';
const FOREIGN = ['com.docker.', 'coop-cloud.', 'recipe-reconciler.'];

/** The ports that the recipe tells the reverse proxy; none where it does not want to be found by it. */
export function routedPorts({ services }: Compose, service: string): number[] {
  const labels = services[service]?.labels ?? {};
  if (labels[ENABLED] !== 'true') return [];
  const ports = Object.entries(labels).filter(([key, port]) => key.endsWith(PORT) && /^\d{1,5}$/.test(port));
  return [...new Set(ports.map(([, port]) => Number(port)))];
}

/** By its tasks' own addresses: they are there a moment before the service's one is. */
export function hostOf(stack: string, service: string): string {
  return `tasks.${stackName(stack)}_${service}`;
}

/** Of the relay at the edge. */
export function edgeName(stack: string, service: string): string {
  return fullName(stack, `${service}-edge`);
}

/** What the relay runs. Of a busybox's `nc` there are two kinds, which listen for ever by different flags. */
export function relayCommand(host: string, ports: readonly number[]): string[] {
  const passOn = (port: number): string => {
    const listen = (flag: string): string => `nc ${flag} -p ${port} -e nc ${host} ${port}`;
    return `(while :; do ${listen('-lk')} 2>/dev/null || ${listen('-ll')}; sleep 1; done) &`;
  };
  return ['-c', `${ports.map(passOn).join(' ')} wait`];
}

/** One for each service that the recipe routes to; what an earlier deployment had is replaced. */
export async function relayAtEdge(
  stack: string,
  compose: Compose,
  network: string,
  { engine, labels, helperImage, nodeId }: DeployOptions,
  { mark, signal, log }: Work,
): Promise<void> {
  const call = { mark, signal };
  const found = Object.entries(compose.services).flatMap(
    ([
      service,
      {
        labels: routed,
        networks: [own],
      },
    ]) => {
      const ports = routedPorts(compose, service);
      return ports.length === 0 || own === undefined ? [] : [{ service, routed, own, ports }];
    },
  );
  if (found.length > 0 && (await ensureSharedNetwork(engine, network, call)))
    log.note(`network ${network} was missing, and is made`);
  for (const { service, routed, own, ports } of found) {
    const name = edgeName(stack, service);
    await engine.run(['service', 'rm', name], call);
    const shown = Object.entries(routed).filter(([key]) => !FOREIGN.some((prefix) => key.startsWith(prefix)));
    const placed = [
      '--constraint',
      `node.id==${nodeId}`,
      '--network',
      network,
      '--network',
      fullName(stack, own),
    ];
    const plain = [
      '--detach',
      '--quiet',
      '--no-resolve-image',
      '--endpoint-mode',
      'dnsrr',
      '--entrypoint',
      'sh',
    ];
    // Part of the stack: so it is judged, and taken down, with it.
    const part = { [NAMESPACE]: stackName(stack) };
    const marked = flagsOf({ ...Object.fromEntries(shown), ...labels, ...part });
    const inContainer = [
      '--container-label',
      `${NAMESPACE}=${stackName(stack)}`,
      '--stop-grace-period',
      '1s',
    ];
    const flags = ['--name', name, ...plain, ...placed, ...marked, ...inContainer];
    const args = ['service', 'create', ...flags, helperImage, ...relayCommand(hostOf(stack, service), ports)];
    await engine.text(args, call);
  }
}
