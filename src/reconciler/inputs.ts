/**
 * What a trial's outcome can hang on. A red or timed-out trial is not repeated until one of these changes, so the
 * list is exact in both directions: a key that reaches a deployment or judges it must be in, and one that does
 * neither (`suspend`, `retain`, `retry`, `reason`) must stay out (design: holds).
 */
import type { Base, DependencyPlan, Manifest, Program, ReleaseRef } from './model.ts';

export interface TrialInputs {
  manifest: Manifest;
  target: ReleaseRef;
  base: Base | null;
  dependencies: readonly DependencyPlan[];
  driver: string;
  domain: string;
  program: Program;
}

/** A text that is equal for equal inputs, whatever the order of keys, and for no others. */
export function inputsText(inputs: TrialInputs): string {
  const { manifest, target, base, dependencies, driver, domain, program } = inputs;
  const { upstream, release, dependsOn, app, health, checks, timeoutMs, commandFiles } = manifest;
  return canonicalJson({
    recipe: manifest.name,
    target,
    driver,
    domain,
    program,
    base: base === null ? null : { version: base.version, generation: base.generation },
    dependencies: dependencies.map(({ name, version, commit, generation }) => ({
      name,
      version,
      commit,
      generation,
    })),
    manifest: { upstream, release, dependsOn, app, health, checks, timeoutMs, commandFiles },
  });
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${entries.join(',')}}`;
}
