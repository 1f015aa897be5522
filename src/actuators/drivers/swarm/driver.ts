/**
 * The Docker Swarm driver: an app is a stack, made of a recipe in Co-op Cloud's format; a volume is one of the engine's
 * own node; health is what the engine says of every task, and how the app answers, inside and at the edge (docs/swarm.md).
 */
import { endProcesses, findProcesses } from '../../../processes.ts';
import { nameOf } from '../../../process-table.ts';
import { describe } from '../../../reconciler/errors.ts';
import type { FleetConfig, Reading } from '../../../reconciler/model.ts';
import type {
  Address,
  Deployed,
  DeployRequest,
  Driver,
  HeldHome,
  NewHome,
  Work,
} from '../../../reconciler/ports.ts';
import { infra } from '../infra.ts';
import { adoptableVolumes, adoptVolumes } from './adoption.ts';
import type { Reachable } from './dependencies.ts';
import { deployStack } from './deploy.ts';
import { Engine, pointers, type Call } from './engine.ts';
import { Helper } from './helper.ts';
import {
  cloneHome,
  examineHome,
  flushHome,
  inspectHome,
  measureHome,
  missingIn,
  type Keeper,
} from './homes.ts';
import { LABEL, stackName } from './names.ts';
import { ownNode, reachSwarm } from './node.ts';
import { findMarked } from './owned.ts';
import { Tunnel } from './tunnel.ts';
import { undeployStack } from './undeploy.ts';
import { homesOf, Volumes } from './volumes.ts';

export interface SwarmOptions {
  settings: () => FleetConfig['swarm'];
  /** What everything that belongs to this state folder carries; null while nothing was ever made for it. */
  instance: () => Promise<string | null>;
  /** Of what is done on nobody's behalf, such as looking. */
  mark: string;
  /** Deadline of one question to the engine. */
  timeoutMs?: number;
}

const REAP_GRACE_MS = 2000;

const UNJUDGED = 'only the inside was judged: spec.swarm.edge is none';

export function swarmDriver(options: SwarmOptions): Driver {
  return new SwarmDriver(options);
}

