/** Everything of a trial is taken down, whatever of it fails; and what failed is said. */
import { describe, expect, it } from 'vitest';
import { Fenced } from '../../src/reconciler/errors.ts';
import type { Work } from '../../src/reconciler/ports.ts';
import { takeDown } from '../../src/reconciler/take-down.ts';
import type { TrialRun } from '../../src/reconciler/trial-run.ts';

const PARTS = ['undeploy one', 'undeploy two', 'reap', 'release', 'discard', 'tidy'];

function trialRun(failing: Record<string, Error>) {
  const done: string[] = [];
  const part = async (name: string): Promise<void> => {
    done.push(name);
    if (failing[name] !== undefined) throw failing[name];
  };
  const run = {
    trial: { recipe: 'shop' },
    stacks: new Set(['one', 'two']),
    addresses: [{ release: () => part('release') }],
    workspace: {
      mark: 'mark',
      folder: '/folder',
      lost: new AbortController().signal,
      discard: () => part('discard'),
    },
    ports: {
      driver: { undeploy: (stack: string) => part(`undeploy ${stack}`), reap: () => part('reap') },
      registry: { record: async () => ({ readable: true, value: null }) },
      promotion: { tidy: () => part('tidy') },
    },
  };
  return { run: run as unknown as TrialRun, done };
}

const work = { log: { note: () => undefined } } as unknown as Work;

describe('taking a trial down', () => {
  it('does every part of it', async () => {
    const { run, done } = trialRun({});
    await takeDown(run, work);
    expect(done).toEqual(PARTS);
  });

  it.each(['undeploy one', 'reap', 'release'])(
    'goes on after %s failed, keeps the folder by which what is left is found again, and says why',
    async (name) => {
      const { run, done } = trialRun({ [name]: new Error('it does not want to go') });
      await expect(takeDown(run, work)).rejects.toMatchObject({
        verdict: 'infra',
        reason: 'teardown-failed',
        message: 'it does not want to go',
      });
      expect(done).toEqual(PARTS.filter((each) => each !== 'discard'));
    },
  );

  it('says everything that failed', async () => {
    const { run } = trialRun({ reap: new Error('one thing'), tidy: new Error('another') });
    await expect(takeDown(run, work)).rejects.toThrow('one thing; another');
  });

  it('stops at once where the lease is lost: the rest is the successor’s', async () => {
    const { run, done } = trialRun({ reap: new Fenced('taken over') });
    await expect(takeDown(run, work)).rejects.toThrow(Fenced);
    expect(done).toEqual(PARTS.slice(0, 3));
  });
});
