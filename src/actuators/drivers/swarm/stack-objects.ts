/** What a stack needs on the Swarm before it is deployed, and does not make itself: its own shared networks, its secrets. */
import { z } from 'zod';
import { type Call, type Engine } from './engine.ts';
import { fullName, LABEL, NAMESPACE } from './names.ts';
import type { Secret } from './secrets.ts';

export type Labels = Readonly<Record<string, string>>;

const Labelled = z.object({
  Spec: z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
});
const Named = z.object({ Name: z.string() });

/** In place of each network that the recipe shares with others the stack has one of its own. */
export async function ensureNetworks(
  engine: Engine,
  stack: string,
  keys: readonly string[],
  labels: Labels,
  call: Call,
): Promise<void> {
  for (const key of keys) {
    const name = fullName(stack, key);
    const [there] = await engine.inspect('network', [name], Named, call);
    if (there !== undefined) continue;
    const options = ['--driver', 'overlay', '--attachable', ...flagsOf(labels)];
    await engine.text(['network', 'create', ...options, name], call);
  }
}

/** The network of the reverse proxy, which outlives every stack and is nobody's. Says whether it was made. */
export async function ensureSharedNetwork(engine: Engine, name: string, call: Call): Promise<boolean> {
  const [there] = await engine.inspect('network', [name], Named, call);
  if (there !== undefined) return false;
  await engine.text(['network', 'create', '--driver', 'overlay', '--attachable', name], call);
  return true;
}

/** A secret that is on the Swarm cannot be read back: one of this trial was made from the same file. */
export async function ensureSwarmSecrets(
  engine: Engine,
  secrets: readonly Secret[],
  labels: Labels,
  call: Call,
): Promise<void> {
  for (const { fullName: name, value } of secrets) {
    const [there] = await engine.inspect('secret', [name], Labelled, call);
    if (there !== undefined) continue;
    await engine.text(['secret', 'create', ...flagsOf(labels), name, '-'], { ...call, input: value });
  }
}

/** Those of a stack that its release no longer has. */
export async function dropSwarmSecrets(
  engine: Engine,
  stack: string,
  kept: readonly Secret[],
  call: Call,
): Promise<void> {
  const filter = `label=${LABEL.stack}=${stack}`;
  const ids = await engine.lines(['secret', 'ls', '-q', '--filter', filter], call);
  const there = await engine.inspect('secret', ids, Labelled, call);
  // Those that carry the engine's own label came with the stack, and go with it.
  const made = there
    .filter(({ Spec }) => Spec.Labels?.[NAMESPACE] === undefined)
    .map(({ Spec }) => Spec.Name);
  const others = made.filter((name) => !kept.some((each) => each.fullName === name));
  if (others.length > 0) await engine.text(['secret', 'rm', ...others], call);
}

export function flagsOf(labels: Labels): string[] {
  return Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
}
