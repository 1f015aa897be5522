/** A Swarm of several nodes: everything of ours is on the one where the volumes are, and what befalls that is not the recipe's. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { namedVolumes } from '../fixtures/named-generations.ts';
import { on, TwoNodes } from '../fixtures/swarm/nodes.ts';
import { onEngine } from '../fixtures/swarm/on-engine.ts';
import { APP_IMAGE, recipeTree, WATCHED } from '../fixtures/swarm/recipes.ts';
import type { Tree, UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { until } from '../suites/driver.ts';

let nodes: TwoNodes;
let swarm: SwarmFleet;
let upstream: UpstreamRepo;

/** More tasks than one node would get if both were asked. */
function tree(version: string): Tree {
  const worker = { image: APP_IMAGE, command: 'sleep 100000', stop_grace_period: '1s' };
  return recipeTree({
    version,
    command: '/store.sh',
    app: { volumes: ['data:/data'] },
    services: {
      several: { ...worker, deploy: { ...WATCHED, replicas: 3 } },
      everywhere: { ...worker, deploy: { ...WATCHED, mode: 'global' } },
    },
    volumes: { data: null },
    sample: 'TIMEOUT=20\n',
  });
}

/** A name for each node that any task of the stack is, or was, on. */
const ON_ONE =
  'test "$(docker stack ps "$STACK_NAME" --format "{{.Node}}" | sort -u)" = one && ' +
  'test "$(docker stack ps "$STACK_NAME" --filter desired-state=running -q | wc -l)" = 5';

beforeAll(async () => {
  nodes = await TwoNodes.start();
  vi.stubEnv('DOCKER_HOST', nodes.one.host);
  swarm = await SwarmFleet.create({ swarm: { node: 'one' } });
  const checks = ['installed', 'afterUpgrade'].map((phase) => ({
    name: `on-one-${phase.toLowerCase()}`,
    phase,
    command: ['sh', '-c', ON_ONE],
  }));
  upstream = await swarm.recipe('placed', '1.0.0+1', tree('1.0.0+1'), { checks });
});
afterAll(async () => {
  await swarm.dispose();
  vi.unstubAllEnvs();
  await nodes.dispose();
});

async function expectOutOfReach(words: string): Promise<void> {
  const { code, json } = await swarm.reconcile('plan', '--json');
  const [row] = json?.recipes ?? [];
  expect([code, row?.decision, row?.reason]).toEqual([4, 'unknown', 'driver-unreachable']);
  expect(row?.message).toContain(words);
}

describe('on a Swarm of several nodes', () => {
  it('every task of a stack is where its volumes are, whatever the recipe spreads', async () => {
    expect((await swarm.sweep()).rows).toEqual({ placed: 'green in-sync' });
    await release(upstream, '2.0.0+2', tree('2.0.0+2'));
    const { rows, outcome } = await swarm.sweep();
    expect([rows, swarm.messageOf(outcome, 'placed')]).toEqual([
      { placed: 'green in-sync' },
      '2.0.0+2 is the canonical',
    ]);
    expect(await on(nodes.two.host, 'volume', 'ls', '--quiet')).toBe('');
    await swarm.expectSound(['warm-placed-1_data', 'warm-placed-2_data']);
  });

  it('another node than the one that is asked for is refused', async () => {
    await swarm.fleet.reconciler({ driver: 'swarm', swarm: { node: 'two', edge: 'none' } });
    await expectOutOfReach('are to be placed on node two, and the docker engine is on one');
    await swarm.fleet.reconciler({ driver: 'swarm', swarm: { node: 'one', edge: 'none' } });
  });

  it('a node that is drained in the middle of a trial is infra and not red, and until it is back nothing is tried', async () => {
    await release(upstream, '3.0.0+3', tree('3.0.0+3'));
    const before = await swarm.fleet.record('placed');
    const running = swarm.start('--once', '--json');
    await until(async () => (await onEngine(swarm.fleet)).services.length > 0, 60_000);
    await nodes.setAvailability(nodes.one, 'drain');
    const { stdout, json } = await running.done;
    expect(json?.recipes?.[0]?.trial?.verdict, stdout).toBe('infra');
    await expectOutOfReach('takes no tasks: its availability is drain');
    expect(await swarm.fleet.record('placed')).toEqual(before);
    await nodes.setAvailability(nodes.one, 'active');
    expect((await swarm.sweep('--retry-failed')).rows).toEqual({ placed: 'green in-sync' });
  });

  it('a manager without a quorum is out of reach, which is not taken for anything else', async () => {
    await swarm.expectSound(await namedVolumes(swarm.fleet));
    const codeOfPlan = async (): Promise<number | null> => (await swarm.reconcile('plan', '--json')).code;
    await nodes.connect(nodes.two, 'down');
    await until(async () => (await codeOfPlan()) !== 0, 60_000);
    await expectOutOfReach('leader');
    await nodes.connect(nodes.two, 'up');
    await until(async () => (await codeOfPlan()) === 0, 60_000);
  });
});
