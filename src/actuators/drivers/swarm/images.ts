/** Which images a stack runs from, as its containers say: what a name stands for may have changed since they were made. */
import { z } from 'zod';
import type { ImageRecord } from '../../../reconciler/model.ts';
import type { Work } from '../../../reconciler/ports.ts';
import type { Compose } from './compose.ts';
import type { Call, Engine } from './engine.ts';
import type { StackFacts } from './facts.ts';

const ContainerFacts = z.object({ Id: z.string(), Image: z.string() });
const ImageFacts = z.object({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.object({ Volumes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** One for each service of the recipe that a container of is left, by the service's name. */
export async function readImages(
  engine: Engine,
  compose: Compose,
  facts: StackFacts,
  work: Call & Pick<Work, 'log'>,
): Promise<ImageRecord[]> {
  const call = { mark: work.mark, signal: work.signal };
  const ran = containersOf(facts);
  const containers = await engine.inspect('container', [...ran.values()], ContainerFacts, call);
  const ids = [...new Set(containers.map(({ Image }) => Image))];
  const images = await engine.inspect('image', ids, ImageFacts, call);
  return Object.entries(compose.services)
    .flatMap(([service, { image: reference, mounts }]): ImageRecord[] => {
      const container = containers.find(({ Id }) => Id === ran.get(service));
      const image = images.find(({ Id }) => Id === container?.Image);
      if (image === undefined) return [];
      for (const target of Object.keys(image.Config?.Volumes ?? {}))
        if (!mounts.some((mount) => mount.target === target))
          work.log.note(
            `service ${service}: its image keeps ${target} in a volume without a name: it is not kept`,
          );
      return [{ service, reference, digest: digestOf(reference, image.RepoDigests ?? []), id: image.Id }];
    })
    .toSorted((a, b) => (a.service < b.service ? -1 : 1));
}

/** By the service's name one that runs, or ran to its end, as the service now is. */
function containersOf({ services, tasks }: StackFacts): Map<string, string> {
  const found = new Map<string, string>();
  for (const { id, name, spec } of services) {
    const own = tasks.filter((task) => task.service === id && task.spec === spec);
    const task =
      own.find(({ state }) => state === 'running') ?? own.find(({ state }) => state === 'complete');
    if (task?.container != null) found.set(name, task.container);
  }
  return found;
}

/** That of the repository which the recipe names; an image may have been pulled from others too. */
function digestOf(reference: string, repoDigests: readonly string[]): string | null {
  const repository = reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const own = repoDigests.find((each) => each.startsWith(`${repository}@`)) ?? repoDigests[0];
  return own?.slice(own.indexOf('@') + 1) ?? null;
}
