/** What lies on a Swarm under the very names that a trial needs: of ours it goes, of others it stays and is named. */
import { afterEach, describe, expect, it } from 'vitest';
import { docker, HELPER_IMAGE } from '../fixtures/swarm/docker.ts';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { instanceOf } from '../fixtures/swarm/on-engine.ts';
import { APP_IMAGE, recipeTree } from '../fixtures/swarm/recipes.ts';
import type { Tree } from '../fixtures/upstream-repo.ts';

let swarm: SwarmFleet;
afterEach(async () => {
  await swarm.dispose();
});

const NAMESPACE = 'com.docker.stack.namespace';
const SLEEP = ['sleep', '100000'];

/** It says what its secret and its config are, and keeps its versions. */
function tree(version: string): Tree {
  return recipeTree({
    version,
    command: '/store.sh',
    app: {
      networks: ['proxy', 'internal'],
      volumes: ['data:/data'],
      secrets: ['key'],
      configs: [{ source: 'site', target: '/etc/site.conf' }],
    },
    networks: { proxy: { external: true }, internal: null },
    volumes: { data: null },
    secrets: { key: { external: true, name: '${STACK_NAME}_key_v1' } },
    configs: { site: { name: '${STACK_NAME}_site_v1', file: 'site.conf' } },
    files: { 'site.conf': 'blue' },
  });
}

type Labels = Record<string, string>;

/** One of each kind, under the name that the stack will need it by. */
const PLANTS: Record<string, (stack: string, labels: Labels) => Promise<string[]>> = {
  stack: async (stack, labels) => await service(stack, { ...labels, [NAMESPACE]: stack }),
  service: async (stack, labels) => await service(stack, labels),
  container: async (stack, labels) => {
    const name = `${stack}_inside`;
    await docker('run', '--detach', '--name', name, ...flags(labels), HELPER_IMAGE, ...SLEEP);
    return ['container', name];
  },
  network: async (stack, labels) => await network(`${stack}_proxy`, labels),
  'network of its own': async (stack, labels) => await network(`${stack}_internal`, labels),
  secret: async (stack, labels) => await fromFile('secret', `${stack}_key_v1`, labels),
  config: async (stack, labels) => await fromFile('config', `${stack}_site_v1`, labels),
};

async function service(stack: string, labels: Labels): Promise<string[]> {
  const options = ['--detach', '--no-resolve-image', '--name', `${stack}_app`, ...flags(labels)];
  await docker('service', 'create', ...options, APP_IMAGE, ...SLEEP);
  return ['service', `${stack}_app`];
}

async function network(name: string, labels: Labels): Promise<string[]> {
  await docker('network', 'create', '--driver', 'overlay', '--attachable', ...flags(labels), name);
  return ['network', name];
}

async function fromFile(noun: string, name: string, labels: Labels): Promise<string[]> {
  await docker(noun, 'create', ...flags(labels), name, import.meta.filename);
  return [noun, name];
}

function flags(labels: Labels): string[] {
  return Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
}

describe('what an earlier trial left on a Swarm', () => {
  it('breaks no later one, and goes with it', async () => {
    swarm = await SwarmFleet.create();
    const says = 'test "$(wget -q -O - "$APP_URL" || curl -s "$APP_URL")" = "1.0.0+1 2.0.0+2 blue"';
    const upstream = await swarm.recipe('littered', '1.0.0+1', tree('1.0.0+1'), {
      checks: [{ name: 'says', phase: 'afterUpgrade', command: ['sh', '-c', says] }],
    });
    expect(await swarm.sweep()).toMatchObject({ rows: { littered: 'green in-sync' } });
    const instance = (await instanceOf(swarm.fleet)) ?? '';
    const ours = { 'recipe-reconciler.instance': instance, 'recipe-reconciler.mark': 'of-nobody-any-more' };
    const ofTrial = {
      'recipe-reconciler.stack': 'warm-littered-2',
      'recipe-reconciler.trial': 'an-earlier-one',
    };
    for (const [what, plant] of Object.entries(PLANTS)) {
      if (what !== 'service') await plant('warm-littered-2', { ...ours, ...ofTrial });
    }
    const helper = await docker('run', '--detach', ...flags(ours), HELPER_IMAGE, ...SLEEP);
    await release(upstream, '2.0.0+2', tree('2.0.0+2'));
    const { rows, outcome } = await swarm.sweep();
    expect([rows, swarm.messageOf(outcome, 'littered')]).toEqual([
      { littered: 'green in-sync' },
      '2.0.0+2 is the canonical',
    ]);
    // Of a mark that nobody knows: it is in nobody's way.
    await docker('rm', '--force', '--volumes', helper);
    await swarm.expectSound(['warm-littered-1_data', 'warm-littered-2_data']);
  });
});

describe('what somebody else has on a Swarm', () => {
  it('under a name that a trial needs is named, and left alone', async () => {
    swarm = await SwarmFleet.create({ concurrency: { trials: 3 } });
    const planted: [string, string[], string][] = [];
    for (const [what, plant] of Object.entries(PLANTS)) {
      const recipe = `taken-${what.replaceAll(' ', '-')}`;
      await swarm.recipe(recipe, '1.0.0+1', tree('1.0.0+1'));
      // What is infra is tried once more in the same pass, as another generation.
      for (const generation of [1, 2]) {
        const stack = `warm-${recipe}-${generation}`;
        const [noun = '', name = ''] = await plant(stack, { 'of-somebody': 'else' });
        planted.push([recipe, [noun, name], what === 'stack' ? `stack ${stack}` : `${noun} ${name}`]);
      }
    }
    try {
      const { rows, outcome } = await swarm.sweep();
      for (const [recipe, [noun = '', name = ''], words] of planted) {
        const said = swarm.messageOf(outcome, recipe);
        expect([rows[recipe], said]).toEqual(['infra held', expect.any(String)]);
        if (name.includes('-2_')) expect(said).toContain(words);
        const labels = await docker(noun, 'inspect', name);
        expect(labels).toContain('"of-somebody": "else"');
        expect(labels).not.toContain('recipe-reconciler.');
      }
      await swarm.expectNothingLeft();
    } finally {
      for (const [, [noun = '', name = '']] of planted)
        await docker(noun, 'rm', ...(noun === 'container' ? ['--force', '--volumes'] : []), name);
    }
  });
});
