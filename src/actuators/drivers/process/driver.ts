/**
 * The embedded driver: an app is a command run in its checkout, a volume is a folder, health is HTTP on loopback.
 * For trying the program, for its tests, and for apps that need no container (contract: process driver).
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from '../../../environment.ts';
import { nameOf } from '../../../process-table.ts';
import { endProcesses, findProcesses, LIFELINE_PREFIX } from '../../../processes.ts';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import type { ProcessApp } from '../../../reconciler/model.ts';
import type { Address, Deployed, DeployRequest, Driver, Work } from '../../../reconciler/ports.ts';
import { App } from './app.ts';
import { infra } from '../infra.ts';
import {
  cloneHome,
  ensureSecrets,
  flushHome,
  inspectHome,
  measureHome,
  missingIn,
  secretFile,
  shapeVolumes,
  volumeFolder,
} from './data.ts';
import { examineHome } from './examine.ts';
import { assertHealthy, awaitHealthy } from './health.ts';
import { leasePort } from './port-lease.ts';

/** Between SIGTERM and SIGKILL (contract). */
const GRACE_MS = 10_000;
/** What did not come up in its own time leaves no data that anybody keeps. */
const FAILED_GRACE_MS = 5000;
/** What is reaped was undeployed before, or belongs to a predecessor that is gone: nobody needs its last words. */
const REAP_GRACE_MS = 2000;

/** Data at rest is folders, which nothing has to run for. */
const AT_REST = {
  adoptable: async () => ({ readable: true, value: [] }),
  adopt: async (recipe) => {
    throw new TrialFault('infra', 'nothing-to-adopt', `no folder of ${recipe} was left by anything else`);
  },
  isInspectingCostly: false,
  missing: missingIn,
  inspect: inspectHome,
  examine: examineHome,
  remove: async () => undefined,
  held: async () => ({ readable: true, value: [] }),
} satisfies Partial<Driver>;

export function processDriver({ graceMs = GRACE_MS }: { graceMs?: number } = {}): Driver {
  /** What runs, by mark; a stack that this process did not start is found by its mark alone. */
  const apps = new Map<string, App>();

  const stop = async (stack: string, work: Work, patienceMs: number): Promise<void> => {
    const mark = markOf(stack, work);
    const app = apps.get(mark);
    await infra('undeploy-failed', `undeploy ${stack}`, null, async () => {
      await (app === undefined ? endProcesses(mark, { graceMs: patienceMs }) : app.stop(patienceMs));
    });
    apps.delete(mark);
  };
  const undeploy = (stack: string, work: Work): Promise<void> => stop(stack, work, graceMs);

  return {
    kind: 'process',
    stackName: (stack) => stack,
    environment: () => ({}),
    unjudged: () => null,
    reach: async () => {
      try {
        accessSync('/proc/self/environ', constants.R_OK);
        return { readable: true, value: null };
      } catch (error) {
        return { readable: false, why: `the process driver needs /proc, as on Linux: ${describe(error)}` };
      }
    },
    address: () => infra('no-address', 'find a free port', null, leaseAddress),
    deploy: async (request, work) => {
      const { stack } = request.home;
      await undeploy(stack, work);
      try {
        return await deploy(request, work, (app) => apps.set(markOf(stack, work), app));
      } catch (error) {
        await stop(stack, work, Math.min(graceMs, FAILED_GRACE_MS));
        throw error;
      }
    },
    undeploy,
    clone: (source, volumes, target, work) =>
      infra('clone-failed', `clone the data of ${source.stack}`, work.signal, () =>
        cloneHome(source, volumes, target, work),
      ),
    measure: (home, manifest, work) =>
      infra('measure-failed', `measure the data of ${home.stack}`, work.signal, () =>
        measureHome(home, manifest.app.process ?? { volumes: [], secrets: [] }, work),
      ),
    flush: (home, work) =>
      infra('flush-failed', `force the data of ${home.stack} to disk`, work.signal, () =>
        flushHome(home, work),
      ),
    ...AT_REST,
    reap: (mark, folder) => reap(apps, mark, folder, Math.min(graceMs, REAP_GRACE_MS)),
    owned: async (mark, folder) =>
      findProcesses(mark, { folders: [folder], lifelines: [folder] }).map(
        ({ pid }) => `pid ${pid} (${nameOf(pid)})`,
      ),
  };
}

async function reap(apps: Map<string, App>, mark: string, folder: string, graceMs: number): Promise<number> {
  const known = [...apps].filter(([each]) => each === mark || each.startsWith(`${mark}/`));
  const counts = known.map(async ([each, app]) => {
    const count = await app.stop(graceMs);
    apps.delete(each);
    return count;
  });
  const ended = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  return ended + (await endProcesses(mark, { graceMs, folders: [folder], lifelines: [folder] }));
}

async function deploy(request: DeployRequest, work: Work, onStart: (app: App) => void): Promise<Deployed> {
  const { manifest, home, address, version, checkout } = request;
  const title = `${request.recipe} ${version}`;
  const declared = manifest.app.process;
  if (declared === null) {
    const message = `${title} says nothing of how to run it: spec.app.process is missing from ${manifest.file}`;
    throw new TrialFault('red', 'app-not-declared', message, {
      hint: 'add app.process.command to its manifest',
    });
  }
  const prepare = `prepare the data of ${home.stack}`;
  const { added, dropped } = await infra('data-failed', prepare, work.signal, async () => {
    for (const secret of await ensureSecrets(home, declared.secrets)) work.log.conceal(secret);
    return await shapeVolumes(home, declared.volumes);
  });
  const port = Number(new URL(address.url).port);
  const app = await App.start({
    command: declared.command,
    cwd: checkout,
    env: environmentOf(request, declared, port),
    mark: markOf(home.stack, work),
    folders: [checkout, home.folder],
    lifeline: join(request.tmp, `${LIFELINE_PREFIX}${home.stack}`),
    onOutput: (stream, chunk) => work.log.output(home.stack, chunk, stream),
  });
  if (typeof app === 'string') {
    const message = `could not start ${title} with ${JSON.stringify(declared.command)} in its checkout: ${app}`;
    throw new TrialFault('red', 'app-not-runnable', message);
  }
  onStart(app);
  const patient = { app, title, health: manifest.health, port, signal: work.signal };
  await awaitHealthy(patient);
  return { url: address.url, added, dropped, images: [], confirm: () => assertHealthy(patient) };
}

/** The names that the contract gives win over what a manifest calls the same. */
function environmentOf(request: DeployRequest, declared: ProcessApp, port: number): Record<string, string> {
  const { home, manifest, version, domain, env, tmp } = request;
  const volumes = declared.volumes.map(
    (name) => [`VOLUME_${environmentName(name)}`, volumeFolder(home, name)] as const,
  );
  const secrets = declared.secrets.map(
    (name) => [`SECRET_${environmentName(name)}_FILE`, secretFile(home, name)] as const,
  );
  return childEnvironment(
    {
      ...manifest.app.env,
      ...env,
      ...Object.fromEntries([...volumes, ...secrets]),
      PORT: String(port),
      VERSION: version,
      DOMAIN: domain,
      STACK_NAME: home.stack,
    },
    tmp,
  );
}

async function leaseAddress(): Promise<Address> {
  const leased = await leasePort();
  return { url: `http://127.0.0.1:${leased.port}`, release: () => leased.release() };
}

function markOf(stack: string, work: Work): string {
  return `${work.mark}/${stack}`;
}

function environmentName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
