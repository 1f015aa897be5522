import { describe, expect, it } from 'vitest';
import { tellingSource } from '../../../src/actuators/drivers/telling-source.ts';
import type { Fleet } from '../../../src/reconciler/model.ts';
import { readable } from '../../../src/reconciler/view.ts';
import { config } from '../../reconciler/world.ts';

/** Another fleet each time that it is read: its interval says how often that was. */
function source() {
  const told: number[] = [];
  let times = 0;
  const load = async (): Promise<Fleet> => {
    times += 1;
    const settings = readable(config({ intervalMs: times }));
    return { manifests: [], invalid: [], config: settings, configFile: null, problems: [], memory: null };
  };
  const settle = (found: Fleet['config']): void => void (found.readable && told.push(found.value.intervalMs));
  return { manifests: tellingSource({ load }, settle), told };
}
const readingOf = ({ config: found }: Fleet): number => (found.readable ? found.value.intervalMs : 0);

describe('manifests of which the driver is told', () => {
  it('are read once for the opening of the program and its first look, and then for every look', async () => {
    const { manifests } = source();
    await manifests.begin();
    expect([readingOf(await manifests.look()), readingOf(await manifests.look())]).toEqual([1, 2]);
  });

  it('are read for whoever is to act on what they say now, however soon that is after the opening', async () => {
    const { manifests } = source();
    await manifests.begin();
    expect(readingOf(await manifests.load())).toBe(2);
  });

  it('tell the driver each time that they are read', async () => {
    const { manifests, told } = source();
    await manifests.begin();
    await manifests.look();
    await manifests.load();
    expect(told).toEqual([1, 2]);
  });
});
