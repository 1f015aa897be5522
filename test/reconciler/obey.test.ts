/** Obeying requests: each is answered, whatever happens; only a lost lease stops it. */
import { describe, expect, it } from 'vitest';
import { Fenced } from '../../src/reconciler/errors.ts';
import type { Answer, OperatorRequest, Wish } from '../../src/reconciler/model.ts';
import { obeyRequests, type ObeyPorts } from '../../src/reconciler/obey.ts';
import type { Housekeeping, Registry } from '../../src/reconciler/ports.ts';
import { readable } from '../../src/reconciler/view.ts';
import { config, manifest, memory, record } from './world.ts';

const gc: Wish = { verb: 'gc' };
const forget: Wish = { verb: 'forget', recipe: 'app' };
const rebuild: Wish = { verb: 'rebuild', recipe: 'app', generation: 1, at: '2026-06-17T06:55:32.000Z' };

function world(wishes: readonly Wish[], housekeeping: Partial<Housekeeping> = {}) {
  const pending = wishes.map((wish, index): OperatorRequest => ({ id: `${index}`, wish }));
  const answers: Answer[] = [];
  const done: string[] = [];
  const registry: Partial<Registry> = {
    record: async () => readable(record('1.0.0+1.0', 1)),
    memory: async () => readable(memory()),
  };
  const others = manifest({ name: 'other' });
  const ports: ObeyPorts = {
    desk: { pending: async () => pending, answer: async (_, answer) => void answers.push(answer) },
    housekeeping: {
      collect: async () => void done.push('collect'),
      forget: async (recipe) => void done.push(`forget ${recipe}`),
      ...housekeeping,
    },
    registry: registry as Registry,
    memory: { remember: async (recipe) => void done.push(`remember ${recipe}`) },
    fleet: {
      load: async () => ({
        manifests: [others],
        invalid: [],
        config: readable(config()),
        configFile: null,
        memory: null,
        problems: [],
      }),
    },
  };
  return { ports, answers, done };
}

describe('requests', () => {
  it('are obeyed in their order, and each is answered', async () => {
    const { ports, answers, done } = world([rebuild, forget, gc]);
    expect(await obeyRequests(ports)).toBe(true);
    expect(done).toEqual(['remember app', 'forget app', 'collect']);
    expect(answers.map(({ obeyed }) => obeyed)).toEqual([true, true, true]);
  });

  it('are nothing to speak of where there are none', async () => {
    expect(await obeyRequests(world([]).ports)).toBe(false);
  });

  it('that fail are answered with what failed, and hold up no other', async () => {
    const full = async () => Promise.reject(new Error('no space left on device'));
    const { ports, answers, done } = world([forget, gc], { forget: full });
    await obeyRequests(ports);
    expect(answers[0]).toEqual({ obeyed: false, message: 'could not forget app: no space left on device' });
    expect(done).toEqual(['collect']);
  });

  it('are not answered once the lease is lost', async () => {
    const lost = async () => Promise.reject(new Fenced('taken over'));
    const { ports, answers } = world([gc, forget], { collect: lost });
    await expect(obeyRequests(ports)).rejects.toThrow(Fenced);
    expect(answers).toEqual([]);
  });
});
