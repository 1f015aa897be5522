/**
 * What is called more than the engine allows is refused before anything of the stack is made: otherwise it would fail in
 * the middle of a deploy, and less clearly.
 */
import type { DeployRequest } from '../../../reconciler/ports.ts';
import { isExternal, type Definition } from './compose.ts';
import { fullName, LONGEST } from './names.ts';
import { ownName } from './overlay.ts';
import { unfit, type SwarmRecipe } from './recipe.ts';
import { wantedSecrets } from './secrets.ts';

type Definitions = Readonly<Record<string, Definition>>;

export function assertNamesFit(request: DeployRequest, recipe: SwarmRecipe, stack: string): void {
  const { services, secrets, configs } = recipe.compose;
  const made = (definitions: Definitions): string[] =>
    Object.entries(definitions)
      .filter(([, definition]) => !isExternal(definition))
      .map(([key, definition]) => ownName(key, definition, stack));
  const names = {
    service: Object.keys(services).map((name) => fullName(stack, name)),
    secret: [...wantedSecrets(recipe, stack).map((secret) => secret.fullName), ...made(secrets)],
    config: made(configs),
  };
  for (const kind of ['service', 'secret', 'config'] as const) {
    const long = names[kind].find((name) => name.length > LONGEST[kind]);
    if (long === undefined) continue;
    const why = `${kind} ${long} has ${long.length} characters in its name, more than the ${LONGEST[kind]} that a Swarm allows`;
    throw unfit(request, 'name-too-long', why);
  }
}
