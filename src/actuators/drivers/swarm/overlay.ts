/**
 * The one compose file of ours, after the recipe's own: it gives the stack volumes and networks of its own, whatever
 * the recipe calls them, labels everything, and pins it to the node where its volumes are. What it says of a volume, a
 * network, a secret or a config takes the place of what the recipe says; what it says of a service adds to that.
 */
import { resolve } from 'node:path';
import { givenName, isExternal, readLabels, type Compose, type Definition } from './compose.ts';
import { escapeAll } from './interpolation.ts';
import { fullName } from './names.ts';
import { ENABLED, routedPorts } from './relay.ts';

export interface OverlayOptions {
  compose: Compose;
  stack: string;
  recipe: string;
  labels: Readonly<Record<string, string>>;
  nodeId: string;
  /** The folder that the recipe's files name theirs from. */
  folder: string;
}

const DEFAULT_NETWORK = 'default';

export function overlayOf(options: OverlayOptions): string {
  const { compose, stack } = options;
  const volumes = Object.keys(compose.volumes).map((name) => [
    name,
    { external: true, name: fullName(stack, name) },
  ]);
  const overlay = {
    version: compose.version,
    services: Object.fromEntries(
      Object.keys(compose.services).map((name) => [name, serviceOverlay(name, options)]),
    ),
    volumes: Object.fromEntries(volumes) as unknown,
    networks: networksOverlay(options),
    secrets: ownFiles(compose.secrets, options),
    configs: ownFiles(compose.configs, options),
  };
  return JSON.stringify(escapeAll(overlay), null, 2);
}

/** Networks that the recipe shares with others, by the names that it has for them: the stack gets its own of each. */
export function sharedNetworks({ networks }: Compose): string[] {
  return Object.entries(networks)
    .filter(([, definition]) => isExternal(definition))
    .map(([key]) => key);
}

/** What a stack has on the Swarm besides services, of which it makes some, by the names there. */
export function madeNames(
  { networks, secrets, configs }: Compose,
  stack: string,
): { networks: string[]; secrets: string[]; configs: string[] } {
  const own = (definitions: Readonly<Record<string, Definition>>): string[] =>
    Object.entries(definitions)
      .filter(([, definition]) => !isExternal(definition))
      .map(([key, definition]) => ownName(key, definition, stack));
  return {
    networks: [DEFAULT_NETWORK, ...Object.keys(networks)].map((key) => fullName(stack, key)),
    secrets: own(secrets),
    configs: own(configs),
  };
}

/** Those that a service is on; attachable, so that it can be asked from inside. */
export function networksOf(compose: Compose, service: string): string[] {
  const named = compose.services[service]?.networks ?? [];
  return named.length === 0 ? [DEFAULT_NETWORK] : [...named];
}

/** What the relay stands in for at the edge, the reverse proxy must not also find there itself (`relay.ts`). */
function serviceOverlay(name: string, { compose, stack, recipe, labels, nodeId }: OverlayOptions) {
  const own = name === 'app' ? { [`coop-cloud.${stack}.recipe`]: recipe } : {};
  const hidden = routedPorts(compose, name).length === 0 ? {} : { [ENABLED]: 'false' };
  return {
    deploy: {
      labels: { ...labels, ...own, ...hidden },
      placement: { constraints: [`node.id == ${nodeId}`] },
    },
  };
}

function networksOverlay({ compose, stack, labels }: OverlayOptions): Record<string, Definition> {
  const named = Object.entries<Definition>({ [DEFAULT_NETWORK]: {}, ...compose.networks });
  return Object.fromEntries(
    named.map(([key, definition]) => {
      if (isExternal(definition)) return [key, { external: true, name: fullName(stack, key) }];
      const { name: _shared, labels: own, ...rest } = definition;
      return [
        key,
        { driver: 'overlay', ...rest, attachable: true, labels: { ...readLabels(own), ...labels } },
      ];
    }),
  );
}

/** What a config or a secret that comes with the stack is called: a name that others could have too gets the stack's. */
function ownName(key: string, definition: Definition, stack: string): string {
  const name = givenName(definition) ?? key;
  return name.startsWith(fullName(stack, '')) ? name : fullName(stack, name);
}

/** A file is named from the recipe's folder, wherever ours lies. */
function ownFile(key: string, definition: Definition, { stack, labels, folder }: OverlayOptions): Definition {
  if (isExternal(definition)) return definition;
  const { file, labels: own, ...rest } = definition;
  return {
    ...rest,
    ...(typeof file === 'string' ? { file: resolve(folder, file) } : {}),
    ...(givenName(definition) === null ? {} : { name: ownName(key, definition, stack) }),
    labels: { ...readLabels(own), ...labels },
  };
}

function ownFiles(
  definitions: Readonly<Record<string, Definition>>,
  options: OverlayOptions,
): Record<string, Definition> {
  const named = Object.entries(definitions).map(([key, each]) => [key, ownFile(key, each, options)] as const);
  return Object.fromEntries(named);
}
