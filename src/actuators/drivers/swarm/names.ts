/**
 * What things are called on a Swarm, and the labels by which what is ours is known again. Only what carries this state
 * folder's own label is ever ended or removed (invariant I8).
 */
import { createHash } from 'node:crypto';

const PREFIX = 'recipe-reconciler';

export const LABEL = {
  /** Which state folder it belongs to: several may share one Swarm. */
  instance: `${PREFIX}.instance`,
  /** The mark of the work that made it, by which what a dead process left is found. */
  mark: `${PREFIX}.mark`,
  recipe: `${PREFIX}.recipe`,
  generation: `${PREFIX}.generation`,
  trial: `${PREFIX}.trial`,
  /** The home's stack, in full. */
  stack: `${PREFIX}.stack`,
  /** A volume's or a secret's own name, without that of its stack. */
  name: `${PREFIX}.name`,
} as const;

/** The engine's own, on everything that came of a stack. */
export const NAMESPACE = 'com.docker.stack.namespace';

/** The engine's limits. */
export const LONGEST = { service: 63, secret: 64, config: 64 } as const;

/** What can neither lead out of a folder nor be none: names of secrets are those of files, too. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Leaves room for what recipes add to it: as much as those who name stacks after domains leave them. */
const LONGEST_STACK = 40;
const HASH_LENGTH = 8;

/** The same stack has the same name, always: what is deployed must be found again to be undeployed. */
export function stackName(stack: string): string {
  if (stack.length <= LONGEST_STACK) return stack;
  const hash = createHash('sha256').update(stack).digest('hex').slice(0, HASH_LENGTH);
  return `${stack.slice(0, LONGEST_STACK - HASH_LENGTH - 1).replace(/-+$/, '')}-${hash}`;
}

export function isPlainName(name: string): boolean {
  return PLAIN.test(name);
}

/** Of a volume, a secret, a network or a service. */
export function fullName(stack: string, name: string): string {
  return `${stackName(stack)}_${name}`;
}
