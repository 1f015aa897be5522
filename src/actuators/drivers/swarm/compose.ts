/**
 * A recipe's compose files, as far as a deployment must know them before the docker command reads them itself: which
 * services there are, and what volumes, networks, secrets and configs they name. The files go to the command as they
 * are; what must be otherwise on our own stack is said in one more file after them (`overlay.ts`).
 */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { describe } from '../../../reconciler/errors.ts';
import { interpolateAll } from './interpolation.ts';

/** What a definition says, whatever that is; absent and empty are the same. */
export type Definition = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Definition>>;

export interface Compose {
  version: string;
  services: Readonly<Record<string, Service>>;
  volumes: Definitions;
  networks: Definitions;
  secrets: Definitions;
  configs: Definitions;
}

interface Service {
  /** As the recipe names it; empty where it names none. */
  image: string;
  /** Empty where it names none, and so is on the stack's default one. */
  networks: readonly string[];
  mounts: readonly Mount[];
  envFiles: readonly string[];
  /** Of the service, as a reverse proxy reads them; not those of its containers. */
  labels: Readonly<Record<string, string>>;
}

type Mount =
  | { kind: 'volume'; name: string; target: string }
  | { kind: 'anonymous'; target: string }
  | { kind: 'bind'; source: string; target: string };

/** Files far larger than any recipe's, or that aliases would blow up, are not worth their memory. */
const LARGEST_FILE = 1024 * 1024;
const MOST_ALIASES = 1000;

const FALSE_TEXTS = ['n', 'no', 'false', 'off'];

const definitionSchema = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => value ?? {});
const definitions = z
  .record(z.string(), definitionSchema)
  .nullish()
  .transform((value) => value ?? {});

const LongMount = z.object({
  type: z.string().default('volume'),
  source: z.string().optional(),
  target: z.string().default(''),
});

const ServiceSchema = z.object({
  image: z.string().nullish(),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).nullish(),
  volumes: z.array(z.union([z.string(), LongMount])).nullish(),
  env_file: z.union([z.string(), z.array(z.string())]).nullish(),
  deploy: z.object({ labels: z.unknown() }).partial().nullish(),
});

const ComposeSchema = z.object({
  version: z.union([z.string(), z.number()]).transform(String).default('3.8'),
  services: z.record(z.string(), ServiceSchema).nullish(),
  volumes: definitions,
  networks: definitions,
  secrets: definitions,
  configs: definitions,
});

/** Throws, in words, what is wrong with it. */
export function readCompose(text: string, env: Readonly<Record<string, string>>): Compose {
  if (text.length > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes`);
  const read = ComposeSchema.safeParse(interpolateAll(documentIn(text), env));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? describe(read.error)}`);
  }
  const { services, ...rest } = read.data;
  const named = Object.entries(services ?? {}).map(([name, service]) => [name, toService(service)] as const);
  return { ...rest, services: Object.fromEntries(named) };
}

/** A tag that is not known here may say to the docker command that something else is meant than what stands there. */
function documentIn(text: string): unknown {
  const document = parseDocument(text, { merge: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return document.toJS({ maxAliasCount: MOST_ALIASES });
}

/** Later files win, name by name; what services say adds up. */
export function joinCompose(files: readonly Compose[]): Compose {
  const joined: Compose = {
    version: files[0]?.version ?? '3.8',
    services: {},
    volumes: {},
    networks: {},
    secrets: {},
    configs: {},
  };
  return files.reduce((all, each) => {
    const services = { ...all.services };
    for (const [name, service] of Object.entries(each.services)) {
      services[name] = joinServices(services[name], service);
    }
    return {
      version: all.version,
      services,
      volumes: { ...all.volumes, ...each.volumes },
      networks: { ...all.networks, ...each.networks },
      secrets: { ...all.secrets, ...each.secrets },
      configs: { ...all.configs, ...each.configs },
    };
  }, joined);
}

/** `external: true`, or in the old way `external: {name: …}`. Texts come of variables, and older commands take them as written. */
export function isExternal({ external }: Definition): boolean {
  if (typeof external === 'string') return !FALSE_TEXTS.includes(external.toLowerCase());
  return external !== undefined && external !== false;
}

/** The name that the definition gives it; null where it gives none. */
export function givenName({ name, external }: Definition): string | null {
  if (typeof name === 'string' && name !== '') return name;
  const old = z.object({ name: z.string() }).safeParse(external);
  return old.success ? old.data.name : null;
}

/** They are written as a mapping, or as a list of `key=value`. */
export function readLabels(written: unknown): Record<string, string> {
  if (Array.isArray(written)) {
    const pairs = written.map((each: unknown) => String(each).split(/=(.*)/s));
    return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
  }
  const mapping = typeof written === 'object' && written !== null ? Object.entries(written) : [];
  return Object.fromEntries(mapping.map(([key, value]) => [key, String(value ?? '')]));
}

function joinServices(earlier: Service | undefined, later: Service): Service {
  if (earlier === undefined) return later;
  return {
    image: later.image === '' ? earlier.image : later.image,
    networks: [...new Set([...earlier.networks, ...later.networks])],
    mounts: [...earlier.mounts, ...later.mounts],
    envFiles: [...earlier.envFiles, ...later.envFiles],
    labels: { ...earlier.labels, ...later.labels },
  };
}

function toService(service: z.infer<typeof ServiceSchema>): Service {
  const { image, networks, volumes, env_file: files, deploy } = service;
  const named = Array.isArray(networks) ? networks : Object.keys(networks ?? {});
  return {
    image: image ?? '',
    networks: named,
    mounts: (volumes ?? []).flatMap(toMount),
    envFiles: typeof files === 'string' ? [files] : (files ?? []),
    labels: readLabels(deploy?.labels),
  };
}

/** In the short form whatever looks like a path is one; a target alone is a volume without a name. */
function toMount(volume: string | z.infer<typeof LongMount>): Mount[] {
  if (typeof volume !== 'string') {
    const { type, source = '', target } = volume;
    if (type === 'bind') return [{ kind: 'bind', source, target }];
    if (type !== 'volume') return [];
    return source === '' ? [{ kind: 'anonymous', target }] : [{ kind: 'volume', name: source, target }];
  }
  const [source = '', target] = volume.split(':');
  if (target === undefined) return [{ kind: 'anonymous', target: source }];
  if (/^[./~]/.test(source)) return [{ kind: 'bind', source, target }];
  return [{ kind: 'volume', name: source, target }];
}
