/** The built program on a real Swarm: recipes as they are, from their first release on. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { makeRecipeImages, notes, site, store } from '../fixtures/swarm/recipes.ts';

let swarm: SwarmFleet;
beforeAll(makeRecipeImages);
beforeEach(async () => {
  swarm = await SwarmFleet.create();
});
afterEach(async () => {
  await swarm.dispose();
});

describe('recipes on a Swarm', () => {
  it('are seeded, upgraded with their data and their passwords, and then left alone', async () => {
    await swarm.recipe('site', '1.0.0+1', site('1.0.0+1'));
    const upstream = await swarm.recipe('notes', '1.0.0+1', notes('1.0.0+1'), {
      checks: [{ name: 'rows', phase: 'afterUpgrade', command: ['sh', '-c', 'node rows.mjs'] }],
    });
    await swarm.fleet.document(
      'rows.mjs',
      'const rows = await (await fetch(process.env.APP_URL)).text();\n' +
        'if (rows.trim() !== "1.0.0+1 2.0.0+2") throw new Error(rows);\n',
    );
    const first = await swarm.sweep();
    expect(first).toMatchObject({ code: 0, rows: { site: 'green in-sync', notes: 'green in-sync' } });
    await release(upstream, '2.0.0+2', notes('2.0.0+2'));
    const second = await swarm.sweep();
    expect(second).toMatchObject({ code: 0, rows: { site: 'in-sync', notes: 'green in-sync' } });
    const third = await swarm.sweep();
    expect(third).toMatchObject({ code: 0, rows: { site: 'in-sync', notes: 'in-sync' } });
    await swarm.expectSound(['warm-notes-1_database', 'warm-notes-2_database']);
  });

  it('that roll back are red, though they answer, and leave the known-good as it was', async () => {
    const upstream = await swarm.recipe('store', '1.0.0+1', store('1.0.0+1'));
    expect(await swarm.sweep()).toMatchObject({ rows: { store: 'green in-sync' } });
    await release(upstream, '2.0.0+2', store('2.0.0+2', { FAILS_ON_UPGRADE: 'yes' }));
    const { rows, code, outcome } = await swarm.sweep();
    expect([code, rows]).toEqual([2, { store: 'red held' }]);
    const message = swarm.messageOf(outcome, 'store');
    expect(message).toContain('service app: it was rolled back');
    expect(message).toContain('exit code 4');
    expect(message).toContain('cannot migrate the data');
    await swarm.expectSound(['warm-store-1_data']);
  });
});
