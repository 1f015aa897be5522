/** What is told of a stack that fails: with a program in the place of the docker command that answers what it would. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awaitConverged } from '../../../../src/actuators/drivers/swarm/converge.ts';
import { Engine } from '../../../../src/actuators/drivers/swarm/engine.ts';
import { faultOf } from '../../../suites/driver.ts';
import { bareManifest } from '../process/harness.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const template = { ContainerSpec: { Image: 'a:1' }, RestartPolicy: { Condition: 'none' } };
const service = {
  ID: 'service-id',
  Spec: { Name: 'warm-x-1_app', Labels: {}, TaskTemplate: template, Mode: { Replicated: { Replicas: 1 } } },
};
const task = {
  ID: 'task-id',
  CreatedAt: '2026-06-17T06:55:32Z',
  ServiceID: service.ID,
  Slot: 1,
  DesiredState: 'shutdown',
  Spec: template,
  Status: {
    State: 'failed',
    Err: 'task: non-zero exit (3)',
    ContainerStatus: { ContainerID: 'c', ExitCode: 3 },
  },
};

/** Of a stack whose only task failed, where the engine answers so when asked for the task's own lines. */
async function messageWhere(logsOfTask: string): Promise<string> {
  const script = [
    '#!/bin/sh',
    'case "$*" in',
    '*"service ls"*) echo service-id ;;',
    '*"service ps"*) echo task-id ;;',
    `*"service logs"*task-id) ${logsOfTask} ;;`,
    '*"service logs"*service-id) echo of the service ;;',
    `*inspect*task-id) echo '${JSON.stringify([task])}' ;;`,
    `*inspect*service-id) echo '${JSON.stringify([service])}' ;;`,
    'esac',
  ];
  await writeFile(join(folder, 'docker'), `${script.join('\n')}\n`);
  await chmod(join(folder, 'docker'), 0o755);
  const patient = {
    engine: new Engine(),
    stack: 'warm-x-1',
    title: 'x 1.0.0+1',
    health: bareManifest(null).health,
    deadline: { ms: 10_000, from: 'health.timeout' },
    call: { mark: 'm'.repeat(32), signal: new AbortController().signal },
    ask: () => Promise.reject(new Error('nobody is to be asked')),
  };
  const { message } = await faultOf(awaitConverged(patient));
  return message;
}

describe('a stack whose task failed is told', () => {
  const first = 'x 1.0.0+1: service app: ended with exit code 3 (task: non-zero exit (3))';
  it.each([
    ['with what the task said last', 'echo of the task >&2', '\nthe last that it said:\nof the task'],
    [
      'with what its service said, where the engine has forgotten the task',
      'echo no such task or service: task-id >&2; exit 1',
      '\nthe last that it said:\nof the service',
    ],
    ['as one that said nothing', 'true', '; it said nothing'],
  ])('%s', async (_what, logsOfTask, rest) => {
    expect(await messageWhere(logsOfTask)).toBe(first + rest);
  });
});

describe('a stack whose task ends again and again', () => {
  const again = { ...template, RestartPolicy: { Condition: 'any' } };
  const restarted = { ...service, Spec: { ...service.Spec, TaskTemplate: again } };
  const taskIn = (number: number, state: string): object => ({
    ...task,
    ID: `task-${number}`,
    CreatedAt: new Date(number * 1000).toISOString(),
    DesiredState: state === 'running' ? 'running' : 'shutdown',
    Spec: again,
    Status: { State: state, ContainerStatus: { ContainerID: 'c', ExitCode: 0 } },
  });
  const over = [taskIn(1, 'complete'), taskIn(2, 'complete')];

  it('is red also where the next one happens to run when time is up', async () => {
    // It runs at the first look, has ended at the second, and runs at all that follow.
    const script = [
      '#!/bin/sh',
      'case "$*" in',
      '*"service ls"*) echo service-id ;;',
      `*"service ps"*) echo >> ${folder}/looks; echo task ;;`,
      `*inspect*service-id) echo '${JSON.stringify([restarted])}' ;;`,
      `*inspect*task) if [ "$(wc -l < ${folder}/looks)" = 2 ]; then echo '${JSON.stringify(over)}'`,
      `  else echo '${JSON.stringify([...over, taskIn(3, 'running')])}'; fi ;;`,
      'esac',
    ];
    await writeFile(join(folder, 'docker'), `${script.join('\n')}\n`);
    await chmod(join(folder, 'docker'), 0o755);
    const fault = await faultOf(
      awaitConverged({
        engine: new Engine(),
        stack: 'warm-x-1',
        title: 'x 1.0.0+1',
        health: { ...bareManifest(null).health, stableForMs: 600_000 },
        deadline: { ms: 3000, from: 'health.timeout' },
        call: { mark: 'm'.repeat(32), signal: new AbortController().signal },
        ask: async () => {
          const blame = { verdict: 'red', reason: 'not-asked' } as const;
          return { answer: { kind: 'right' }, at: 'inside', blame: { wrong: blame, none: blame } };
        },
      }),
    );
    expect(fault).toMatchObject({ verdict: 'red', reason: 'app-exited' });
    expect(fault.message).toContain('ended with exit code 0, and is started again and again');
  });
});
