/**
 * The decision about one recipe: `(desired, observed, now) -> Decision`.
 *
 * Two stages, each a table read from the top, first match wins. `findDrift` compares both sides and says either
 * what the recipe's state is (`in-sync`, `unknown`, held by its canonical, ...) or how it drifted. Where it drifted,
 * `gate` says whether something holds the trial back; if nothing does, the decision carries the whole plan of the
 * trial. Nothing in here reads a clock, a file or a process; `plan` prints what `--once` acts on.
 */
import { adoptedBase, chooseBase, worthKeeping } from './base.ts';
import { observedGeneration } from './conditions.ts';
import { closureOf } from './dependencies.ts';
import { findDrift, type Drift, type Settled } from './drift.ts';
import { gate } from './gates.ts';
import { inputsText } from './inputs.ts';
import type { Base, Decision, TrialPlan } from './model.ts';
import type { DecideContext, FleetView, RecipeView } from './view.ts';

export function decide(view: RecipeView, fleet: FleetView, context: DecideContext): Decision {
  const found = findDrift(view, fleet);
  if (found.drift === null) return settled(view, found, context);
  return drifted(view, fleet, found, context);
}

function domainOf(recipe: string, config: { domain: string; domainTemplate: string }): string {
  return config.domainTemplate.replaceAll('{recipe}', recipe).replaceAll('{domain}', config.domain);
}

function settled(view: RecipeView, found: Settled, { digest }: DecideContext): Decision {
  const { decision, reason, message, latest, notes } = found;
  return {
    recipe: view.recipe,
    decision,
    drift: null,
    reason,
    message,
    latest,
    canonical: canonicalOf(view),
    nextAt: null,
    notes,
    observedGeneration: observedGeneration(view.manifest, digest),
    plan: null,
  };
}

function drifted(view: RecipeView, fleet: FleetView, found: Drift, context: DecideContext): Decision {
  const { manifest, config, target } = found;
  const generations = view.generations.readable ? view.generations.value : [];
  const question = {
    target: target.version,
    driver: config.driver,
    generations,
    distrusted: found.distrusted,
    manifest,
  };
  const base = chooseBase(question) ?? adoptedBase(view, found);
  const closure = closureOf(
    [...manifest.dependsOn, ...(base?.manifest.dependsOn ?? [])],
    fleet,
    config.driver,
  );
  const dependencies = closure.ready ? closure.plans : [];
  const domain = domainOf(view.recipe, config);
  const { program } = context;
  const inputs = context.digest(
    inputsText({ manifest, target, base, dependencies, driver: config.driver, domain, program }),
  );
  const gated = gate({ view, fleet, manifest, config, target, inputs, closure, context });
  const keep = worthKeeping(question).slice(0, manifest.retain - 1);
  const images = found.record?.images ?? [];
  const plan: TrialPlan = { kind: found.drift, target, base, dependencies, keep, images, inputs, domain };
  return {
    recipe: view.recipe,
    decision: gated?.decision ?? found.drift,
    drift: found.drift,
    reason: gated?.reason ?? found.reason,
    message:
      gated === null
        ? `${found.message}${howBuilt(found, base, view)}`
        : `${gated.message}; ${found.message}`,
    latest: target,
    canonical: canonicalOf(view),
    nextAt: gated?.nextAt ?? null,
    notes: found.notes,
    observedGeneration: observedGeneration(manifest, context.digest),
    plan: gated === null ? plan : null,
  };
}

function canonicalOf(view: RecipeView): Decision['canonical'] {
  const record = view.record.readable ? view.record.value : null;
  if (record === null) return null;
  return { version: record.version, commit: record.commit, generation: record.generation };
}

/** Says from what the trial builds where that is not the canonical as one would expect, and so what is lost. */
function howBuilt({ record }: Drift, base: Base | null, view: RecipeView): string {
  if (record === null) return '';
  if (record.generation === null) return howAdopted(base, view);
  const generations = view.generations.readable ? view.generations.value : [];
  if (base?.generation === record.generation) return '';
  const canonical = generations.find(({ generation }) => generation === record.generation);
  const damage = (canonical?.damage ?? []).map(({ what, kind }) => `${what} ${kind}`).join(', ');
  const why = damage === '' ? '' : `; the canonical's generation ${record.generation} is damaged (${damage})`;
  return base === null
    ? `${why}; no older intact generation serves, so it is installed afresh and the data of the canonical is lost`
    : `${why}; it is built from kept generation ${base.generation} (${base.version}), and what came after that is lost`;
}

function howAdopted(base: Base | null, { adoptable }: RecipeView): string {
  if (base?.generation === null)
    return `; it is built from copies of the adopted volumes ${base.volumes.join(', ')}, with new secrets`;
  const isLeft = adoptable.readable && adoptable.value.length > 0;
  const how = isLeft ? 'adopted with volumes that are not to be built on' : 'adopted without volumes';
  return `; the canonical was ${how}, so it is installed afresh`;
}
