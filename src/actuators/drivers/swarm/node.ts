/** Is there a Swarm that this program can work on, and which of its nodes is the engine's own? */
import { z } from 'zod';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import type { Reading } from '../../../reconciler/model.ts';
import type { Call, Engine } from './engine.ts';

const Info = z.object({
  NodeID: z.string().default(''),
  LocalNodeState: z.string().default('inactive'),
  ControlAvailable: z.boolean().default(false),
  Error: z.string().default(''),
});
const NodeFacts = z.object({
  ID: z.string(),
  Description: z.object({ Hostname: z.string() }),
  Spec: z.object({ Availability: z.string() }),
});

/** An engine that does not answer at once is not one to start a trial on. */
const REACH_TIMEOUT_MS = 20_000;

export async function reachSwarm(engine: Engine, wanted: string | null, call: Call): Promise<Reading<null>> {
  try {
    await ownNode(engine, wanted, call);
    return { readable: true, value: null };
  } catch (error) {
    const hint = error instanceof TrialFault && error.hint !== null ? `; ${error.hint}` : '';
    return { readable: false, why: `${describe(error)}${hint}` };
  }
}

/** Its id. Volumes lie where the engine is, so that is where stacks are pinned to. */
export async function ownNode(engine: Engine, wanted: string | null, call: Call): Promise<string> {
  const said = await engine.text(['info', '--format', '{{json .Swarm}}'], {
    timeoutMs: REACH_TIMEOUT_MS,
    ...call,
  });
  const {
    NodeID: id,
    LocalNodeState: state,
    ControlAvailable: isManager,
    Error: why,
  } = Info.parse(JSON.parse(said));
  if (state !== 'active' || !isManager) {
    const words = why === '' ? '' : ` (${why})`;
    const message = `the docker engine is no manager of a Swarm: its state there is ${state}${words}`;
    const hint = 'run "docker swarm init", or point $DOCKER_HOST or the docker context at a manager';
    throw new TrialFault('infra', 'no-swarm', message, { hint });
  }
  // A manager that is cut off from the others still says what it is, and answers nothing else.
  const [node] = await engine.inspect('node', [id], NodeFacts, { timeoutMs: REACH_TIMEOUT_MS, ...call });
  const name = node?.Description.Hostname ?? id;
  assertAvailable(name, node?.Spec.Availability);
  if (wanted === null || wanted === id || wanted === name) return id;
  const message = `generations are to be placed on node ${wanted}, and the docker engine is on ${name}`;
  const hint =
    'volumes are reached through the engine of their own node: point $DOCKER_HOST at it, or see spec.swarm.node';
  throw new TrialFault('infra', 'other-node', message, { hint });
}

/** One that is drained or paused takes no task, whatever the recipe. */
function assertAvailable(name: string, availability: string | undefined): void {
  if (availability === 'active') return;
  const message = `node ${name}, where the docker engine is, takes no tasks: its availability is ${availability ?? 'not known'}`;
  const hint = `run "docker node update --availability active ${name}"`;
  throw new TrialFault('infra', 'node-unavailable', message, { hint });
}
