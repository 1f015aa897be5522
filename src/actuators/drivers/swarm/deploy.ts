/**
 * Deploys a release on the data of a home, over whatever of the same stack runs there, as on a production Swarm: the
 * recipe's own files go to `docker stack deploy` as they are, with one of ours after them.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployed, DeployRequest, Work } from '../../../reconciler/ports.ts';
import type { Compose } from './compose.ts';
import { assertConverged, awaitConverged, type Diagnosis, type Patient } from './converge.ts';
import { linkDependencies, translated } from './dependencies.ts';
import type { DeployOptions } from './deployment.ts';
import { askEdge } from './edge.ts';
import { readServices, type ServiceFacts } from './facts.ts';
import { readImages } from './images.ts';
import { askInside, joinStack } from './inside.ts';
import { assertNamesFit } from './name-limits.ts';
import { NAMESPACE, stackName } from './names.ts';
import { overlayOf, sharedNetworks } from './overlay.ts';
import { readRecipe, type SwarmRecipe } from './recipe.ts';
import { refusalOf } from './refusal.ts';
import { relayAtEdge } from './relay.ts';
import { makeRoom } from './room.ts';
import { dropOtherSecrets, ensureSecrets, wantedSecrets } from './secrets.ts';
import { dropSwarmSecrets, ensureNetworks, ensureSwarmSecrets } from './stack-objects.ts';
import type { Volume } from './volumes.ts';

/** The command itself, which waits for no task. */
const DEPLOY_TIMEOUT_MS = 300_000;

export async function deployStack(
  request: DeployRequest,
  options: DeployOptions,
  work: Work,
): Promise<Deployed> {
  const { engine, labels, tunnel, edge, reachable } = options;
  const { home } = request;
  const stack = stackName(home.stack);
  const note = (text: string): void => work.log.note(text);
  const recipe = await readRecipe({ ...request, env: translated(request.env, reachable) }, note);
  assertNamesFit(request, recipe, stack);
  tellWhatIsNotKept(recipe.compose, note);
  const names = wantedSecrets(recipe, stack).map((secret) => secret.fullName);
  const { compose } = recipe;
  await makeRoom({ engine, stack: home.stack, compose, secrets: names, own: labels }, work);
  const { added, gone } = await shapeVolumes(request, recipe, options, work);
  const secrets = await ensureSecrets(home, recipe, stack);
  for (const { value } of secrets) work.log.conceal(value);
  await ensureNetworks(engine, home.stack, sharedNetworks(recipe.compose), labels, work);
  await ensureSwarmSecrets(engine, secrets, labels, work);
  await callDeploy(request, recipe, options, work);
  await linkDependencies(engine, request, recipe.compose, reachable, work);
  const services = await readServices(engine, stack, work);
  tellVersion(request, stack, services, note);
  await joinStack(request, recipe.compose, options, work);
  if (edge !== null) await relayAtEdge(home.stack, recipe.compose, options.network, options, work);
  const patient = patientOf(request, stack, services, options, work);
  const images = await readImages(engine, recipe.compose, await awaitConverged(patient), work);
  await tunnel.hangUp();
  await removeVolumes(gone, stack, options, work);
  await dropSwarmSecrets(engine, home.stack, secrets, work);
  await dropOtherSecrets(home, secrets);
  return {
    url: request.address.url,
    added,
    dropped: gone.map(({ name }) => name),
    images,
    confirm: () => assertConverged(patient),
  };
}

/** A missing one is made, empty; what the release no longer has goes only once that is what runs. */
async function shapeVolumes(
  { home }: DeployRequest,
  { compose }: SwarmRecipe,
  { volumes, labels }: DeployOptions,
  work: Work,
): Promise<{ added: string[]; gone: Volume[] }> {
  const present = await volumes.list(home.stack, work);
  const wanted = Object.keys(compose.volumes);
  const added = wanted.filter((name) => !present.some((volume) => volume.name === name));
  for (const name of added) await volumes.make(home, name, labels, work);
  return { added, gone: present.filter(({ name }) => !wanted.includes(name)) };
}

