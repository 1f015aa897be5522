/**
 * Secrets of a generation: a file each in the home (mode 0600), from which the Swarm's own, which can never be read
 * back, are made for as long as the stack is deployed. They are generated once, as long and of such characters as the
 * recipe's `.env.sample` says, and carried to clones: a database whose password was made anew is not known-good.
 */
import { randomInt } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrialFault } from '../../../reconciler/errors.ts';
import { givenName, isExternal } from './compose.ts';
import { isPlainName } from './names.ts';
import type { SampleEntry } from './env-sample.ts';
import type { SwarmRecipe } from './recipe.ts';

export interface Secret {
  /** Without its stack's name, with its version: what its file is called. */
  name: string;
  /** On the Swarm. */
  fullName: string;
  value: string;
}

interface Wanted {
  name: string;
  fullName: string;
  /** The environment's `SECRET_<NAME>_VERSION` that its version came from; null where nothing says. */
  variable: string | null;
}

const DEFAULT_LENGTH = 32;
const LONGEST = 1024;
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const CHARSETS: Readonly<Record<string, string>> = {
  default: ALPHANUMERIC,
  special: `${ALPHANUMERIC}!@#$%^&*_-+=`,
  safespecial: `${ALPHANUMERIC}!@#%^&*_-+=`,
  hex: '0123456789abcdef',
  numeric: '0123456789',
};

export const secretsFolder = (home: { folder: string }): string => join(home.folder, 'secrets');

/** External secrets that are named after the stack; those of other names are somebody else's. */
export function wantedSecrets({ compose, env }: SwarmRecipe, stack: string): Wanted[] {
  return Object.entries(compose.secrets).flatMap(([key, definition]): Wanted[] => {
    const full = givenName(definition) ?? key;
    if (!isExternal(definition) || !full.startsWith(`${stack}_`)) return [];
    const name = full.slice(stack.length + 1);
    const variable = Object.keys(env).find((each) => versionedBy(each, env[each] ?? '', name)) ?? null;
    return [{ name, fullName: full, variable }];
  });
}

/** Makes what is missing; what a dependency provided, and nobody else, wins, and goes into the generation too. */
export async function ensureSecrets(
  home: { folder: string },
  recipe: SwarmRecipe,
  stack: string,
): Promise<Secret[]> {
  const folder = secretsFolder(home);
  for (const each of [home.folder, folder]) await makeFolder(each);
  const secrets: Secret[] = [];
  for (const { name, fullName, variable } of wantedSecrets(recipe, stack)) {
    const path = fileIn(folder, name);
    const provided = variable === null ? undefined : recipe.provided[variable.replace(/_VERSION$/, '')];
    const stored = await readOrNull(path);
    const value = provided ?? stored ?? makeUp(recipe, name, variable);
    if (value !== stored) await writeFile(path, value, { mode: 0o600 });
    secrets.push({ name, fullName, value });
  }
  return secrets;
}

/** What a recipe calls a secret chooses a file in the folder, and none elsewhere (invariant I12). */
function fileIn(folder: string, name: string): string {
  if (isPlainName(name)) return join(folder, name);
  const message = `could not keep secret ${JSON.stringify(name)} in ${folder}: that is no name of a file`;
  throw new TrialFault('red', 'name-invalid', message);
}

/** Files of secrets that the release no longer has. */
export async function dropOtherSecrets(home: { folder: string }, kept: readonly Secret[]): Promise<void> {
  const folder = secretsFolder(home);
  for (const name of await readdir(folder)) {
    if (!kept.some((each) => each.name === name)) await rm(join(folder, name));
  }
}

/** `SECRET_DB_PASSWORD_VERSION=v1` stands behind `db_password_v1`. */
function versionedBy(variable: string, version: string, name: string): boolean {
  const [, secret] = /^SECRET_(\w+)_VERSION$/.exec(variable) ?? [];
  return secret !== undefined && name === `${secret.toLowerCase()}_${version}`;
}

function modifiersOf({ sample }: SwarmRecipe, variable: string | null): SampleEntry['modifiers'] {
  const said = [...sample.offered, ...sample.entries].filter(({ key }) => key === variable);
  return said.at(-1)?.modifiers ?? {};
}

/** Not where the recipe says `generate=false`: it is a key to something else, and any other opens nothing. */
function makeUp(recipe: SwarmRecipe, name: string, variable: string | null): string {
  const modifiers = modifiersOf(recipe, variable);
  if (variable === null || modifiers['generate'] !== 'false') return generate(modifiers);
  const message = `could not make secret ${name}: ${variable} is generate=false in .env.sample, and nobody provided a value`;
  const hint = `have a provide command of a dependency write ${variable.replace(/_VERSION$/, '')}=value`;
  throw new TrialFault('red', 'secret-not-provided', message, { hint });
}

/** An alphabet may be put together of several: `charset=default,special`. */
function generate({ length, charset = 'default' }: SampleEntry['modifiers']): string {
  const asked = Number(length ?? DEFAULT_LENGTH);
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, LONGEST) : DEFAULT_LENGTH;
  const named = charset.split(',').map((name) => CHARSETS[name] ?? '');
  const alphabet = [...new Set(named.join('') === '' ? ALPHANUMERIC : named.join(''))];
  return Array.from({ length: size }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** Nothing above the home is ever made: once the lease is lost that is gone, and must stay so (invariant I5). */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
