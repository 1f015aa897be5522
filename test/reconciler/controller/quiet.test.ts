/** Nothing is under way while somebody wants it quiet. */
import { describe, expect, it } from 'vitest';
import { Quiet } from '../../../src/reconciler/controller/quiet.ts';

/** Something that goes on until it is ended. */
function work(): { done: Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { done, end: () => end() };
}

const settle = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe('quiet', () => {
  it('comes at once where nothing is under way', async () => {
    let came = false;
    await new Quiet().quietly(async () => {
      came = true;
      await Promise.resolve();
    });
    expect(came).toBe(true);
  });

  it('waits for everything that is under way, and lets nothing begin meanwhile', async () => {
    const quiet = new Quiet();
    const log: string[] = [];
    const [one, two, late] = [work(), work(), work()];
    const running = [one, two].map(({ done }) => quiet.during(() => done));
    const removal = work();
    const silence = quiet.quietly(async () => {
      log.push('quiet');
      await removal.done;
    });
    const later = quiet.during(async () => {
      log.push('late');
      await late.done;
    });
    one.end();
    await settle();
    expect(log).toEqual([]);
    two.end();
    await settle();
    expect(log).toEqual(['quiet']);
    removal.end();
    await settle();
    expect(log).toEqual(['quiet', 'late']);
    late.end();
    await Promise.all([...running, silence, later]);
  });

  it('ends also where what was done quietly fails', async () => {
    const quiet = new Quiet();
    await expect(quiet.quietly(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await quiet.during(() => Promise.resolve('went on'))).toBe('went on');
  });
});
