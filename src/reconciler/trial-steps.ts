/**
 * The steps of a trial between checkout and promotion: install, upgrade, rest (design: what is tested is what is
 * promoted). A trial builds the next generation; nothing in here touches one that exists, but to read it.
 */
import { deployClones, environmentFor } from './clones.ts';
import { describe, TrialFault } from './errors.ts';
import { repointed } from './images.ts';
import type { Base, CheckPhase, Manifest } from './model.ts';
import type { Deployed, NewHome, Work } from './ports.ts';
import {
  buildingFolder,
  commandEnvironment,
  generationFolder,
  leaseAddress,
  ours,
  ownerOf,
  stackOf,
  tmpFolder,
  workOn,
  type Subject,
  type TrialRun,
} from './trial-run.ts';

export const checkoutFolder = (run: TrialRun): string => `${run.workspace.folder}/checkout`;

const newHome = (run: TrialRun, stack: string, folder: string): NewHome => ({
  stack,
  folder,
  owner: ownerOf(run),
});
const buildingHome = (run: TrialRun): NewHome => newHome(run, stackOf(run), buildingFolder(run));
const restingHome = (run: TrialRun): NewHome => newHome(run, stackOf(run), generationFolder(run));

/** A home that does not outlive its step. */
const passingHome = (run: TrialRun, name: 'install' | 'proof'): NewHome =>
  newHome(run, `${stackOf(run)}-${name}`, `${run.workspace.folder}/${name}`);

/** Deploys the release on empty volumes. Without a base these become the new generation. */
export async function install(run: TrialRun, work: Work): Promise<void> {
  run.address ??= await leaseAddress(run, run.plan.domain);
  await deployClones(run, work);
  const home = run.plan.base === null ? buildingHome(run) : passingHome(run, 'install');
  const subject = targetOn(run, home, '');
  const deployed = await deploy(run, home, subject, work);
  await runChecks(run, subject, 'installed', work);
  await deployed.confirm();
  if (run.plan.base !== null) await takeAway(run, home, work);
}

/** Proves on a clone of the base that the warm state re-attaches, and that real data survives the new release. */
export async function upgrade(run: TrialRun, work: Work): Promise<void> {
  const { base } = run.plan;
  if (base === null) return;
  const home = buildingHome(run);
  const baseCheckout = `${run.workspace.folder}/base-checkout`;
  const { mirror } = run.ports;
  await ours(run, 'checking out the base', () =>
    mirror.checkout(run.trial.recipe, base.commit, baseCheckout, workOn(run, 'git', work)),
  );
  await copyBase(run, base, home, work);
  const before: Subject = {
    ...targetOn(run, home, base.version),
    manifest: base.manifest,
    version: base.version,
    commit: base.commit,
    checkout: baseCheckout,
  };
  tellVolumes(await deployBase(run, home, before, work), work);
  const subject = targetOn(run, home, base.version);
  await runChecks(run, subject, 'beforeUpgrade', work);
  const deployed = await deploy(run, home, subject, work);
  tellVolumes(deployed, work);
  await runChecks(run, subject, 'afterUpgrade', work);
  await deployed.confirm();
}

async function copyBase(run: TrialRun, base: Base, home: NewHome, work: Work): Promise<void> {
  const { driver } = run.ports;
  const apps = workOn(run, 'apps', work);
  if (base.generation === null) {
    const { volumes } = base;
    work.log.note(`copying the adopted volumes ${volumes.join(', ')} (${base.version})`);
    work.log.note('the secrets that they were made with cannot be read: new ones are made');
    return await ours(run, 'copying the adopted volumes', () =>
      driver.adopt(run.trial.recipe, volumes, home, apps),
    );
  }
  const { generation, stack, folder, volumes } = base;
  work.log.note(`cloning generation ${generation} (${base.version})`);
  await ours(run, `cloning generation ${generation}`, () =>
    driver.clone({ stack, folder }, volumes, home, apps),
  );
}

/** Undeploys, keeps the volumes, and takes down what they are, so that any later change of them shows. */
export async function rest(run: TrialRun, work: Work): Promise<void> {
  const { driver } = run.ports;
  const home = restingHome(run);
  const apps = workOn(run, 'apps', work);
  await undeploy(run, home.stack, work);
  await run.workspace.move(buildingFolder(run), generationFolder(run));
  run.measured = await ours(run, 'measuring the volumes', () => driver.measure(home, run.manifest, apps));
  await ours(run, 'forcing the volumes to disk', () => driver.flush(home, apps));
  for (const { name, bytes, files } of run.measured.volumes) {
    work.log.note(`volume ${name}: ${files} files, ${bytes} bytes at rest`);
  }
  if (run.plan.base === null) await proveReattachment(run, home, work);
}