class SwarmDriver implements Driver {
  readonly kind = 'swarm';
  /** A container for each generation. */
  readonly isInspectingCostly = true;
  readonly #options: SwarmOptions;
  readonly #engine: Engine;
  readonly #tunnels = new Map<Address, Tunnel>();

  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#engine = new Engine(options.timeoutMs);
  }

  stackName(stack: string): string {
    return stackName(stack);
  }

  environment(): Readonly<Record<string, string>> {
    return pointers();
  }

  unjudged(): string | null {
    return this.#options.settings().edge === null ? UNJUDGED : null;
  }

  reach(): Promise<Reading<null>> {
    return reachSwarm(this.#engine, this.#options.settings().node, this.#looking());
  }

  async address(domain: string): Promise<Address> {
    const { edge } = this.#options.settings();
    const tunnel = await Tunnel.open(this.#engine);
    const url = edge === null ? `http://127.0.0.1:${tunnel.port}` : `${edge.scheme}://${domain}`;
    const address: Address = {
      url,
      release: async () => {
        this.#tunnels.delete(address);
        await tunnel.close();
      },
    };
    this.#tunnels.set(address, tunnel);
    return address;
  }

  async deploy(request: DeployRequest, work: Work): Promise<Deployed> {
    const { home } = request;
    return await infra('deploy-failed', `deploy ${home.stack}`, work.signal, async () => {
      try {
        return await this.#deploy(request, work);
      } catch (error) {
        // Whatever ended it, nothing of it stays; and the first error is the one to tell.
        await this.#undeploy(home.stack, { mark: work.mark }).catch((also: unknown) =>
          work.log.note(describe(also)),
        );
        throw error;
      }
    });
  }

  async undeploy(stack: string, work: Work): Promise<void> {
    await infra('undeploy-failed', `undeploy ${stack}`, work.signal, () =>
      this.#undeploy(stack, callOf(work)),
    );
  }

  async clone(...[source, volumes, target, work]: Parameters<Driver['clone']>): Promise<void> {
    await infra('clone-failed', `clone the data of ${source.stack}`, work.signal, async () => {
      const labels = await this.#labels(target, work);
      await cloneHome(await this.#keeper(work), source, volumes, target, labels, callOf(work));
    });
  }

  async adoptable(recipe: string): Promise<Reading<string[]>> {
    return await reading(`what else the Swarm has of ${recipe}`, async () =>
      adoptableVolumes(await this.#keeper(this.#looking()), recipe, this.#looking()),
    );
  }

  async adopt(...[recipe, names, target, work]: Parameters<Driver['adopt']>): Promise<void> {
    await infra('clone-failed', `copy the adopted volumes of ${recipe}`, work.signal, async () => {
      const labels = await this.#labels(target, work);
      await adoptVolumes(await this.#keeper(work), recipe, names, target, labels, callOf(work));
    });
  }

  async measure(...[home, , work]: Parameters<Driver['measure']>): ReturnType<Driver['measure']> {
    return await infra('measure-failed', `measure the data of ${home.stack}`, work.signal, async () =>
      measureHome(await this.#keeper(work), home, callOf(work)),
    );
  }

  async flush(...[home, work]: Parameters<Driver['flush']>): Promise<void> {
    await infra('flush-failed', `force the data of ${home.stack} to disk`, work.signal, async () =>
      flushHome(await this.#keeper(work), home, work),
    );
  }

  async missing(...[home, expected]: Parameters<Driver['missing']>): ReturnType<Driver['missing']> {
    return await missingIn(await this.#keeper(this.#looking()), home, expected, this.#looking());
  }

  async inspect(...[home, expected]: Parameters<Driver['inspect']>): ReturnType<Driver['inspect']> {
    return await inspectHome(await this.#keeper(this.#looking()), home, expected, this.#looking());
  }

  async examine(...[home, expected, options]: Parameters<Driver['examine']>): ReturnType<Driver['examine']> {
    const keeper = await this.#keeper(this.#looking());
    return await examineHome(keeper, home, expected, options, this.#options.mark);
  }

  async remove(...[home, work]: Parameters<Driver['remove']>): Promise<void> {
    await infra('remove-failed', `remove the data of ${home.stack}`, work.signal, async () => {
      await this.#undeploy(home.stack, callOf(work));
      const { volumes } = await this.#keeper(work);
      await volumes.remove(await volumes.list(home.stack, callOf(work)), callOf(work));
    });
  }

  async held(recipe: string): Promise<Reading<HeldHome[]>> {
    return await reading(`what the Swarm keeps of ${recipe}`, async () => {
      const { volumes } = await this.#keeper(this.#looking());
      return homesOf(await volumes.list(null, this.#looking())).filter(
        ({ owner }) => owner.recipe === recipe,
      );
    });
  }

  /** Commands first: what they are still about to make would be found by nobody. */
  async reap(mark: string, folder: string): Promise<number> {
    const tunnels = [...this.#tunnels.values()].filter(
      ({ aim }) => aim !== null && `${aim.mark}/`.startsWith(`${mark}/`),
    );
    await Promise.all(tunnels.map((tunnel) => tunnel.aimAt(null)));
    const processes = await endProcesses(mark, {
      graceMs: REAP_GRACE_MS,
      folders: [folder],
      lifelines: [folder],
    });
    const { stacks, containers } = await this.#marked(mark);
    const call = this.#looking();
    for (const stack of stacks) await this.#undeploy(stack, call);
    if (containers.length > 0)
      await this.#engine.run(['rm', '--force', '--volumes', '--', ...containers], call);
    return processes + stacks.length + containers.length;
  }

  async owned(mark: string, folder: string): Promise<string[]> {
    const processes = findProcesses(mark, { folders: [folder], lifelines: [folder] });
    const { stacks, containers } = await this.#marked(mark);
    return [
      ...processes.map(({ pid }) => `pid ${pid} (${nameOf(pid)})`),
      ...stacks.map((stack) => `stack ${stack}`),
      ...containers.map((id) => `container ${id.slice(0, 12)}`),
    ];
  }

  async #deploy(request: DeployRequest, work: Work): Promise<Deployed> {
    const { edge, helperImage, network, node } = this.#options.settings();
    const tunnel = this.#tunnels.get(request.address);
    if (tunnel === undefined) throw new Error('an app is deployed only at an address of this driver');
    const call = callOf(work);
    return await deployStack(
      request,
      {
        engine: this.#engine,
        volumes: (await this.#keeper(work)).volumes,
        labels: await this.#labels(request.home, work),
        nodeId: await ownNode(this.#engine, node, call),
        helperImage,
        edge,
        network,
        reachable: edge === null ? this.#reachable() : new Map(),
        tunnel,
      },
      work,
    );
  }

  #reachable(): Reachable {
    const up = [...this.#tunnels].flatMap(([{ url }, { aim }]) =>
      aim === null ? [] : [[url, aim] as const],
    );
    return new Map(up);
  }

  async #undeploy(stack: string, call: Call): Promise<void> {
    const inside = [...this.#tunnels.values()].filter(({ aim }) => aim?.stack === stack);
    await Promise.all(inside.map((tunnel) => tunnel.aimAt(null)));
    await undeployStack(this.#engine, await this.#instance(), stack, call);
  }

  /** Nobody who may look without the lease has made anything: then nothing on the Swarm is ours. */
  async #instance(): Promise<string> {
    return (await this.#options.instance()) ?? 'none';
  }

  async #keeper({ mark }: { mark: string }): Promise<Keeper> {
    const instance = await this.#instance();
    const labels = { [LABEL.instance]: instance, [LABEL.mark]: mark };
    return {
      volumes: new Volumes(this.#engine, instance),
      helper: new Helper(this.#engine, { image: this.#options.settings().helperImage, labels }),
    };
  }

  async #labels({ stack, owner }: NewHome, work: Work): Promise<Record<string, string>> {
    return {
      [LABEL.instance]: await this.#instance(),
      [LABEL.mark]: work.mark,
      [LABEL.recipe]: owner.recipe,
      [LABEL.generation]: String(owner.generation),
      [LABEL.trial]: owner.trial,
      [LABEL.stack]: stack,
    };
  }

  async #marked(mark: string): ReturnType<typeof findMarked> {
    return await findMarked(this.#engine, await this.#instance(), mark, this.#looking());
  }

  #looking(): Call {
    return { mark: this.#options.mark };
  }
}

/** A call says things of its own, which are no trial's to log. */
function callOf({ mark, signal }: Work): Call {
  return { mark, signal };
}

async function reading<T>(what: string, read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { readable: true, value: await read() };
  } catch (error) {
    return { readable: false, why: `cannot tell ${what}: ${describe(error)}` };
  }
}
