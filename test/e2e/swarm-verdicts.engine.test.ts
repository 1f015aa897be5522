/** What a pass on a real Swarm says of recipes of every kind, and that the next one leaves them alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { APP_IMAGE, makeRecipeImages, recipeTree, WATCHED } from '../fixtures/swarm/recipes.ts';
import type { Outcome } from '../fixtures/fleet.ts';
import type { Tree } from '../fixtures/upstream-repo.ts';

const V1 = '1.0.0+1';
const V2 = '2.0.0+2';
/** Time enough for a task to fail, on a machine that is busy too. */
const SOON = 'TIMEOUT=30\n';

const worker = { image: APP_IMAGE, command: 'sleep 100000', stop_grace_period: '1s', deploy: WATCHED };
const tree = (version: string, over: Partial<Parameters<typeof recipeTree>[0]> = {}): Tree =>
  recipeTree({ version, command: '/site.sh', ...over });
/** Two services that end well, and are others with each version. */
const migrating = (version: string, update: object = {}): Tree => {
  const once = (condition: string) => ({
    image: APP_IMAGE,
    command: ['sh', '-c', `echo migrated to ${version}`],
    deploy: { restart_policy: { condition }, update_config: { monitor: '1s', ...update } },
  });
  return tree(version, { services: { migrate: once('none'), index: once('on-failure') } });
};
const configured = (version: string, text: string): Tree =>
  recipeTree({
    version,
    command: '/store.sh',
    app: { volumes: ['data:/data'], configs: [{ source: 'site', target: '/etc/site.conf' }] },
    volumes: { data: null },
    configs: { site: { name: '${STACK_NAME}_site_${SITE_CONF_VERSION}', file: 'site.conf' } },
    files: { 'site.conf': text, 'abra.sh': 'export SITE_CONF_VERSION=v1\n' },
  });

let swarm: SwarmFleet;
let first: { rows: Record<string, string>; outcome: Outcome };
let second: { rows: Record<string, string>; outcome: Outcome };

beforeAll(async () => {
  await makeRecipeImages();
  swarm = await SwarmFleet.create({ concurrency: { trials: 3 } });
  await swarm.recipe('crashes', V1, tree(V1, { command: '/exits.sh', sample: SOON }));
  const test = ['CMD', 'false'];
  const healthcheck = { test, interval: '1s', retries: 100 };
  await swarm.recipe('never-starts', V1, tree(V1, { app: { healthcheck }, sample: SOON }));
  const once = { ...WATCHED, restart_policy: { condition: 'none' } };
  await swarm.recipe(
    'one-shot',
    V1,
    tree(V1, { services: { migrate: { ...worker, command: 'true', deploy: once } } }),
  );
  await swarm.recipe('no-image', V1, tree(V1, { app: { image: 'localhost:1/nobody/has-it:1' } }));
  const placement = { constraints: ['node.labels.gpu == true'] };
  await swarm.recipe(
    'nowhere',
    V1,
    tree(V1, { services: { worker: { ...worker, deploy: { placement } } }, sample: SOON }),
  );
  await swarm.recipe(
    'nowhere-global',
    V1,
    tree(V1, { services: { worker: { ...worker, deploy: { mode: 'global', placement } } }, sample: SOON }),
  );
  const again = (attempts: object) => ({
    ...worker,
    command: 'true',
    deploy: { restart_policy: { condition: 'any', delay: '500ms', ...attempts } },
  });
  await swarm.recipe('never-stays', V1, tree(V1, { services: { worker: again({}) }, sample: SOON }));
  await swarm.recipe('twice', V1, tree(V1, { services: { worker: again({ max_attempts: 1 }) } }));
  await swarm.recipe(
    'named',
    V1,
    tree(V1, { app: { volumes: ['data:/data'] }, volumes: { data: { name: 'shared' } } }),
  );
  const reconfigured = await swarm.recipe('reconfigured', V1, configured(V1, 'blue'));
  const dropping = await swarm.recipe('dropping', V1, tree(V1, { services: { worker } }), {
    checks: [
      {
        name: 'worker-is-gone',
        phase: 'afterUpgrade',
        command: ['sh', '-c', 'test "$(docker stack services -q "$STACK_NAME" | wc -l)" = 1'],
      },
    ],
  });
  const migrated = await swarm.recipe('migrating', V1, migrating(V1));
  const rollback = { failure_action: 'rollback' };
  const turnedBack = await swarm.recipe('turned-back', V1, migrating(V1, rollback));
  first = await swarm.sweep();
  await release(migrated, V2, migrating(V2));
  await release(turnedBack, V2, migrating(V2, rollback));
  await release(reconfigured, V2, configured(V2, 'green'));
  await release(dropping, V2, tree(V2));
  second = await swarm.sweep();
}, 600_000);
afterAll(async () => {
  await swarm.dispose();
});

describe('a pass on a Swarm says of a recipe that', () => {
  it.each([
    ['crashes', 'crashes', 'red held', ['service app: ended with exit code 3', 'there is no configuration']],
    [
      'never finishes starting',
      'never-starts',
      'timeout held',
      ['did not converge within 30 s (the timeout label'],
    ],
    ['has no image', 'no-image', 'red held', ['service app: No such image: localhost:1/nobody/has-it:1']],
    ['fits on no node', 'nowhere', 'red held', ['service worker: it cannot be placed on any node']],
    [
      'is global and fits on no node',
      'nowhere-global',
      'red held',
      ['service worker: it has no task', 'node.labels.gpu == true'],
    ],
    [
      'ends well again and again',
      'never-stays',
      'red held',
      ['service worker: ended with exit code 0, and is started again and again'],
    ],
    ['runs something twice', 'twice', 'green in-sync', ['is the canonical']],
    ['runs something once', 'one-shot', 'green in-sync', ['is the canonical']],
    ['gives its volume a name', 'named', 'green in-sync', ['is the canonical']],
  ])('%s: %s is %s', (_what, recipe, row, words) => {
    expect(first.rows[recipe]).toBe(row);
    for (const text of words) expect(swarm.messageOf(first.outcome, recipe)).toContain(text);
  });

  it.each([
    [
      'changes a config under the same name',
      'reconfigured',
      'red held',
      'must raise the version of that config in abra.sh',
    ],
    ['drops a service', 'dropping', 'green in-sync', 'is the canonical'],
    ['changes what runs once', 'migrating', 'green in-sync', 'is the canonical'],
    [
      'has the engine roll back what runs once',
      'turned-back',
      'red held',
      '`update_config.failure_action: continue`',
    ],
  ])('%s with its next release: %s is %s', (_what, recipe, row, words) => {
    expect(second.rows[recipe]).toBe(row);
    expect(swarm.messageOf(second.outcome, recipe)).toContain(words);
  });

  it('tries nothing again that has not changed, and leaves nothing behind but volumes', async () => {
    const tried = Object.entries(second.rows).filter(([, row]) => row.includes(' '));
    expect(tried.map(([recipe]) => recipe)).toEqual(['dropping', 'migrating', 'reconfigured', 'turned-back']);
    const third = await swarm.sweep();
    expect(Object.values(third.rows).filter((row) => row.includes(' '))).toEqual([]);
    expect(third.code).toBe(3);
    await swarm.expectSound(['warm-named-1_data', 'warm-reconfigured-1_data']);
  });
});