/** Stopped containers of earlier tasks, which the engine keeps for a while, keep their volumes in use. */
async function removeVolumes(
  gone: readonly Volume[],
  stack: string,
  { engine, volumes }: DeployOptions,
  work: Work,
): Promise<void> {
  for (const { fullName: name } of gone) {
    const filters = [`volume=${name}`, `label=${NAMESPACE}=${stack}`, 'status=exited', 'status=created'];
    const args = ['container', 'ls', '-aq', ...filters.flatMap((filter) => ['--filter', filter])];
    const stopped = await engine.lines(args, work);
    if (stopped.length > 0) await engine.text(['rm', '--volumes', '--', ...stopped], work);
  }
  await volumes.remove(gone, work);
}

async function callDeploy(
  request: DeployRequest,
  recipe: SwarmRecipe,
  { engine, labels, nodeId }: DeployOptions,
  work: Work,
): Promise<void> {
  const stack = stackName(request.home.stack);
  const { compose, files, folder, env } = recipe;
  const overlay = join(request.tmp, `${stack}.compose.json`);
  const text = overlayOf({ compose, stack, recipe: request.recipe, labels, nodeId, folder });
  await writeFile(overlay, text, { mode: 0o600 });
  const composeFiles = [...files, overlay].flatMap((file) => ['--compose-file', file]);
  const result = await engine.run(['stack', 'deploy', '--prune', ...composeFiles, stack], {
    mark: work.mark,
    signal: work.signal,
    cwd: folder,
    env,
    timeoutMs: DEPLOY_TIMEOUT_MS,
    onOutput: (stream, chunk) => work.log.output('docker stack deploy', chunk, stream),
  });
  if (result.exitCode === 0) return;
  throw refusalOf(request, stack, result);
}

function tellWhatIsNotKept({ services, volumes }: Compose, note: (text: string) => void): void {
  for (const [service, { mounts }] of Object.entries(services)) {
    for (const mount of mounts) {
      if (mount.kind === 'bind')
        note(`service ${service}: ${mount.target} is ${mount.source} of the node: it is not kept`);
      if (mount.kind === 'anonymous')
        note(`service ${service}: ${mount.target} is a volume without a name: it is not kept`);
    }
  }
  for (const [name, { name: given, external, driver, driver_opts: driverOptions }] of Object.entries(
    volumes,
  )) {
    if (given !== undefined || external !== undefined)
      note(`volume ${name} would be shared by all generations: this one gets its own`);
    if (driver !== undefined || driverOptions !== undefined)
      note(`volume ${name} gets the engine's own driver instead of what the recipe asks for`);
  }
}

/** Tag and label differ in real recipes. */
function tellVersion(
  { version }: DeployRequest,
  stack: string,
  services: readonly ServiceFacts[],
  note: (text: string) => void,
): void {
  const labelled = services.flatMap(({ labels }) => labels[`coop-cloud.${stack}.version`] ?? [])[0];
  if (labelled === undefined) note('no service has a label that says its version');
  else if (labelled !== version) note(`its label says version ${labelled}, its tag ${version}`);
}

function patientOf(
  request: DeployRequest,
  stack: string,
  services: readonly ServiceFacts[],
  options: DeployOptions,
  work: Work,
): Patient {
  const { manifest, domain } = request;
  const { health } = manifest;
  const { engine, edge, tunnel } = options;
  const asked = Number(services.flatMap(({ labels }) => labels[`coop-cloud.${stack}.timeout`] ?? [])[0]);
  const ask = async (timeoutMs: number): Promise<Diagnosis> => {
    const inside = await askInside(tunnel, request, timeoutMs, work.signal);
    if (inside.answer.kind !== 'right' || edge === null) return inside;
    return await askEdge(edge, domain, health, timeoutMs, work.signal);
  };
  return {
    engine,
    stack,
    title: `${request.recipe} ${request.version}`,
    health,
    deadline:
      asked > 0
        ? { ms: asked * 1000, from: 'the timeout label of the recipe' }
        : { ms: health.timeoutMs, from: 'health.timeout' },
    call: { mark: work.mark, signal: work.signal },
    ask,
  };
}
