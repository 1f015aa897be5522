/** What is done about what follows: with the queues as they are, on a clock that goes on when it is told to. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Following } from '../../../src/reconciler/controller/following.ts';
import { Handover } from '../../../src/reconciler/controller/handover.ts';
import { Knowledge } from '../../../src/reconciler/controller/knowledge.ts';
import type { LookResult } from '../../../src/reconciler/controller/looks.ts';
import { openQueues, type Queues } from '../../../src/reconciler/controller/queues.ts';
import { decide } from '../../../src/reconciler/decide.ts';
import type { Cause } from '../../../src/reconciler/model.ts';
import { rowOf } from '../../../src/reconciler/report.ts';
import { FakeClock } from '../queue/fake-clock.ts';
import { context, fleet, generation, NOW, record, tag, view } from '../world.ts';

const SILENT = {
  depth: () => undefined,
  added: () => undefined,
  waited: () => undefined,
  worked: () => undefined,
  retried: () => undefined,
};

class WallClock extends FakeClock {
  now(): Date {
    return new Date(NOW.getTime() + this.ms);
  }
}

let clock: WallClock;
let queues: Queues;
let told: Readonly<Record<string, unknown>>[];
let following: Following;

beforeEach(() => {
  clock = new WallClock(() => 0.9);
  queues = openQueues(clock, { recipes: SILENT, trials: SILENT, mirrors: SILENT }, () => []);
  told = [];
  following = new Following({
    clock,
    queues,
    knowledge: new Knowledge({
      context: context(),
      calendar: { nextOpening: () => null },
      lastPass: null,
    }),
    handover: new Handover(),
    isRunning: () => false,
    trouble: ({ fields }) => told.push(fields),
  });
});

const drifted = view({
  tags: [tag('1.0.0+1.0'), tag('1.1.0+1.0')],
  record: record('1.0.0+1.0', 1),
  generations: [generation(1, '1.0.0+1.0')],
});

function look(): LookResult {
  const decision = decide(drifted, fleet([drifted]), context());
  const row = rowOf(decision, drifted, { after: [], acted: null, now: NOW });
  const looked = {
    type: 'looked',
    reconcile: '1',
    row,
    before: row,
    isNews: false,
    unread: [],
    mirrorFailed: false,
  };
  return { view: drifted, decision, told: { ...looked, type: 'looked' }, isRemembered: true };
}

async function failToRecord(): Promise<void> {
  const result = look();
  following.fromLook(result, 'scan');
  const { key } = (await queues.trials.get()) ?? { key: '' };
  following.fromTrial(key, { kind: 'unrecorded', inputs: result.decision.plan?.inputs ?? '', why: 'ENOSPC' });
  queues.trials.done(key);
}

describe('a trial that could not be recorded', () => {
  it.each<[Cause, number]>([
    ['scan', 0],
    ['retry', 0],
    ['release', 0],
    ['edit', 1],
    ['person', 1],
  ])('is, at a look because of a %s, wanted at once by so many: %i', async (cause, wanted) => {
    await failToRecord();
    following.fromLook(look(), cause);
    expect(queues.trials.depth).toBe(wanted);
  });

  it('is wanted again once its delay is over, and says when that is', async () => {
    await failToRecord();
    const { again } = told[0] ?? {};
    clock.advance(Date.parse(String(again)) - clock.now().getTime() - 1);
    expect(queues.trials.depth).toBe(0);
    clock.advance(2);
    expect(queues.trials.depth).toBe(1);
  });

  it('is looked at, and wanted, as soon as something can be stored again', async () => {
    await failToRecord();
    queues.looks.done((await queues.looks.get())?.key ?? '');
    expect(queues.looks.depth).toBe(0);
    following.storedAgain();
    expect(queues.looks.depth).toBe(1);
    following.fromLook(look(), 'retry');
    expect(queues.trials.depth).toBe(1);
  });
});
