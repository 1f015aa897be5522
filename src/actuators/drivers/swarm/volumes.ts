/**
 * Volumes on the engine's own node, by name. Ours say so in their labels: whose state folder, trial and generation they
 * belong to, and what the recipe calls them. Only those are ever removed, whatever another one is called.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { HeldHome, NewHome } from '../../../reconciler/ports.ts';
import { complaint, type Call, type Engine } from './engine.ts';
import { fullName, LABEL } from './names.ts';

export interface Volume {
  /** On the engine. */
  fullName: string;
  /** What the recipe calls it. */
  name: string;
  stack: string;
  labels: Readonly<Record<string, string>>;
}

const VolumeFacts = z.object({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullable(),
});

/** A volume is in use until its last container is gone, which the engine says of a stack a moment too early. */
const REMOVAL_TIMEOUT_MS = 60_000;
const PAUSE_MS = 250;

export class Volumes {
  readonly #engine: Engine;
  readonly #instance: string;

  constructor(engine: Engine, instance: string) {
    this.#engine = engine;
    this.#instance = instance;
  }

  /** Those of one home, or all of ours. */
  async list(stack: string | null, call: Call): Promise<Volume[]> {
    const filters = [`label=${LABEL.instance}=${this.#instance}`];
    if (stack !== null) filters.push(`label=${LABEL.stack}=${stack}`);
    const args = ['volume', 'ls', '-q', ...filters.flatMap((filter) => ['--filter', filter])];
    const facts = await this.#engine.inspect(
      'volume',
      await this.#engine.lines(args, call),
      VolumeFacts,
      call,
    );
    return facts
      .map(({ Name, Labels }) => ({
        fullName: Name,
        name: Labels?.[LABEL.name] ?? Name,
        stack: Labels?.[LABEL.stack] ?? '',
        labels: Labels ?? {},
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Names that begin so, of those without a label of ours; what follows in each. */
  async unlabelled(prefix: string, call: Call): Promise<string[]> {
    const listed = await this.#engine.lines(['volume', 'ls', '-q', '--filter', `name=${prefix}`], call);
    const facts = await this.#engine.inspect('volume', listed, VolumeFacts, call);
    return facts
      .filter(({ Name, Labels }) => Name.startsWith(prefix) && Labels?.[LABEL.instance] === undefined)
      .map(({ Name }) => Name.slice(prefix.length))
      .filter((name) => name !== '')
      .toSorted();
  }

  /** Makes an empty one. One of that name that is not this home's is somebody else's, and stays as it is. */
  async make(
    home: NewHome,
    name: string,
    labels: Readonly<Record<string, string>>,
    call: Call,
  ): Promise<void> {
    const full = fullName(home.stack, name);
    const [there] = await this.#engine.inspect('volume', [full], VolumeFacts, call);
    if (there !== undefined) {
      const message = `could not make volume ${full}: the engine has one of that name that this state folder did not make`;
      throw new TrialFault('infra', 'volume-taken', message, {
        hint: `remove or rename it: docker volume inspect ${full}`,
      });
    }
    const all = { ...labels, [LABEL.name]: name };
    const flags = Object.entries(all).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await this.#engine.text(['volume', 'create', ...flags, '--', full], call);
  }

  async remove(volumes: readonly Volume[], call: Call): Promise<void> {
    for (const { fullName: name } of volumes) await this.#remove(name, call);
  }

  async #remove(name: string, call: Call): Promise<void> {
    const end = performance.now() + REMOVAL_TIMEOUT_MS;
    for (;;) {
      const result = await this.#engine.run(['volume', 'rm', '--force', '--', name], call);
      if (result.exitCode === 0) return;
      if (performance.now() > end) {
        const message = `could not remove volume ${name} within ${REMOVAL_TIMEOUT_MS / 1000} s: ${complaint(result)}`;
        throw new TrialFault('infra', 'volume-not-removed', message);
      }
      await sleep(PAUSE_MS, undefined, call.signal === undefined ? {} : { signal: call.signal });
    }
  }
}

/** What the labels of volumes say of the homes that they belong to. */
export function homesOf(volumes: readonly Volume[]): HeldHome[] {
  const homes = new Map<string, HeldHome>();
  for (const { stack, fullName: name, labels } of volumes) {
    const owner = {
      recipe: labels[LABEL.recipe] ?? '',
      generation: Number(labels[LABEL.generation]),
      trial: labels[LABEL.trial] ?? '',
    };
    homes.set(stack, { stack, owner, volumes: [...(homes.get(stack)?.volumes ?? []), name] });
  }
  return [...homes.values()];
}
