/**
 * Dependencies during a trial: each is deployed from a clone of its canonical, after those that it depends on
 * itself, and stays up until the trial ends. The canonicals themselves are only read.
 */
import { describe, TrialFault } from './errors.ts';
import type { DependencyPlan, Manifest } from './model.ts';
import type { Work } from './ports.ts';
import {
  commandEnvironment,
  dependencyUrls,
  environmentName,
  leaseAddress,
  ours,
  ownerOf,
  stackOf,
  tmpFolder,
  workOn,
  type Subject,
  type TrialRun,
} from './trial-run.ts';

/** Whatever goes wrong with a dependency's clone says nothing about the release under test: `infra`. */
export async function deployClones(run: TrialRun, work: Work): Promise<void> {
  for (const dependency of run.plan.dependencies) {
    try {
      await ours(run, `deploying a clone of dependency ${dependency.name}`, () =>
        deployClone(run, dependency, work),
      );
    } catch (error) {
      run.signal.throwIfAborted();
      const message = `could not deploy a clone of dependency ${dependency.name} ${dependency.version}: ${describe(error)}`;
      const hint = `see "reconcile explain ${dependency.name}"`;
      throw new TrialFault('infra', 'dependency-failed', message, { cause: error, hint });
    }
  }
}

async function deployClone(run: TrialRun, plan: DependencyPlan, work: Work): Promise<void> {
  const { driver, mirror } = run.ports;
  const folder = `${run.workspace.folder}/dep-${plan.name}`;
  const home = { stack: `${stackOf(run)}-dep-${plan.name}`, folder, owner: ownerOf(run) };
  const checkout = `${folder}-checkout`;
  work.log.note(
    `dependency ${plan.name} ${plan.version}: deploying a clone of generation ${plan.generation}`,
  );
  await mirror.ensureCommit(plan.source, plan.commit, workOn(run, 'git', work));
  await mirror.checkout(plan.name, plan.commit, checkout, workOn(run, 'git', work));
  await driver.clone(
    { stack: plan.stack, folder: plan.folder },
    plan.volumes,
    home,
    workOn(run, 'apps', work),
  );
  const address = await leaseAddress(run, plan.domain);
  const { name, version, commit, domain, manifest } = plan;
  const subject: Subject = {
    manifest,
    version,
    commit,
    domain,
    checkout,
    stack: home.stack,
    url: address.url,
    baseVersion: '',
  };
  const env = await environmentFor(run, subject, work);
  run.stacks.add(home.stack);
  const request = {
    home,
    recipe: name,
    version,
    domain,
    checkout,
    manifest,
    address,
    env,
    tmp: tmpFolder(run),
  };
  const deployed = await driver.deploy(request, workOn(run, 'apps', work));
  run.clones.set(name, { name, version, domain, checkout, home, deployed });
}

/**
 * What an app gets from its dependencies: their URLs, and what their provide commands wrote. A command runs once
 * for each deploy of the clone that it speaks to, so within a trial its answer is kept.
 */
export async function environmentFor(
  run: TrialRun,
  subject: Subject,
  work: Work,
): Promise<Record<string, string>> {
  const key = JSON.stringify([subject.manifest.name, subject.manifest.dependsOn]);
  const kept = run.provided.get(key);
  const provided = kept ?? (await provideAll(run, subject, work));
  run.provided.set(key, provided);
  return { ...provided, ...dependencyUrls(run, subject.manifest) };
}

async function provideAll(run: TrialRun, subject: Subject, work: Work): Promise<Record<string, string>> {
  const provided: Record<string, string> = {};
  for (const { name, provide } of subject.manifest.dependsOn) {
    for (const command of provide) {
      work.log.note(`dependency ${name}: providing for ${subject.manifest.name}: ${command.join(' ')}`);
      const env = { ...commandEnvironment(run, subject), ...aboutDependency(run, name) };
      const call = { command, cwd: subject.manifest.folder, env, tmp: tmpFolder(run) };
      Object.assign(provided, await run.ports.commands.provide(call, workOn(run, 'commands', work)));
    }
  }
  return withoutReserved(provided, subject.manifest);
}

/** A provide command is told both apps: the one that asks by the names of a check, the one asked by these. */
function aboutDependency(run: TrialRun, name: string): Record<string, string> {
  const clone = run.clones.get(name);
  if (clone === undefined) return { DEP_NAME: name };
  return {
    DEP_NAME: name,
    DEP_URL: clone.deployed.url,
    DEP_VERSION: clone.version,
    DEP_DOMAIN: clone.domain,
    DEP_STACK_NAME: run.ports.driver.stackName(clone.home.stack),
    DEP_CHECKOUT: clone.checkout,
  };
}

function withoutReserved(provided: Record<string, string>, manifest: Manifest): Record<string, string> {
  const reserved = new Set(manifest.dependsOn.map(({ name }) => `DEP_${environmentName(name)}_URL`));
  return Object.fromEntries(Object.entries(provided).filter(([key]) => !reserved.has(key)));
}
