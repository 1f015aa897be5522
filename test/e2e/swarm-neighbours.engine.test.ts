/** Apps on a real Swarm and those beside them: the reverse proxy in front, other stacks, and what they depend on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../fixtures/swarm/docker.ts';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { TestProxy } from '../fixtures/swarm/proxy.ts';
import { accounts, APP_IMAGE, guest, makeRecipeImages, misrouted, site } from '../fixtures/swarm/recipes.ts';

let swarm: SwarmFleet;
beforeAll(makeRecipeImages);
afterEach(async () => {
  await swarm.dispose();
});

/** Whom an app finds under the name that every recipe's main service has. */
const ALONE = [
  {
    name: 'alone',
    phase: 'installed',
    command: [
      'sh',
      '-c',
      'task=$(docker ps -q --filter label=com.docker.swarm.service.name=${STACK_NAME}_app); ' +
        'docker exec "$task" nslookup tasks.app | grep -c "^Address.*: 10\\." | grep -qx 1',
    ],
  },
];

describe('behind a reverse proxy', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await TestProxy.start();
    const live = [
      '--network',
      'proxy',
      '--network-alias',
      'app',
      '--network-alias',
      'tasks.app',
      '--name',
      'live_app',
    ];
    await docker('run', '--detach', ...live, APP_IMAGE, '/site.sh');
  });
  afterAll(async () => {
    await docker('rm', '--force', '--volumes', 'live_app');
    await proxy.dispose();
  });

  it('two recipes are judged at once, at their public addresses, and meet nobody else', async () => {
    const edge = { scheme: 'https', address: proxy.address, ca: proxy.ca };
    swarm = await SwarmFleet.create({ swarm: { edge }, concurrency: { trials: 2 } });
    await swarm.recipe('one', '1.0.0+1', site('1.0.0+1'), { checks: ALONE });
    await swarm.recipe('other', '1.0.0+1', site('1.0.0+1'), { checks: ALONE });
    const { rows, outcome } = await swarm.sweep();
    const messages = ['one', 'other'].map((recipe) => swarm.messageOf(outcome, recipe));
    expect([rows, messages]).toEqual([
      { one: 'green in-sync', other: 'green in-sync' },
      ['1.0.0+1 is the canonical', '1.0.0+1 is the canonical'],
    ]);
    await swarm.expectSound();
  });

  it('a recipe that is well inside and dead at the edge is red, and told so', async () => {
    const edge = { scheme: 'https', address: proxy.address, ca: proxy.ca };
    swarm = await SwarmFleet.create({ swarm: { edge } });
    await swarm.recipe('misrouted', '1.0.0+1', misrouted('1.0.0+1'));
    const { rows, outcome } = await swarm.sweep();
    const message = swarm.messageOf(outcome, 'misrouted');
    expect([rows, message]).toEqual([{ misrouted: 'red held' }, expect.any(String)]);
    expect(message).toContain('at the edge https://warm-misrouted.localhost/');
    expect(message).toContain('answered 404, expected 200');
    expect(message).toContain('inside all is well: it may be the proxy itself that knows no router');
    await swarm.expectNothingLeft();
  });
});

describe('beside what they depend on', () => {
  it('an app is a client of its dependency, at every later deploy too', async () => {
    swarm = await SwarmFleet.create();
    await swarm.recipe('accounts', '1.0.0+1', accounts('1.0.0+1'));
    const register =
      'task=$(docker ps -q --filter label=com.docker.swarm.service.name=${DEP_STACK_NAME}_app); ' +
      'key=$(od -An -N12 -tx1 /dev/urandom | tr -d " \\n"); ' +
      'echo "$key" | docker exec -i "$task" sh -c "cat >> /data/clients"; ' +
      'echo "SECRET_CLIENT_KEY=$key" > "$PROVIDE_OUT"';
    const upstream = await swarm.recipe('guest', '1.0.0+1', guest('1.0.0+1'), {
      dependsOn: [{ name: 'accounts', provide: ['sh', '-c', register] }],
    });
    expect(await swarm.sweep()).toMatchObject({
      rows: { accounts: 'green in-sync', guest: 'green in-sync' },
    });
    await release(upstream, '2.0.0+2', guest('2.0.0+2'));
    const { rows, outcome } = await swarm.sweep();
    expect([rows, swarm.messageOf(outcome, 'guest')]).toEqual([
      { accounts: 'in-sync', guest: 'green in-sync' },
      '2.0.0+2 is the canonical',
    ]);
    await swarm.expectSound(['warm-accounts-1_data']);
  });
});
