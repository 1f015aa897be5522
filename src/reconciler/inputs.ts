/**
 * What a trial's outcome can hang on. A red or timed-out trial is not repeated until one of these changes, so the
 * list is exact in both directions: a key that reaches a deployment or judges it must be in, and one that does
 * neither (`suspend`, `retain`, `retry`, `reason`) must stay out (design: holds).
 */
import { canonicalJson } from './canonical-json.ts';
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
    base: base === null ? null : baseOf(base),
    dependencies: dependencies.map(({ name, version, commit, generation }) => ({
      name,
      version,
      commit,
      generation,
    })),
    manifest: { upstream, release, dependsOn, app, health, checks, timeoutMs, commandFiles },
  });
}

/** A generation never changes; what was adopted is known by its names alone. */
function baseOf(base: Base): object {
  const { version, generation } = base;
  return base.generation === null ? { version, generation, volumes: base.volumes } : { version, generation };
}
