/** Has a stack converged? A table of what an engine may say of it. */
import { describe, expect, it } from 'vitest';
import { judgeStack } from '../../../../src/actuators/drivers/swarm/convergence.ts';
import type { ServiceFacts, TaskFacts } from '../../../../src/actuators/drivers/swarm/facts.ts';
import { ended, failed, paused, service, task } from './stack-facts.ts';

const NO_NODE = [
  task({ state: 'pending', error: 'no suitable node (scheduling constraints not satisfied on 1 node)' }),
];
const judge = (one: ServiceFacts, ...tasks: TaskFacts[]) => judgeStack({ services: [one], tasks });

describe('a stack has converged', () => {
  it.each<[string, ServiceFacts, TaskFacts[]]>([
    ['where each place has a running task', service(), [task()]],
    ['whatever failed before', service(), [task(failed), task()]],
    ['after an update that completed', service({ update: { state: 'completed', message: '' } }), [task()]],
    ['where no replicas are wanted', service({ mode: { kind: 'replicated', replicas: 0 } }), []],
    ['on every node', service({ mode: { kind: 'global' } }), [task({ slot: 'a' }), task({ slot: 'b' })]],
    ['where a job is complete', service({ mode: { kind: 'job', total: 1 } }), [task({ state: 'complete' })]],
    [
      'where what runs once ended well',
      service({ restart: 'none' }),
      [task({ state: 'complete', desired: 'shutdown' })],
    ],
    [
      'where what is restarted on failure ended well',
      service({ restart: 'on-failure' }),
      [task({ state: 'complete' })],
    ],
    [
      'where what is restarted whenever it ends was as often as it may be, and ended well',
      service({ maxAttempts: 1 }),
      [task(failed), task(ended)],
    ],
    ['where it runs after it ended well twice', service(), [task(ended), task(ended), task()]],
    [
      'though the update of what runs once was paused as it ended well',
      service({ restart: 'none', update: paused }),
      [task({ ...ended, spec: 'before' }), task(ended)],
    ],
    [
      'though the update of what is restarted on failure was paused as it ended well, in every place',
      service({ restart: 'on-failure', update: paused, mode: { kind: 'replicated', replicas: 2 } }),
      [task(ended), task({ ...ended, slot: '2' })],
    ],
  ])('%s', (_what, one, tasks) => {
    expect(judge(one, ...tasks)).toEqual({ kind: 'converged' });
  });
});

describe('a stack is waited for', () => {
  it.each<[string, ServiceFacts, TaskFacts[], string, string | null]>([
    ['while a task starts', service(), [task({ state: 'starting' })], '0 of 1 tasks', null],
    ['while nothing is there yet', service(), [], '0 of 1 tasks yet', null],
    [
      'while it is updated',
      service({ update: { state: 'updating', message: '' } }),
      [task()],
      'is being updated',
      null,
    ],
    ['while only tasks of what it was run', service(), [task({ spec: 'before' })], '0 of 1', null],
    [
      'while a task of what it was has not gone',
      service(),
      [task({ spec: 'before', desired: 'shutdown' }), task()],
      'of what it was before',
      null,
    ],
    [
      'while tasks fail and start again',
      service(),
      [task(failed), task({ state: 'starting' })],
      '0 of 1',
      'app-exited',
    ],
    [
      'while what must not end ended',
      service(),
      [task({ state: 'complete', desired: 'shutdown' })],
      '0 of 1',
      null,
    ],
    [
      'while a global service has no task yet, and no constraint but ours',
      service({ mode: { kind: 'global' }, constraints: ['node.id == n'] }),
      [],
      '0 of 1 tasks yet',
      null,
    ],
    [
      'while what must not end ends again and again',
      service({ maxAttempts: 5 }),
      [task(ended), task(ended), task({ state: 'ready' })],
      '0 of 1',
      'app-exited',
    ],
    [
      'while each of two has ended once',
      service({ mode: { kind: 'replicated', replicas: 2 } }),
      [task(ended), task({ ...ended, slot: '2' })],
      '0 of 2',
      null,
    ],
    [
      'while one of two places was not yet tried as often as it may be',
      service({ maxAttempts: 1, mode: { kind: 'replicated', replicas: 2 } }),
      [task(ended), task(ended), task({ ...ended, slot: '2' })],
      '1 of 2',
      null,
    ],
    [
      'while its health check fails',
      service(),
      [
        task({
          ...failed,
          error: 'task: non-zero exit (137): dockerexec: unhealthy container',
          exitCode: 137,
        }),
      ],
      '0 of 1',
      'app-unhealthy',
    ],
    ['while no node fits', service(), NO_NODE, '0 of 1', 'unschedulable'],
    [
      'while one of two that run once has yet to end after the pause',
      service({ restart: 'none', update: paused, mode: { kind: 'replicated', replicas: 2 } }),
      [task(ended), task({ slot: '2', state: 'starting' })],
      '1 of 2',
      null,
    ],
    [
      'while it is stuck before its start',
      service(),
      [task({ state: 'new' })],
      '0 of 1',
      'task-not-allocated',
    ],
    [
      'while an image is not found for the first time',
      service(),
      [task({ state: 'rejected', error: 'No such image: a:1' })],
      '0 of 1',
      'image-missing',
    ],
  ])('%s', (_what, one, tasks, why, suspect) => {
    const judgement = judge(one, ...tasks);
    expect(judgement).toMatchObject({ kind: 'waiting', why: expect.stringContaining(why) as string });
    expect(judgement.kind === 'waiting' ? (judgement.suspect?.reason ?? null) : 'not waiting').toBe(suspect);
  });

  it('says of what ends well again and again that it does', () => {
    expect(judge(service(), task(ended), task(ended), task({ state: 'starting' }))).toMatchObject({
      suspect: { verdict: 'red', why: 'ended with exit code 0, and is started again and again' },
    });
  });

  it.each([
    [
      'of a service with replicas',
      service({ constraints: ['node.labels.gpu == true', 'node.id == n'] }),
      NO_NODE,
    ],
    [
      'of a global one, which gets no task',
      service({ mode: { kind: 'global' }, constraints: ['node.labels.gpu == true', 'node.id == n'] }),
      [],
    ],
  ])('names the constraints that no node fits, %s', (_what, one, tasks) => {
    expect(judge(one, ...tasks)).toMatchObject({
      suspect: {
        verdict: 'red',
        reason: 'unschedulable',
        why: expect.stringContaining('node.labels.gpu == true') as string,
      },
    });
  });

  it('tells what no node has room for from what no node may take', () => {
    const pending = task({ state: 'pending', error: 'no suitable node (insufficient resources on 1 node)' });
    expect(judge(service(), pending)).toMatchObject({ suspect: { verdict: 'infra' } });
  });

  it('tells a port of the node that another has from one that the service itself has', () => {
    const one = service({ hostPorts: ['2223/tcp'] });
    const error = 'no suitable node (host-mode port already in use on 1 node)';
    const pending = task({ state: 'pending', error });
    expect(judge(one, pending)).toMatchObject({
      suspect: { verdict: 'infra', reason: 'port-taken', why: expect.stringContaining('2223/tcp') as string },
    });
    expect(judge(one, task({ spec: 'before' }), pending)).toMatchObject({
      suspect: { verdict: 'red', reason: 'unschedulable' },
    });
  });

  it('is not one without services', () => {
    expect(judgeStack({ services: [], tasks: [] })).toMatchObject({ kind: 'waiting' });
  });
});