/** An installed generation has not yet been picked up again by anything: the same release must start on a clone. */
async function proveReattachment(run: TrialRun, home: NewHome, work: Work): Promise<void> {
  const proof = passingHome(run, 'proof');
  work.log.note('deploying the same release on a clone of the rested volumes');
  const { driver } = run.ports;
  await ours(run, 'cloning the rested volumes', () =>
    driver.clone(home, run.measured?.volumes ?? [], proof, workOn(run, 'apps', work)),
  );
  const deployed = await deploy(run, proof, targetOn(run, proof, ''), work);
  await deployed.confirm();
  await takeAway(run, proof, work);
}

/** The base was green once, in the same way: where it is not now, its data did not survive being cloned. */
async function deployBase(run: TrialRun, home: NewHome, subject: Subject, work: Work): Promise<Deployed> {
  try {
    return await deploy(run, home, subject, work);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof TrialFault) || error.verdict === 'infra') throw error;
    const message = `the base ${subject.version} did not come up on a clone of its own volumes: ${describe(error)}`;
    const hint = `adopted volumes lack their secrets; "reconcile rebuild ${run.trial.recipe}" installs afresh`;
    const told = run.plan.base?.generation === null ? { cause: error, hint } : { cause: error };
    throw new TrialFault('red', 'base-failed', message, told);
  }
}

async function deploy(run: TrialRun, home: NewHome, subject: Subject, work: Work): Promise<Deployed> {
  const { manifest, version, domain, checkout } = subject;
  const address = run.address;
  if (address === null) throw new Error('an app is deployed only after an address was leased for it');
  const env = await environmentFor(run, subject, work);
  work.log.note(`deploying ${version} as ${home.stack}`);
  run.stacks.add(home.stack);
  const request = {
    home,
    recipe: manifest.name,
    version,
    domain,
    checkout,
    manifest,
    address,
    env,
    tmp: tmpFolder(run),
  };
  const deployed = await run.ports.driver.deploy(request, workOn(run, 'apps', work));
  const unjudged = run.ports.driver.unjudged();
  work.log.note(`${version} is healthy at ${deployed.url}${unjudged === null ? '' : `; ${unjudged}`}`);
  tellImages(run, subject, deployed, work);
  return deployed;
}

function tellVolumes({ added, dropped }: Deployed, work: Work): void {
  if (added.length > 0) work.log.note(`new volumes, starting empty: ${added.join(', ')}`);
  if (dropped.length > 0) work.log.note(`volumes that are gone: ${dropped.join(', ')}`);
}

/** Those of the release under test are remembered; those of a base are its own release's. */
function tellImages(run: TrialRun, { commit }: Subject, { images }: Deployed, work: Work): void {
  const { trial, plan } = run;
  if (commit === plan.target.commit) trial.images = images;
  for (const note of repointed(plan.images, images)) {
    work.log.note(note);
    if (!trial.notes.includes(note)) trial.notes.push(note);
  }
}

async function undeploy(run: TrialRun, stack: string, work: Work): Promise<void> {
  await run.ports.driver.undeploy(stack, workOn(run, 'apps', work));
  run.stacks.delete(stack);
  work.log.note(`${stack} is down`);
}

/** Its folder goes with the workspace. */
async function takeAway(run: TrialRun, home: NewHome, work: Work): Promise<void> {
  await undeploy(run, home.stack, work);
  await run.ports.driver.remove(home, workOn(run, 'apps', work));
}

async function runChecks(run: TrialRun, subject: Subject, phase: CheckPhase, work: Work): Promise<void> {
  const { manifest } = run;
  for (const check of manifest.checks.filter((each) => each.phase === phase)) {
    work.log.note(`check ${check.name} (${phase})`);
    const env = commandEnvironment(run, subject);
    const call = { check, cwd: manifest.folder, env, tmp: tmpFolder(run) };
    await run.ports.commands.check(call, workOn(run, 'commands', work));
  }
}

/** The release under test, with the current manifest. */
function targetOn(run: TrialRun, home: NewHome, baseVersion: string): Subject {
  const { plan, address } = run;
  const manifest: Manifest = run.manifest;
  return {
    manifest,
    version: plan.target.version,
    baseVersion,
    commit: plan.target.commit,
    domain: plan.domain,
    stack: home.stack,
    checkout: checkoutFolder(run),
    url: address?.url ?? '',
  };
}
