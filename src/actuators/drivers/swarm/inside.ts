/**
 * Asking an app from inside of its stack: a relay joins the stack's network (`relay.ts`), and the tunnel goes through its
 * container to a task of the service. Only where a port is known is anything asked; else the tasks' own word counts.
 */
import type { DeployRequest, Work } from '../../../reconciler/ports.ts';
import { probe } from '../probe.ts';
import type { Compose } from './compose.ts';
import type { Diagnosis } from './converge.ts';
import { mainService, type DeployOptions } from './deployment.ts';
import { fullName } from './names.ts';
import { networksOf } from './overlay.ts';
import { hostOf, relayCommand, routedPorts } from './relay.ts';
import { flagsOf } from './stack-objects.ts';
import type { Tunnel } from './tunnel.ts';

/** Of the relay's container. */
export function insideName(stack: string): string {
  return fullName(stack, 'inside');
}

/** Replaces the one that an earlier deployment of the same stack had, and aims the tunnel at the service. */
export async function joinStack(
  request: DeployRequest,
  compose: Compose,
  { engine, labels, helperImage, tunnel }: DeployOptions,
  work: Work,
): Promise<void> {
  const { home, manifest, domain } = request;
  const { stack } = home;
  const service = mainService(request);
  const port = manifest.health.port ?? routedPorts(compose, service)[0] ?? null;
  const container = insideName(stack);
  await tunnel.aimAt(null);
  await engine.run(['rm', '--force', '--volumes', '--', container], work);
  if (port === null) return;
  const host = hostOf(stack, service);
  const [network = 'default'] = networksOf(compose, service);
  const options = ['--name', container, ...flagsOf(labels), '--network', fullName(stack, network)];
  const command = ['--entrypoint', 'sh', helperImage, ...relayCommand(host, [port])];
  await engine.text(['run', '--detach', ...options, ...command], work);
  await tunnel.aimAt({ stack, container, host, port, domain, mark: work.mark });
}

export async function askInside(
  tunnel: Tunnel,
  { manifest, domain }: DeployRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const { health } = manifest;
  const blame = {
    wrong: { verdict: 'red', reason: 'wrong-answer' },
    none: { verdict: 'timeout', reason: 'health-timeout' },
  } as const;
  const { aim } = tunnel;
  // A port that only a label of the proxy names is for those who ask; the recipe is judged by what its manifest says.
  if (aim === null || health.port === null) {
    return { answer: { kind: 'right' }, at: 'inside, by its tasks alone,', blame };
  }
  const answer = await probe({ host: '127.0.0.1', port: tunnel.port, domain }, health, timeoutMs, signal);
  const at = `inside http://${aim.host}:${aim.port}${health.path}`;
  if (answer.kind !== 'none' || tunnel.complaint === '') return { answer, at, blame };
  return { answer: { ...answer, why: tunnel.complaint }, at, blame };
}