describe('a stack has failed at once', () => {
  const rejected = { state: 'rejected', desired: 'shutdown', error: 'No such image: a:1' };
  it.each<[string, ServiceFacts, TaskFacts[], string, string]>([
    [
      'where it was rolled back, though it runs',
      service({ update: { state: 'rollback_completed', message: 'rollback completed' } }),
      [task({ ...failed, spec: 'tried' }), task()],
      'rolled-back',
      'ended with exit code 3',
    ],
    [
      'while it is rolled back',
      service({ update: { state: 'rollback_started', message: '' } }),
      [task()],
      'rolled-back',
      'it was rolled back',
    ],
    [
      'where its update was paused',
      service({ update: { state: 'paused', message: 'update paused' } }),
      [task()],
      'update-paused',
      'update paused',
    ],
    [
      'where the update of what runs once was paused as it failed',
      service({ restart: 'on-failure', update: paused }),
      [task(failed), task(ended)],
      'update-paused',
      'ended with exit code 3',
    ],
    [
      'where the update of what runs once was paused before it came to every place',
      service({ restart: 'none', update: paused, mode: { kind: 'replicated', replicas: 2 } }),
      [task(ended), task({ ...ended, slot: '2', spec: 'before' })],
      'update-paused',
      'update_config.failure_action: continue',
    ],
    [
      'where the update was paused with a task of what it was before left',
      service({ restart: 'none', update: paused }),
      [task({ spec: 'before', slot: '2' }), task(ended)],
      'update-paused',
      'early termination',
    ],
    [
      'where what is never to end ended during its update',
      service({ update: paused }),
      [task(ended)],
      'update-paused',
      'early termination',
    ],
    [
      'where what runs once was rolled back as it ended well',
      service({ restart: 'none', update: { state: 'rollback_completed', message: 'rolled back' } }),
      [task({ ...ended, spec: 'tried' }), task(ended)],
      'rolled-back',
      'update_config.failure_action: continue',
    ],
    [
      'where what runs once failed',
      service({ restart: 'none' }),
      [task(failed)],
      'app-exited',
      'exit code 3',
    ],
    [
      'where it was tried as often as it may be',
      service({ restart: 'on-failure', maxAttempts: 1 }),
      [task(failed), task(failed)],
      'app-exited',
      'exit code 3',
    ],
    [
      'where its image is not found again and again',
      service(),
      [task(rejected), task(rejected), task(rejected)],
      'image-missing',
      'No such image: a:1',
    ],
  ])('%s', (_what, one, tasks, reason, why) => {
    const judgement = judge(one, ...tasks);
    expect(judgement).toMatchObject({ kind: 'failed', trouble: { verdict: 'red', reason, service: 'app' } });
    expect(judgement.kind === 'failed' ? judgement.trouble.why : '').toContain(why);
  });

  it('whatever else is well', () => {
    const bad = service({ id: 'b', name: 'db', restart: 'none' });
    const facts = { services: [service(), bad], tasks: [task(), task({ ...failed, service: 'b' })] };
    expect(judgeStack(facts)).toMatchObject({ kind: 'failed', trouble: { service: 'db' } });
  });
});
