/**
 * What is called more than the engine allows, or by what is no plain name, is refused before anything of the stack is
 * made. Otherwise it would fail in the middle of a deploy, and less clearly; and a secret's name is also that of a file
 * of ours, whose folder the recipe must not choose (invariant I12).
 */
import type { DeployRequest } from '../../../reconciler/ports.ts';
import { fullName, isPlainName, LONGEST } from './names.ts';
import { madeNames } from './overlay.ts';
import { unfit, type SwarmRecipe } from './recipe.ts';
import { wantedSecrets } from './secrets.ts';

const PLAINLY =
  'after the name of its stack come only letters, digits, ".", "_" and "-", of which the first is a letter or a digit';

export function assertNamesFit(request: DeployRequest, recipe: SwarmRecipe, stack: string): void {
  const { services } = recipe.compose;
  const made = madeNames(recipe.compose, stack);
  const wanted = wantedSecrets(recipe, stack);
  const names = {
    service: Object.keys(services).map((name) => fullName(stack, name)),
    secret: [...wanted.map((secret) => secret.fullName), ...made.secrets],
    config: made.configs,
  };
  for (const kind of ['secret', 'config'] as const) {
    const odd = names[kind].find((name) => !isPlainName(name.slice(fullName(stack, '').length)));
    if (odd === undefined) continue;
    throw unfit(request, 'name-invalid', `${kind} ${JSON.stringify(odd)} is no name: ${PLAINLY}`);
  }
  for (const kind of ['service', 'secret', 'config'] as const) {
    const long = names[kind].find((name) => name.length > LONGEST[kind]);
    if (long === undefined) continue;
    const why = `${kind} ${long} has ${long.length} characters in its name, more than the ${LONGEST[kind]} that a Swarm allows`;
    throw unfit(request, 'name-too-long', why);
  }
}
