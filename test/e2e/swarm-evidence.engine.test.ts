/** What the built program says, on a real Swarm, of what it ran and of what it judged. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { docker, makeImage } from '../fixtures/swarm/docker.ts';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { makeRecipeImages, recipeTree, site } from '../fixtures/swarm/recipes.ts';
import type { Tree } from '../fixtures/upstream-repo.ts';

const ONLY_INSIDE = 'only the inside was judged: spec.swarm.edge is none';
const OWN_IMAGE = 'moving:stable';

let swarm: SwarmFleet;
beforeAll(makeRecipeImages);
afterEach(async () => {
  await swarm.dispose();
});

/** Another one under the same name each time. */
const makeOwnImage = async (text: string): Promise<string> => {
  const script = `#!/bin/sh\necho ${text} > /www/index.html; exec httpd -f -p 80 -h /www\n`;
  await makeImage(OWN_IMAGE, { '/moving.sh': script });
  return await docker('image', 'inspect', '--format', '{{.Id}}', OWN_IMAGE);
};
const moving = (version: string): Tree =>
  recipeTree({
    version,
    command: '/moving.sh',
    app: { image: OWN_IMAGE, volumes: ['data:/data'] },
    volumes: { data: null },
  });

const recordOf = async (recipe: string): Promise<{ images: unknown; trial: string }> =>
  JSON.parse(await readFile(join(swarm.fleet.state, recipe, 'canonical.json'), 'utf8')) as {
    images: unknown;
    trial: string;
  };
const trialOf = async (recipe: string, id: string): Promise<{ images: unknown; notes: string[] }> =>
  JSON.parse(await readFile(join(swarm.fleet.state, recipe, 'trials', id, 'trial.json'), 'utf8')) as {
    images: unknown;
    notes: string[];
  };

describe('a trial on a Swarm', () => {
  it('records the images that ran, and tells where a name stands for another one than it did', async () => {
    swarm = await SwarmFleet.create();
    const first = await makeOwnImage('first');
    const upstream = await swarm.recipe('moving', '1.0.0+1', moving('1.0.0+1'));
    const seeded = await swarm.sweep();
    expect(seeded.rows).toEqual({ moving: 'green in-sync' });
    const image = { service: 'app', reference: OWN_IMAGE, digest: null, id: first };
    const record = await recordOf('moving');
    expect(record.images).toEqual([image]);
    expect(await trialOf('moving', record.trial)).toMatchObject({ images: [image], notes: [ONLY_INSIDE] });

    const second = await makeOwnImage('second');
    await release(upstream, '2.0.0+2', moving('2.0.0+2'));
    const { rows, outcome } = await swarm.sweep();
    expect(rows).toEqual({ moving: 'green in-sync' });
    const note = `the image ${OWN_IMAGE} of service app is another than when the canonical was promoted: it was ${first} and is ${second}`;
    expect(outcome.json?.recipes?.[0]?.notes).toEqual([ONLY_INSIDE, note]);
    expect((await recordOf('moving')).images).toEqual([{ ...image, id: second }]);
    expect((await swarm.reconcile('explain', 'moving')).stdout).toContain(`note: ${note}`);
    expect((await swarm.reconcile('logs', 'moving', '--step', 'upgrade')).stdout).toContain(note);
    await swarm.expectSound(['warm-moving-1_data', 'warm-moving-2_data']);
  });

  it('says that only the inside was judged, also where that was bad', async () => {
    swarm = await SwarmFleet.create();
    await swarm.recipe('plain', '1.0.0+1', site('1.0.0+1'));
    const deploy = { restart_policy: { condition: 'none' } };
    const tree = recipeTree({ version: '1.0.0+1', command: '/exits.sh', app: { deploy } });
    await swarm.recipe('bad', '1.0.0+1', tree);
    const { rows, outcome } = await swarm.sweep();
    expect(rows).toEqual({ bad: 'red held', plain: 'green in-sync' });
    expect(outcome.json?.recipes?.map(({ notes }) => notes)).toEqual([[ONLY_INSIDE], [ONLY_INSIDE]]);
    const log = await swarm.reconcile('logs', 'plain', '--step', 'install');
    expect(log.stdout).toContain(`; ${ONLY_INSIDE}`);
    await swarm.expectSound();
  });
});
