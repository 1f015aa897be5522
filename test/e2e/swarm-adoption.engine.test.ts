/** What the script that this program replaces left on a Swarm, and what the built program makes of it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { docker, HELPER_IMAGE } from '../fixtures/swarm/docker.ts';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { makeRecipeImages, recipeTree, store } from '../fixtures/swarm/recipes.ts';
import type { Tree, UpstreamRepo } from '../fixtures/upstream-repo.ts';

const LEFT = 'warm-adopted_data';
const MADE = 'warm-adopted-1_data';

let swarm: SwarmFleet;
beforeAll(makeRecipeImages);
afterEach(async () => {
  await docker('volume', 'rm', '--force', LEFT);
  await swarm.dispose();
});

/** Starts on data of its own version only, and is not started again where it does not. */
const demanding = (version: string): Tree =>
  recipeTree({
    version,
    command: '/store.sh',
    app: {
      environment: { VERSION: version, FAILS_ON_UPGRADE: version === '1.0.0+1' ? 'yes' : '' },
      volumes: ['data:/data'],
      deploy: { restart_policy: { condition: 'none' } },
    },
    volumes: { data: null },
  });

const inVolume = async (volume: string, script: string): Promise<string> => {
  const mount = ['--mount', `type=volume,source=${volume},target=/v`, '--workdir', '/v'];
  return await docker('run', '--rm', ...mount, HELPER_IMAGE, 'sh', '-c', script);
};
const stateOf = async (volume: string): Promise<string> =>
  `${await docker('volume', 'inspect', volume)} ${await inVolume(volume, 'find . -exec stat -c "%n %f %s %Y" {} + && cat versions')}`;

/** A record with its five fields, and a volume in which a version has been. */
const adopt = async (tree: (version: string) => Tree, version: string): Promise<UpstreamRepo> => {
  const upstream = await swarm.recipe('adopted', '1.0.0+1', tree('1.0.0+1'));
  const commit = await upstream.commitOf('1.0.0+1');
  const old = { recipe: 'adopted', version: '1.0.0+1', commit, status: 'idle', ts: '20260617T065532Z' };
  await mkdir(join(swarm.fleet.state, 'adopted'), { recursive: true });
  await writeFile(join(swarm.fleet.state, 'adopted', 'canonical.json'), JSON.stringify(old));
  await docker('volume', 'create', '--label', 'com.docker.stack.namespace=warm-adopted', LEFT);
  await inVolume(LEFT, `echo ${version} > versions`);
  return upstream;
};
const planned = async (): Promise<string | undefined> =>
  (await swarm.reconcile('plan', '--json')).json?.recipes?.[0]?.message;

it('an adopted canonical is advanced from copies of its volumes, which stay as they are', async () => {
  swarm = await SwarmFleet.create();
  const upstream = await adopt(store, '1.0.0+1');
  const before = await stateOf(LEFT);
  expect((await swarm.sweep()).rows).toEqual({ adopted: 'in-sync' });

  await release(upstream, '2.0.0+2', store('2.0.0+2'));
  expect(await planned()).toContain('built from copies of the adopted volumes data, with new secrets');
  const { rows, outcome } = await swarm.sweep();
  expect([rows, swarm.messageOf(outcome, 'adopted')]).toEqual([
    { adopted: 'green in-sync' },
    '2.0.0+2 is the canonical',
  ]);
  expect(await inVolume(MADE, 'cat versions')).toBe('1.0.0+1\n2.0.0+2');
  expect(await stateOf(LEFT)).toBe(before);
  const log = (await swarm.reconcile('logs', 'adopted', '--step', 'upgrade')).stdout;
  expect(log).toContain('copying the adopted volumes data (1.0.0+1)');
  expect(log).toContain('secrets that they were made with cannot be read');
  await swarm.expectSound([MADE]);
});

it('where the old data does not start again it is red, and installed afresh once a person says so', async () => {
  swarm = await SwarmFleet.create();
  const upstream = await adopt(demanding, '0.9.0+0');
  const before = await stateOf(LEFT);
  await release(upstream, '2.0.0+2', demanding('2.0.0+2'));
  const { rows, outcome } = await swarm.sweep();
  expect(rows).toEqual({ adopted: 'red held' });
  const message = swarm.messageOf(outcome, 'adopted');
  expect(message).toContain('the base 1.0.0+1 did not come up');
  expect(message).toContain(
    'adopted volumes lack their secrets; "reconcile rebuild adopted" installs afresh',
  );
  await swarm.expectNothingLeft();
  expect((await swarm.reconcile('rebuild', 'adopted')).code).toBe(0);
  expect(await planned()).toContain('volumes that are not to be built on, so it is installed afresh');
  expect((await swarm.sweep()).rows).toEqual({ adopted: 'green in-sync' });
  expect(await stateOf(LEFT)).toBe(before);
  await swarm.expectSound([MADE.replace('1', '2')]);
});
