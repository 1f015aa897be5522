/** Finding what work that is over left on the Swarm: by the mark in its labels, whatever it is. */
import { z } from 'zod';
import type { Call, Engine } from './engine.ts';
import { LABEL } from './names.ts';

export interface Found {
  /** Home's stacks of which something is deployed. */
  stacks: string[];
  /** Helper containers, which belong to no stack. */
  containers: string[];
}

type Kind = 'service' | 'container' | 'network' | 'secret' | 'config';

const texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((found) => found ?? {});
const ofSwarm = z
  .object({ ID: z.string(), Spec: z.object({ Labels: texts }) })
  .transform(({ ID, Spec }) => ({ id: ID, labels: Spec.Labels }));
const SCHEMAS = {
  service: ofSwarm,
  secret: ofSwarm,
  config: ofSwarm,
  network: z
    .object({ Id: z.string(), Labels: texts })
    .transform(({ Id, Labels }) => ({ id: Id, labels: Labels })),
  container: z
    .object({ Id: z.string(), Config: z.object({ Labels: texts }) })
    .transform(({ Id, Config }) => ({ id: Id, labels: Config.Labels })),
} as const;

/** Everything of ours whose mark is this one, or begins with it and a `/`. Volumes are data, and not among it. */
export async function findMarked(engine: Engine, instance: string, mark: string, call: Call): Promise<Found> {
  const stacks = new Set<string>();
  const containers: string[] = [];
  for (const kind of ['service', 'container', 'network', 'secret', 'config'] as const) {
    for (const { id, labels } of await labelsOf(engine, instance, kind, call)) {
      const own = labels[LABEL.mark] ?? '';
      if (own !== mark && !own.startsWith(`${mark}/`)) continue;
      const stack = labels[LABEL.stack];
      if (stack !== undefined) stacks.add(stack);
      else if (kind === 'container') containers.push(id);
    }
  }
  return { stacks: [...stacks].toSorted(), containers };
}

async function labelsOf(
  engine: Engine,
  instance: string,
  kind: Kind,
  call: Call,
): Promise<{ id: string; labels: Readonly<Record<string, string>> }[]> {
  const all = kind === 'container' ? ['-a', '--no-trunc'] : [];
  const filter = `label=${LABEL.instance}=${instance}`;
  const ids = await engine.lines([kind, 'ls', '-q', ...all, '--filter', filter], call);
  return await engine.inspect(kind, ids, SCHEMAS[kind], call);
}
