/**
 * A release as its checkout describes it, in Co-op Cloud's format: the default environment in `.env.sample`, versions of
 * configs in `abra.sh`, and the compose files that `COMPOSE_FILE` names. All of it is input (invariant I12): nothing is
 * run, and no file outside of the checkout is read for it, whatever links or paths say.
 */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { MARK_VARIABLE } from '../../../process-table.ts';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import type { DeployRequest } from '../../../reconciler/ports.ts';
import { readAbraExports } from './abra-sh.ts';
import { joinCompose, readCompose, type Compose, type Definition } from './compose.ts';
import { commandEnvironment } from './engine.ts';
import { readEnvSample, type EnvSample } from './env-sample.ts';
import { stackName } from './names.ts';
import { withheldFrom } from './powerful-variables.ts';

export interface SwarmRecipe {
  /** Everything that the compose files may name. */
  env: Readonly<Record<string, string>>;
  /** Of that, what the app's dependencies provided for this deploy. */
  provided: Readonly<Record<string, string>>;
  sample: EnvSample;
  /** Absolute. */
  files: readonly string[];
  /** That of the first of them, from which the docker command finds whatever they name. */
  folder: string;
  compose: Compose;
}

const DEFAULT_FILE = 'compose.yml';

/** Stands for that of the call to come: as that, it is set, no path, and the name of no file that is there. */
const UNKNOWN_MARK = 'mark';

export async function readRecipe(request: DeployRequest, note: (text: string) => void): Promise<SwarmRecipe> {
  const sample = readEnvSample((await optional(request, '.env.sample')) ?? '');
  const env = await environmentOf(request, sample, note);
  const named = (env['COMPOSE_FILE'] ?? '').split(':').filter((name) => name !== '');
  const known = { ...commandEnvironment(env), [MARK_VARIABLE]: UNKNOWN_MARK };
  const files: string[] = [];
  const read: Compose[] = [];
  for (const name of named.length === 0 ? [DEFAULT_FILE] : named) {
    const path = await inCheckout(request, name);
    files.push(path);
    read.push(await readFileAs(request, name, path, known));
  }
  const compose = joinCompose(read);
  const folder = dirname(files[0] ?? request.checkout);
  await assertOwnFiles(request, compose, folder);
  return { env, provided: request.env, sample, files, folder, compose };
}

async function environmentOf(
  request: DeployRequest,
  sample: EnvSample,
  note: (text: string) => void,
): Promise<Record<string, string>> {
  const exported = readAbraExports((await optional(request, 'abra.sh')) ?? '');
  if (exported.computed.length > 0) {
    note(
      `abra.sh computes ${exported.computed.join(', ')}, which is not run: set them in app.env if they matter`,
    );
  }
  const env: Record<string, string> = {
    ...Object.fromEntries(sample.entries.map(({ key, value }) => [key, value])),
    ...exported.values,
    ...request.manifest.app.env,
    ...request.env,
    STACK_NAME: stackName(request.home.stack),
    DOMAIN: request.domain,
  };
  const withheld = withheldFrom(env);
  if (withheld.length > 0) {
    const instead = 'a compose file that names them finds what they are on this machine, or nothing';
    note(`the docker command would itself heed ${withheld.join(', ')}, and is not told them: ${instead}`);
  }
  return env;
}

async function readFileAs(
  request: DeployRequest,
  name: string,
  path: string,
  env: Readonly<Record<string, string>>,
): Promise<Compose> {
  try {
    return readCompose(await readFile(path, 'utf8'), env);
  } catch (error) {
    throw unfit(request, 'compose-invalid', `its ${name} cannot be used: ${describe(error)}`, error);
  }
}

/** The docker command reads these on this machine, as whoever runs us: a link to elsewhere would hand that to the app. */
async function assertOwnFiles(
  request: DeployRequest,
  { services, configs, secrets }: Compose,
  folder: string,
): Promise<void> {
  const sources = [...Object.values(configs), ...Object.values(secrets)].flatMap(fileOf);
  for (const name of [...sources, ...Object.values(services).flatMap(({ envFiles }) => envFiles)]) {
    await inCheckout(request, name, folder);
  }
}

function fileOf({ file }: Definition): string[] {
  return typeof file === 'string' ? [file] : [];
}

/**
 * The path of a file of the recipe, named from a folder of it, links followed. Throws `red` where there is none, or
 * where it leads out.
 */
async function inCheckout(request: DeployRequest, name: string, folder = request.checkout): Promise<string> {
  const root = await realpath(request.checkout);
  try {
    const path = await realpath(resolve(folder, name));
    if (path.startsWith(root + sep)) return path;
  } catch (error) {
    throw unfit(request, 'file-missing', `it has no file ${name}, which it names: ${describe(error)}`, error);
  }
  throw unfit(request, 'file-outside', `it names ${name}, which lies outside of its checkout`);
}

async function optional(request: DeployRequest, name: string): Promise<string | null> {
  try {
    await realpath(join(request.checkout, name));
  } catch {
    return null;
  }
  return await readFile(await inCheckout(request, name), 'utf8');
}

export function unfit(request: DeployRequest, reason: string, why: string, cause?: unknown): TrialFault {
  return new TrialFault('red', reason, `could not deploy ${request.recipe} ${request.version}: ${why}`, {
    cause,
  });
}
