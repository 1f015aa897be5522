/** A recipe's document to its manifest, with every default filled in and every path made absolute. */
import type { Backoff, Command, Dependency, Forge, Manifest } from '../reconciler/model.ts';
import { interpret, type Fault } from './faults.ts';
import { rawText, replaced } from './raw.ts';
import { faultsBetweenKeys } from './rules.ts';
import { recipeDocument, type RecipeDocument } from './schema.ts';
import { toTokenSource } from './token-schema.ts';
import { absoluteUpstream } from './upstream-url.ts';

export interface Origin {
  /** As people should see it in messages. */
  file: string;
  /** Absolute. */
  folder: string;
}

/**
 * `commandFiles` stays empty here: it takes reading files, and this reads nothing but the document. So do logins, which
 * the Reconciler document holds.
 */
export function readRecipe(
  document: unknown,
  origin: Origin,
): { manifest: Manifest; faults: null } | { manifest: null; faults: Fault[] } {
  const { data, faults } = interpret(recipeDocument, document);
  const between = faultsBetweenKeys(document, origin.folder);
  if (faults !== null || between.length > 0) {
    return { manifest: null, faults: [...(faults ?? []), ...between] };
  }
  return { manifest: toManifest(data, document, origin), faults: null };
}

/**
 * Reads a document that was stored with a generation, to deploy that generation the way it was promoted. Null where
 * this version of the program no longer accepts it.
 */
export function readStored(stored: { file: string; folder: string; document: unknown }): Manifest | null {
  return readRecipe(stored.document, { file: stored.file, folder: stored.folder }).manifest;
}

function toManifest({ metadata, spec }: RecipeDocument, document: unknown, origin: Origin): Manifest {
  return {
    name: metadata.name,
    file: origin.file,
    folder: origin.folder,
    document: withAbsolutePaths(document, origin.folder),
    enrolled: spec.enrolled,
    reason: spec.reason ?? null,
    suspend: spec.suspend === undefined ? null : toPause(spec.suspend),
    upstream: absoluteUpstream(spec.upstream, origin.folder),
    login: null,
    branch: spec.branch ?? null,
    release: {
      ignore: spec.release.ignore,
      prerelease: spec.release.prerelease,
      minAgeMs: spec.release.minAge,
    },
    mirror: toMirror(spec.mirror, origin.folder),
    dependsOn: spec.dependsOn.map(toDependency),
    app: { env: spec.app.env, process: spec.app.process ?? null },
    health: toHealth(spec.health),
    checks: spec.checks.map(({ timeout, ...check }) => ({ ...check, timeoutMs: timeout })),
    timeoutMs: spec.timeout,
    retain: spec.retain,
    retry: { red: toBackoff(spec.retry.red), infra: toBackoff(spec.retry.infra) },
    commandFiles: {},
  };
}

type Spec = RecipeDocument['spec'];

/** Also for the Reconciler document's `freeze`. */
export function toPause(pause: { reason: string; by?: string | undefined; until?: string | undefined }) {
  return { reason: pause.reason, by: pause.by ?? null, until: pause.until ?? null };
}

function toMirror(mirror: Spec['mirror'], folder: string): Manifest['mirror'] {
  if (mirror === undefined) return null;
  return { url: absoluteUpstream(mirror.url, folder), login: null, forge: toForge(mirror.forge, folder) };
}

function toForge(forge: NonNullable<Spec['mirror']>['forge'], folder: string): Forge | null {
  if (forge === undefined) return null;
  const { type, api, repo } = forge;
  return { type, api: api.replace(/\/+$/, ''), repo, token: toTokenSource(forge, folder) };
}

function toDependency(dependency: Spec['dependsOn'][number]): Dependency {
  if (typeof dependency === 'string') return { name: dependency, provide: [] };
  return { name: dependency.name, provide: toCommands(dependency.provide ?? []) };
}

/** One command, or a list of commands. */
function toCommands(provide: readonly string[] | readonly (readonly string[])[]): Command[] {
  const words = provide.filter((entry): entry is string => typeof entry === 'string');
  const commands = provide.filter((entry): entry is readonly string[] => typeof entry !== 'string');
  return words.length > 0 ? [words] : commands;
}

function toHealth({ timeout, stableFor, ...health }: Spec['health']): Manifest['health'] {
  return {
    path: health.path,
    status: health.status,
    contains: health.contains ?? null,
    timeoutMs: timeout,
    stableForMs: stableFor,
    service: health.service ?? null,
    port: health.port ?? null,
  };
}

function toBackoff({ base, max }: { base: number; max: number }): Backoff {
  return { baseMs: base, maxMs: max };
}

/** So that the document means the same when it is read again from elsewhere. */
function withAbsolutePaths(document: unknown, folder: string): unknown {
  let result = document;
  for (const path of [
    ['spec', 'upstream'],
    ['spec', 'mirror', 'url'],
  ]) {
    const location = rawText(result, path);
    if (location !== null) result = replaced(result, path, absoluteUpstream(location, folder));
  }
  return result;
}
