/** What the engine says of a stack's services and tasks, as far as it takes to judge them. */
import { z } from 'zod';
import type { Call, Engine } from './engine.ts';
import { NAMESPACE } from './names.ts';

type Mode =
  | { kind: 'replicated'; replicas: number }
  | { kind: 'global' }
  /** Runs to its end, so many times. */
  | { kind: 'job'; total: number };

export interface ServiceFacts {
  id: string;
  /** As its recipe calls it. */
  name: string;
  mode: Mode;
  update: { state: string; message: string } | null;
  restart: 'any' | 'on-failure' | 'none';
  /** Null where it is restarted for ever. */
  maxAttempts: number | null;
  /** For so long the engine watches a task after it started, before it counts as updated. */
  monitorMs: number;
  /** Of its placement, ours that pins it to the node among them. */
  constraints: readonly string[];
  /** Published on the node itself, as `port/protocol`. */
  hostPorts: readonly string[];
  /** What its tasks are to be, comparable with what one is. */
  spec: string;
  labels: Readonly<Record<string, string>>;
}

export interface TaskFacts {
  id: string;
  service: string;
  /** Of a replica its number; of a global service's task its node. */
  slot: string;
  desired: string;
  state: string;
  error: string;
  exitCode: number | null;
  container: string | null;
  createdAt: string;
  spec: string;
}

export interface StackFacts {
  services: readonly ServiceFacts[];
  tasks: readonly TaskFacts[];
}

const texts = z.record(z.string(), z.string()).nullish();
const Template = z.object({
  ContainerSpec: z.record(z.string(), z.unknown()),
  ForceUpdate: z.number().default(0),
  Networks: z.array(z.object({ Target: z.string() })).nullish(),
  Placement: z.object({ Constraints: z.array(z.string()).nullish() }).nullish(),
  RestartPolicy: z
    .object({ Condition: z.string().optional(), MaxAttempts: z.number().optional() })
    .optional(),
});

const Port = z.object({
  PublishMode: z.string().default(''),
  PublishedPort: z.number().default(0),
  Protocol: z.string().default('tcp'),
});

const ServiceAnswer = z.object({
  ID: z.string(),
  Spec: z.object({
    Name: z.string(),
    Labels: texts,
    TaskTemplate: Template,
    Mode: z.object({
      Replicated: z.object({ Replicas: z.number().default(1) }).optional(),
      Global: z.unknown().optional(),
      ReplicatedJob: z.object({ TotalCompletions: z.number().default(1) }).optional(),
      GlobalJob: z.unknown().optional(),
    }),
    EndpointSpec: z.object({ Ports: z.array(Port).nullish() }).optional(),
    UpdateConfig: z.object({ Monitor: z.number().default(0) }).optional(),
  }),
  UpdateStatus: z.object({ State: z.string().default(''), Message: z.string().default('') }).nullish(),
});

const TaskAnswer = z.object({
  ID: z.string(),
  CreatedAt: z.string(),
  ServiceID: z.string(),
  Slot: z.number().optional(),
  NodeID: z.string().optional(),
  DesiredState: z.string(),
  Spec: Template,
  Status: z.object({
    State: z.string(),
    Err: z.string().default(''),
    ContainerStatus: z
      .object({ ContainerID: z.string().default(''), ExitCode: z.number().default(0) })
      .nullish(),
  }),
});

const NANOSECONDS = 1_000_000;

export async function readServices(engine: Engine, stack: string, call: Call): Promise<ServiceFacts[]> {
  const filter = `label=${NAMESPACE}=${stack}`;
  const ids = await engine.lines(['service', 'ls', '-q', '--filter', filter], call);
  const answers = await engine.inspect('service', ids, ServiceAnswer, call);
  return answers.map((answer) => toService(answer, stack)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export async function readStack(engine: Engine, stack: string, call: Call): Promise<StackFacts> {
  const services = await readServices(engine, stack, call);
  if (services.length === 0) return { services, tasks: [] };
  const args = ['service', 'ps', '-q', '--no-trunc', ...services.map(({ id }) => id)];
  const ids = await engine.lines(args, call);
  const answers = await engine.inspect('task', ids, TaskAnswer, call);
  return { services, tasks: answers.map(toTask) };
}

function toService({ ID, Spec, UpdateStatus }: z.infer<typeof ServiceAnswer>, stack: string): ServiceFacts {
  const { TaskTemplate: template } = Spec;
  const { Condition = 'any', MaxAttempts = 0 } = template.RestartPolicy ?? {};
  const state = UpdateStatus?.State ?? '';
  return {
    id: ID,
    name: Spec.Name.startsWith(`${stack}_`) ? Spec.Name.slice(stack.length + 1) : Spec.Name,
    mode: toMode(Spec.Mode),
    update: state === '' ? null : { state, message: UpdateStatus?.Message ?? '' },
    restart: Condition === 'none' || Condition === 'on-failure' ? Condition : 'any',
    maxAttempts: MaxAttempts === 0 ? null : MaxAttempts,
    monitorMs: (Spec.UpdateConfig?.Monitor ?? 0) / NANOSECONDS,
    constraints: template.Placement?.Constraints ?? [],
    hostPorts: (Spec.EndpointSpec?.Ports ?? [])
      .filter(({ PublishMode }) => PublishMode === 'host')
      .map(({ PublishedPort, Protocol }) => `${PublishedPort}/${Protocol}`),
    spec: comparable(template),
    labels: Spec.Labels ?? {},
  };
}

function toMode({
  Replicated,
  ReplicatedJob,
  GlobalJob,
}: z.infer<typeof ServiceAnswer>['Spec']['Mode']): Mode {
  if (Replicated !== undefined) return { kind: 'replicated', replicas: Replicated.Replicas };
  if (ReplicatedJob !== undefined) return { kind: 'job', total: ReplicatedJob.TotalCompletions };
  return GlobalJob === undefined ? { kind: 'global' } : { kind: 'job', total: 1 };
}

function toTask(answer: z.infer<typeof TaskAnswer>): TaskFacts {
  const { Status, Slot = 0, NodeID = '' } = answer;
  const { ContainerStatus: container } = Status;
  const hasContainer = container !== null && container !== undefined && container.ContainerID !== '';
  return {
    id: answer.ID,
    service: answer.ServiceID,
    slot: Slot === 0 ? NodeID : String(Slot),
    desired: answer.DesiredState,
    state: Status.State,
    error: Status.Err,
    exitCode: hasContainer ? container.ExitCode : null,
    container: hasContainer ? container.ContainerID : null,
    createdAt: answer.CreatedAt,
    spec: comparable(answer.Spec),
  };
}

/** In a service's own answer the engine fills in what it does by default; in a task's it does not. */
function comparable({ ContainerSpec, ForceUpdate, Networks }: z.infer<typeof Template>): string {
  const { StopGracePeriod, ...container } = ContainerSpec;
  const grace = StopGracePeriod === DEFAULT_GRACE ? undefined : StopGracePeriod;
  const networks = (Networks ?? []).map(({ Target }) => Target).toSorted();
  return JSON.stringify(withoutEmpty({ ...container, StopGracePeriod: grace, ForceUpdate, networks }));
}

const DEFAULT_GRACE = 10_000 * NANOSECONDS;

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, withoutEmpty(each)] as const)
    .filter(([, each]) => !isEmpty(each));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
