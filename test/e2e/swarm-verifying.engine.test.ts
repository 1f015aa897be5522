/** How often the volumes of a Swarm are read, by the built program. */
import { afterEach, beforeAll, expect, it } from 'vitest';
import { docker, dockerLines, HELPER_IMAGE } from '../fixtures/swarm/docker.ts';
import { SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { instanceOf } from '../fixtures/swarm/on-engine.ts';
import { makeRecipeImages, store } from '../fixtures/swarm/recipes.ts';

const VOLUME = 'warm-verified-1_data';

let swarm: SwarmFleet;
beforeAll(makeRecipeImages);
afterEach(async () => {
  await swarm.dispose();
});

const planned = async (...names: string[]): Promise<string | undefined> => {
  const { json } = await swarm.reconcile('plan', '--json', ...names);
  return json?.recipes?.[0]?.reason;
};
/** Of this fleet: other tests use the same engine. */
const containersMadeDuring = async (act: () => Promise<unknown>): Promise<string[]> => {
  const engineTime = async (): Promise<string> => await docker('info', '--format', '{{.SystemTime}}');
  const since = await engineTime();
  await act();
  const ours = `label=recipe-reconciler.instance=${await instanceOf(swarm.fleet)}`;
  const filters = ['type=container', 'event=create', ours].flatMap((each) => ['--filter', each]);
  return await dockerLines('events', '--since', since, '--until', await engineTime(), ...filters);
};

it('volumes are read once in each interval, and looked for by every pass', async () => {
  swarm = await SwarmFleet.create();
  await swarm.recipe('verified', '1.0.0+1', store('1.0.0+1'));
  expect((await swarm.sweep()).rows).toEqual({ verified: 'green in-sync' });
  const made = await containersMadeDuring(async () => {
    expect((await swarm.sweep()).rows).toEqual({ verified: 'in-sync' });
  });
  expect(made).toEqual([]);
  await swarm.expectSound([VOLUME]);

  const mount = `type=volume,source=${VOLUME},target=/v`;
  await docker('run', '--rm', '--mount', mount, HELPER_IMAGE, 'sh', '-c', 'echo more >> /v/versions');
  expect(await planned()).toBe('up-to-date');
  // Who asks for it by its name does not want to hear of an hour ago.
  expect(await planned('verified')).toBe('volume-changed');
  await swarm.configure({ verify: { interval: '1s' } });
  expect(await planned()).toBe('volume-changed');

  await swarm.configure({});
  expect(await planned()).toBe('up-to-date');
  await docker('volume', 'rm', VOLUME);
  expect(await planned()).toBe('volume-missing');
});
