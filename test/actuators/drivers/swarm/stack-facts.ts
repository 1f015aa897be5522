/** What an engine may say of a service and of its tasks: a healthy one, where nothing else is given. */
import type { ServiceFacts, TaskFacts } from '../../../../src/actuators/drivers/swarm/facts.ts';

export const service = (over: Partial<ServiceFacts> = {}): ServiceFacts => ({
  id: 's',
  name: 'app',
  mode: { kind: 'replicated', replicas: 1 },
  update: null,
  restart: 'any',
  maxAttempts: null,
  monitorMs: 0,
  constraints: [],
  hostPorts: [],
  spec: 'now',
  labels: {},
  ...over,
});

let made = 0;
/** Each is newer than the one before. */
export const task = (over: Partial<TaskFacts> = {}): TaskFacts => ({
  id: `t${++made}`,
  service: 's',
  slot: '1',
  desired: 'running',
  state: 'running',
  error: '',
  exitCode: null,
  container: null,
  createdAt: new Date(made * 1000).toISOString(),
  spec: 'now',
  ...over,
});

export const failed = { state: 'failed', desired: 'shutdown', error: 'task: non-zero exit (3)', exitCode: 3 };
export const ended = { state: 'complete', desired: 'shutdown', exitCode: 0 };
export const paused = {
  state: 'paused',
  message: 'update paused due to failure or early termination of task t1',
};
