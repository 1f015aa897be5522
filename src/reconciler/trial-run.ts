/** What the steps of one trial share: its plan, its folder, its addresses, and what it has deployed so far. */
import type { Manifest, StepName, TrialPlan, TrialRecord } from './model.ts';
import type {
  Address,
  Clock,
  Commands,
  Deployed,
  Driver,
  FleetSource,
  MirrorPort,
  NewHome,
  Owner,
  Promotion,
  Registry,
  TrialJournal,
  Upstream,
  Work,
  Workspace,
} from './ports.ts';

export interface TrialPorts {
  clock: Clock;
  driver: Driver;
  commands: Commands;
  mirror: MirrorPort;
  journal: TrialJournal;
  promotion: Promotion;
  registry: Registry;
  upstream: Upstream;
  fleet: FleetSource;
  workspace: (trialId: string) => Promise<Workspace>;
  /** Something could not be brought to its end: the next start begins with recovery. */
  leaveToRecovery: (why: string) => void;
}

export interface TrialEvent {
  type: 'step-started' | 'step-ended' | 'trial-started' | 'trial-ended';
  recipe: string;
  trial: TrialRecord;
  step: StepName | null;
}

export interface TrialRun {
  manifest: Manifest;
  plan: TrialPlan;
  /** Release tags that the record stands on. */
  named: readonly string[];
  ports: TrialPorts;
  trial: TrialRecord;
  workspace: Workspace;
  signal: AbortSignal;
  /** What of our own is being waited for, in words; null while the app or a check is. */
  busyWith: string | null;
  /** Where the app under test answers, the same at every deployment of it in this trial. */
  address: Address | null;
  /** Dependencies' clones that are up, by name. */
  clones: Map<string, RunningClone>;
  /** What provide commands wrote, by the dependencies that asked for it: asked once for each deploy of a clone. */
  provided: Map<string, Record<string, string>>;
  /** Stacks that may be up and must be down at the end, and addresses to be given back. */
  stacks: Set<string>;
  addresses: Address[];
  /** Volumes at rest, once they are. */
  measured: Awaited<ReturnType<Driver['measure']>> | null;
}

interface RunningClone {
  name: string;
  version: string;
  domain: string;
  checkout: string;
  home: NewHome;
  deployed: Deployed;
}

/** An app whose release is about to be deployed, as its checks and provide commands are told about it. */
export interface Subject {
  manifest: Manifest;
  version: string;
  baseVersion: string;
  commit: string;
  domain: string;
  stack: string;
  checkout: string;
  url: string;
}

/** While apps run on it, and once it is at rest: nothing in its data may hang on where it was built. */
export const buildingFolder = (run: TrialRun): string => `${run.workspace.folder}/building`;
export const generationFolder = (run: TrialRun): string => `${run.workspace.folder}/generation`;
export const tmpFolder = (run: TrialRun): string => `${run.workspace.folder}/tmp`;
export const stackOf = (run: TrialRun): string => `warm-${run.trial.recipe}-${run.trial.generation}`;

/** What everything that this trial makes says of itself. */
export const ownerOf = ({ trial }: TrialRun): Owner => ({
  recipe: trial.recipe,
  generation: trial.generation,
  trial: trial.id,
});

/** Apps, commands and git carry marks of their own below the trial's, so that ending one kind spares the others. */
export function workOn(run: TrialRun, kind: 'apps' | 'commands' | 'git', work: Work): Work {
  return { ...work, mark: `${run.workspace.mark}/${kind}` };
}

/** Time that passes in here is not spent by the release: a deadline that runs out meanwhile is `infra`. */
export async function ours<T>(run: TrialRun, busyWith: string, work: () => Promise<T>): Promise<T> {
  run.busyWith = busyWith;
  try {
    return await work();
  } finally {
    run.busyWith = null;
  }
}

export async function leaseAddress(run: TrialRun, domain: string): Promise<Address> {
  const address = await run.ports.driver.address(domain);
  run.addresses.push(address);
  return address;
}

/** `DEP_<NAME>_URL` for each dependency that is up. */
export function dependencyUrls(run: TrialRun, manifest: Manifest): Record<string, string> {
  return Object.fromEntries(
    manifest.dependsOn.flatMap(({ name }) => {
      const clone = run.clones.get(name);
      return clone === undefined ? [] : [[`DEP_${environmentName(name)}_URL`, clone.deployed.url]];
    }),
  );
}

export function environmentName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** What a check and a provide command are told (contract: manifests). */
export function commandEnvironment(run: TrialRun, subject: Subject): Record<string, string> {
  const { driver } = run.ports;
  return {
    ...driver.environment(),
    RECIPE: subject.manifest.name,
    VERSION: subject.version,
    BASE_VERSION: subject.baseVersion,
    COMMIT: subject.commit,
    APP_URL: subject.url,
    DOMAIN: subject.domain,
    STACK_NAME: driver.stackName(subject.stack),
    TRIAL_ID: run.trial.id,
    CHECKOUT: subject.checkout,
    ...dependencyUrls(run, subject.manifest),
  };
}
