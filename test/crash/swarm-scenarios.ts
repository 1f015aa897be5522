/** A seed and an upgrade on a Swarm, of a recipe that has what the driver makes: a volume, a secret, a config, networks. */
import { SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { release } from '../fixtures/swarm/fleet.ts';
import { recipeTree } from '../fixtures/swarm/recipes.ts';
import type { Tree, UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { pass } from '../e2e/rows.ts';
import type { Fleet } from '../fixtures/fleet.ts';
import type { Fault } from '../faults/plan.ts';
import { engine } from './ground.ts';
import type { Scenario } from './scenarios.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';

const onSwarm = {
  exitCodes: [0],
  red: false,
  damaged: [],
  ground: engine,
  create: async (): Promise<Fleet> => (await SwarmFleet.create()).fleet,
};

/** Their recipes have names of their own: they share an engine. */
export const SWARM_SCENARIOS: readonly Scenario[] = [
  { ...onSwarm, name: 'swarm seed', prepare: async (fleet) => void (await recipe(fleet, 'seeded')) },
  {
    ...onSwarm,
    name: 'swarm advance',
    prepare: async (fleet) => {
      const upstream = await recipe(fleet, 'advanced');
      await pass(fleet, [], { timeoutMs: 200_000 });
      await release(upstream, V2, tree(V2));
    },
  },
];

async function recipe(fleet: Fleet, name: string): Promise<UpstreamRepo> {
  const upstream = await fleet.upstream(name);
  await release(upstream, V1, tree(V1));
  await fleet.manifest(name, {
    health: { port: 80, timeout: '60s', stableFor: '0s' },
    checks: [{ name: 'installed', phase: 'installed', command: ['true'] }],
    timeout: '2m',
  });
  return upstream;
}

function tree(version: string): Tree {
  return recipeTree({
    version,
    command: '/store.sh',
    app: {
      volumes: ['data:/data'],
      secrets: ['key'],
      configs: [{ source: 'site', target: '/etc/site.conf' }],
    },
    volumes: { data: null },
    secrets: { key: { external: true, name: '${STACK_NAME}_key_v1' } },
    configs: { site: { name: '${STACK_NAME}_site_v1', file: 'site.conf' } },
    files: { 'site.conf': 'blue' },
  });
}

/** Where a start has most to clean up after. */
export const SWARM_FIRST_KILLS: readonly Fault[] = [
  { point: 'upgrade: run docker stack deploy', occurrence: 2, when: 'after', act: 'kill' },
];
