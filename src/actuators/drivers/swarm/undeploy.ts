/**
 * Takes a stack down, and returns when the engine has nothing of it any more but its volumes. `docker stack rm` only asks:
 * tasks end later, and networks go later still, so what is left is looked for until nothing is (and asked for again).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TrialFault } from '../../../reconciler/errors.ts';
import { complaint, type Call, type Engine } from './engine.ts';
import { readServices } from './facts.ts';
import { LABEL, NAMESPACE, stackName } from './names.ts';

/** Of one kind each; ids, but for volumes. */
type Kind = 'service' | 'container' | 'network' | 'secret' | 'config';
/** Relays are containers of ours; they are among the containers too. */
type Left = Record<Kind | 'relay', string[]>;

const Joined = z.object({ Id: z.string(), Containers: z.record(z.string(), z.unknown()).nullish() });

const TIMEOUT_MS = 300_000;
/** Tasks get their own time to end; a container that outlives it is removed. */
const CONTAINER_PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

export async function undeployStack(
  engine: Engine,
  instance: string,
  stack: string,
  call: Call,
): Promise<void> {
  const isOurs = (await foreignService(engine, instance, stack, call)) === null;
  const begin = performance.now();
  let removing = '';
  for (;;) {
    const left = await whatIsLeft(engine, { instance, stack, isOurs }, call);
    if (Object.values(left).every((ids) => ids.length === 0)) return;
    const waited = performance.now() - begin;
    if (waited > TIMEOUT_MS) {
      const message = `could not undeploy ${stack} within ${TIMEOUT_MS / 1000} s: left are ${wordsOf(left)}${removing}`;
      throw new TrialFault('infra', 'undeploy-failed', message);
    }
    removing = await removeNext(engine, stack, left, waited, call);
    await sleep(PAUSE_MS, undefined, call.signal === undefined ? {} : { signal: call.signal });
  }
}

/** Somebody else may have deployed a stack of the same name: that is not ours to end (invariant I8). */
export async function assertOwn(engine: Engine, instance: string, stack: string, call: Call): Promise<void> {
  const foreign = await foreignService(engine, instance, stack, call);
  if (foreign === null) return;
  const message = `stack ${stackName(stack)} on the Swarm is not of this state folder: its service ${foreign} does not say so`;
  throw new TrialFault('infra', 'stack-taken', message, { hint: `rename or remove that stack` });
}

async function foreignService(
  engine: Engine,
  instance: string,
  stack: string,
  call: Call,
): Promise<string | null> {
  const services = await readServices(engine, stackName(stack), call);
  return services.find(({ labels }) => labels[LABEL.instance] !== instance)?.name ?? null;
}

/**
 * What else there is of a stack goes only once its tasks have: until then it is not asked for. Where the stack of that
 * name is somebody else's, only what says that it is ours is.
 */
async function whatIsLeft(
  engine: Engine,
  { instance, stack, isOurs }: { instance: string; stack: string; isOurs: boolean },
  call: Call,
): Promise<Left> {
  const namespace = `label=${NAMESPACE}=${stackName(stack)}`;
  const own = [`label=${LABEL.stack}=${stack}`, `label=${LABEL.instance}=${instance}`];
  const ids = async (kind: Kind, filters: readonly string[]): Promise<string[]> => {
    const all = kind === 'container' ? ['-a', '--no-trunc'] : [];
    const args = [kind, 'ls', '-q', ...all, ...filters.flatMap((filter) => ['--filter', filter])];
    return await engine.lines(args, call);
  };
  const service = isOurs ? await ids('service', [namespace]) : [];
  const relay = await ids('container', own);
  // A task's container carries no label of ours; everything else does.
  const tasks = isOurs ? await ids('container', [namespace]) : [];
  const container = [...new Set([...tasks, ...relay])];
  if (service.length + container.length > 0) {
    return { service, container, relay, network: [], secret: [], config: [] };
  }
  const [network, secret, config] = [
    await ids('network', own),
    await ids('secret', own),
    await ids('config', own),
  ];
  return { service, container, relay, network, secret, config };
}

/** Returns what was said where something did not go; it is asked for again. */
async function removeNext(
  engine: Engine,
  stack: string,
  left: Left,
  waited: number,
  call: Call,
): Promise<string> {
  const complaints: string[] = [];
  const ask = async (args: readonly string[]): Promise<void> => {
    const result = await engine.run(args, call);
    if (result.exitCode !== 0) complaints.push(complaint(result));
  };
  if (left.relay.length > 0) await ask(['rm', '--force', '--volumes', '--', ...left.relay]);
  if (left.service.length > 0) await ask(['stack', 'rm', stackName(stack)]);
  else if (left.container.length > left.relay.length) {
    // One that still runs is left alone by this; one that has ended, the engine itself would remove some seconds later, and
    // with it the volumes without a name that were made for it, which nobody else would find.
    const force = waited > CONTAINER_PATIENCE_MS ? ['--force'] : [];
    await ask(['rm', '--volumes', ...force, '--', ...left.container]);
  } else {
    await disconnectAll(engine, left.network, call);
    for (const kind of ['network', 'secret', 'config'] as const) {
      if (left[kind].length > 0) await ask([kind, 'rm', ...left[kind]]);
    }
  }
  return complaints.length === 0 ? '' : `: ${complaints.join('; ')}`;
}

/** A dependency's relay that joined stays with its own stack. */
async function disconnectAll(engine: Engine, networks: readonly string[], call: Call): Promise<void> {
  for (const { Id, Containers } of await engine.inspect('network', networks, Joined, call)) {
    for (const container of Object.keys(Containers ?? {}).filter((id) => /^[0-9a-f]{64}$/.test(id))) {
      await engine.run(['network', 'disconnect', '--force', Id, container], call);
    }
  }
}

function wordsOf(left: Left): string {
  return Object.entries(left)
    .filter(([, ids]) => ids.length > 0)
    .map(([kind, ids]) => `${ids.length} ${kind}${ids.length === 1 ? '' : 's'}`)
    .join(', ');
}
