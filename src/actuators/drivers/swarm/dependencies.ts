/**
 * How an app reaches the clones that it depends on. With an edge that is the dependency's public address, as in
 * production. Without one there is no such address: then the dependency's relay joins the app's network under the
 * dependency's domain, and the app is told that in place of the address that this program itself uses.
 */
import type { DeployRequest } from '../../../reconciler/ports.ts';
import type { Compose } from './compose.ts';
import { mainService } from './deployment.ts';
import type { Call, Engine } from './engine.ts';
import { fullName } from './names.ts';
import { networksOf } from './overlay.ts';
import type { Aim } from './tunnel.ts';

/** Apps that are up at the moment, by the address that others were told of them. */
export type Reachable = ReadonlyMap<string, Aim>;

/** What the app is told, with every such address in it replaced. */
export function translated(
  env: Readonly<Record<string, string>>,
  reachable: Reachable,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([key, value]) => {
      const found = [...reachable].find(([url]) => value === url || value.startsWith(`${url}/`));
      if (found === undefined) return [key, value];
      const [url, { domain, port }] = found;
      return [key, `http://${domain}:${port}${value.slice(url.length)}`];
    }),
  );
}

export async function linkDependencies(
  engine: Engine,
  request: DeployRequest,
  compose: Compose,
  reachable: Reachable,
  call: Call,
): Promise<void> {
  const { stack } = request.home;
  const [network = 'default'] = networksOf(compose, mainService(request));
  const named = [...reachable].filter(([url]) =>
    Object.values(request.env).some((value) => value.startsWith(url)),
  );
  for (const [, { container, domain }] of named) {
    const joined = fullName(stack, network);
    // It may be there already, of an earlier deployment of the same stack.
    await engine.run(['network', 'disconnect', joined, container], call);
    await engine.text(['network', 'connect', '--alias', domain, joined, container], call);
  }
}
