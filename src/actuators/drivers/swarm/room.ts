/**
 * Names that a stack is about to use may be taken. What an earlier trial of this state folder left goes first, all of its
 * stack: a secret may be of another value, a service of other tasks. What is anybody else's stays as it is, and the trial
 * ends: the engine itself would make some of it a part of the stack, and remove it with that.
 */
import { z } from 'zod';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { Work } from '../../../reconciler/ports.ts';
import type { Compose } from './compose.ts';
import type { Engine } from './engine.ts';
import { insideName } from './inside.ts';
import { fullName, LABEL } from './names.ts';
import { madeNames } from './overlay.ts';
import { edgeName } from './relay.ts';
import type { Labels } from './stack-objects.ts';
import { assertOwn, undeployStack } from './undeploy.ts';

const KINDS = ['service', 'container', 'network', 'secret', 'config'] as const;
type Kind = (typeof KINDS)[number];

const labels = z.record(z.string(), z.string()).nullish();
/** The engine keeps names and labels of each kind in another place. */
const Facts = z
  .object({
    Name: z.string().optional(),
    Labels: labels,
    Config: z.object({ Labels: labels }).optional(),
    Spec: z.object({ Name: z.string(), Labels: labels }).optional(),
  })
  .transform(({ Name, Labels, Config, Spec }) => ({
    name: (Spec?.Name ?? Name ?? '').replace(/^\//, ''),
    labels: Spec?.Labels ?? Config?.Labels ?? Labels ?? {},
  }));

interface Room {
  engine: Engine;
  /** The home's, in full. */
  stack: string;
  compose: Compose;
  /** External ones that are the stack's own, by their names on the Swarm. */
  secrets: readonly string[];
  /** Of what this trial makes. */
  own: Labels;
}

export async function makeRoom(room: Room, work: Work): Promise<void> {
  const { engine, stack, own } = room;
  const instance = own[LABEL.instance] ?? '';
  await assertOwn(engine, instance, stack, work);
  const names = namesOf(room);
  const leftovers: string[] = [];
  for (const kind of KINDS) {
    for (const there of await engine.inspect(kind, names[kind], Facts, work)) {
      const isOurs = there.labels[LABEL.instance] === instance && there.labels[LABEL.stack] === stack;
      if (!isOurs) throw taken(kind, there.name);
      if (there.labels[LABEL.trial] !== own[LABEL.trial]) leftovers.push(`${kind} ${there.name}`);
    }
  }
  if (leftovers.length === 0) return;
  work.log.note(`an earlier trial left ${leftovers.join(', ')}: that goes first`);
  await undeployStack(engine, instance, stack, work);
}

function namesOf({ stack, compose, secrets }: Room): Record<Kind, string[]> {
  const made = madeNames(compose, stack);
  const services = Object.keys(compose.services);
  return {
    service: services.flatMap((name) => [fullName(stack, name), edgeName(stack, name)]),
    container: [insideName(stack)],
    network: made.networks,
    secret: [...secrets, ...made.secrets],
    config: made.configs,
  };
}

function taken(kind: Kind, name: string): TrialFault {
  const message = `could not make ${kind} ${name}: the Swarm has one of that name that this state folder did not make`;
  const hint = `see "docker ${kind} inspect ${name}"; rename or remove it`;
  return new TrialFault('infra', `${kind}-taken`, message, { hint });
}
