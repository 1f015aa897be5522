/**
 * Has a stack truly converged? Decided from what the engine says of its services and tasks at one moment, and nothing
 * else: neither an exit code of a deploy nor a count of replicas says so.
 *
 * A service has converged when no update of it is under way, was paused or rolled back, and every place of it is taken by
 * a running task of what the service now is, with none of an earlier one still there. One that runs to its end has when
 * it ended well. While that is not so, a service is waited for, and may be under suspicion: the worst that is known of it
 * is what the deadline will say. Only what no waiting can mend fails at once.
 */
import type { ServiceFacts, StackFacts, TaskFacts } from './facts.ts';

/** The worst that is known of a service. */
export interface Trouble {
  verdict: 'red' | 'timeout' | 'infra';
  reason: string;
  service: string;
  why: string;
  /** Whose last words say more. */
  task: string | null;
}

export type Judgement =
  | { kind: 'converged' }
  | { kind: 'waiting'; why: string; suspect: Trouble | null }
  | { kind: 'failed'; trouble: Trouble };

const ROLLED_BACK = ['rollback_started', 'rollback_completed', 'rollback_paused'];
const LIVE = ['new', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting', 'running'];
const BROKEN = ['failed', 'rejected', 'orphaned'];

/** What to do about a rollback, or an update that stopped half-way, of what runs once, where nothing failed. */
const ENDED_WELL =
  'what runs once ends before the engine counts it as updated; `update_config.failure_action: continue` lets it';

/** An image that is not there now and again now is not about to be. */
const REJECTIONS = 3;

export function judgeStack({ services, tasks }: StackFacts): Judgement {
  if (services.length === 0) return { kind: 'waiting', why: 'it has no service', suspect: null };
  const judgements = services.map((service) =>
    judgeService(
      service,
      tasks.filter((task) => task.service === service.id),
    ),
  );
  const failed = judgements.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) return failed;
  const waiting = judgements.filter((each) => each.kind === 'waiting');
  const [first] = waiting;
  if (first === undefined) return { kind: 'converged' };
  const suspect = waiting.find((each) => each.suspect !== null)?.suspect ?? null;
  return { kind: 'waiting', why: waiting.map(({ why }) => why).join('; '), suspect };
}

function judgeService(service: ServiceFacts, tasks: readonly TaskFacts[]): Judgement {
  const { name, update } = service;
  const current = tasks.filter(({ spec }) => spec === service.spec);
  const newest = newestOfEachSlot(current);
  const broken = newestFirst(current.filter(({ state }) => BROKEN.includes(state)));
  const suspect =
    broken[0] === undefined
      ? (whyStartedAgain(service, current) ?? stuck(service, newest, tasks))
      : whyBroken(name, broken[0]);
  if (update !== null && isTurnedBack(service, update.state, tasks)) {
    return { kind: 'failed', trouble: whyTurnedBack(service, tasks, update) };
  }
  if (suspect !== null && isPastMending(service, newest, broken)) return { kind: 'failed', trouble: suspect };
  const waiting = (why: string): Judgement => ({ kind: 'waiting', why: `service ${name} ${why}`, suspect });
  if (update?.state === 'updating') return waiting('is being updated');
  const finished = newest.filter((task) => hasFinished(service, task, current)).length;
  const running = newest.filter(({ state, desired }) => state === 'running' && desired === 'running').length;
  const wanted = placesOf(service, newest);
  if (running + finished < wanted || wanted === 0) {
    return isEmptyByIntent(service)
      ? settled(tasks, [], waiting)
      : waiting(`has ${running + finished} of ${Math.max(wanted, 1)} tasks ${statesOf(newest)}`);
  }
  return settled(tasks, current, waiting);
}

/**
 * The engine takes the end of what runs once for a failure of its update, however well it ended, and pauses. That alone
 * condemns nothing where the update had come to every place. A rollback does: what runs then is not the release.
 */
function isTurnedBack(service: ServiceFacts, state: string, tasks: readonly TaskFacts[]): boolean {
  if (ROLLED_BACK.includes(state)) return true;
  if (state !== 'paused') return false;
  const current = tasks.filter(({ spec }) => spec === service.spec);
  const newest = newestOfEachSlot(current);
  const isLeftBehind = tasks.some(
    (task) => !current.includes(task) && task.desired === 'running' && LIVE.includes(task.state),
  );
  const endedWell =
    newest.some((task) => hasFinished(service, task, current)) &&
    newest.length >= placesOf(service, newest) &&
    !current.some((task) => BROKEN.includes(task.state));
  return !endedWell || isLeftBehind;
}

/** What is of an earlier deployment must be gone, too. */
function settled(
  tasks: readonly TaskFacts[],
  current: readonly TaskFacts[],
  waiting: (why: string) => Judgement,
): Judgement {
  const older = tasks.filter((task) => !current.includes(task) && LIVE.includes(task.state));
  return older.length === 0 ? { kind: 'converged' } : waiting('still has a task of what it was before');
}

function isEmptyByIntent({ mode }: ServiceFacts): boolean {
  return mode.kind === 'replicated' && mode.replicas === 0;
}

function placesOf({ mode }: ServiceFacts, newest: readonly TaskFacts[]): number {
  if (mode.kind === 'global') return newest.length;
  return mode.kind === 'job' ? mode.total : mode.replicas;
}

/** Ended well, and nobody is about to start it again. */
function hasFinished(service: ServiceFacts, task: TaskFacts, current: readonly TaskFacts[]): boolean {
  if (task.state !== 'complete') return false;
  return service.mode.kind === 'job' || service.restart !== 'any' || isUsedUp(service, task.slot, current);
}

/** Was what is restarted whenever it ends started as often as it may be? */
function isUsedUp({ maxAttempts }: ServiceFacts, slot: string, current: readonly TaskFacts[]): boolean {
  const ended = current.filter((task) => task.slot === slot && [...BROKEN, 'complete'].includes(task.state));
  return maxAttempts !== null && ended.length > maxAttempts;
}

function isPastMending(
  { restart, maxAttempts }: ServiceFacts,
  newest: readonly TaskFacts[],
  broken: readonly TaskFacts[],
): boolean {
  const rejected = broken.filter(({ state }) => state === 'rejected');
  if (rejected.length >= REJECTIONS) return true;
  return newest.some(({ state, slot }) => {
    const failures = broken.filter((task) => task.slot === slot).length;
    const isLast = restart === 'none' || (maxAttempts !== null && failures > maxAttempts);
    return BROKEN.includes(state) && isLast;
  });
}

/** A rollback hides what went wrong behind what went well before: the newest failure of all tells. */
function whyTurnedBack(
  { name, restart }: ServiceFacts,
  tasks: readonly TaskFacts[],
  { state, message }: { state: string; message: string },
): Trouble {
  const [worst] = newestFirst(tasks.filter((task) => BROKEN.includes(task.state)));
  const endedWell = restart === 'any' ? '' : `: ${ENDED_WELL}`;
  const cause = worst === undefined ? endedWell : `: ${howItEnded(worst)}`;
  const paused = state === 'paused';
  return {
    verdict: 'red',
    reason: paused ? 'update-paused' : 'rolled-back',
    service: name,
    why: `${paused ? 'its update was paused' : 'it was rolled back'} (${message})${cause}`,
    task: worst?.id ?? null,
  };
}

function whyBroken(service: string, task: TaskFacts): Trouble {
  const trouble = { service, task: task.id, why: howItEnded(task) };
  if (/no such image|pull access denied|manifest unknown|image.*not found/i.test(task.error)) {
    return { ...trouble, verdict: 'red', reason: 'image-missing', task: null };
  }
  if (task.state === 'rejected') return { ...trouble, verdict: 'red', reason: 'task-rejected' };
  if (task.state === 'orphaned') return { ...trouble, verdict: 'infra', reason: 'node-lost' };
  const reason = /unhealthy/i.test(task.error) ? 'app-unhealthy' : 'app-exited';
  return { ...trouble, verdict: 'red', reason };
}

/** Once may be a start that takes two; what goes on ending is no service, however well it ends. */
function whyStartedAgain(service: ServiceFacts, current: readonly TaskFacts[]): Trouble | null {
  if (service.restart !== 'any' || service.mode.kind === 'job') return null;
  const ended = newestFirst(
    current.filter(({ state, slot }) => state === 'complete' && !isUsedUp(service, slot, current)),
  );
  const [last] = ended.filter(({ id, slot }) => ended.some((task) => task.slot === slot && task.id !== id));
  if (last === undefined) return null;
  const why = 'ended with exit code 0, and is started again and again';
  return { verdict: 'red', reason: 'app-exited', service: service.name, why, task: last.id };
}

/** Nothing failed, and yet nothing happens: what the engine says of that, where it does. */
function stuck(
  service: ServiceFacts,
  newest: readonly TaskFacts[],
  tasks: readonly TaskFacts[],
): Trouble | null {
  const pending = newest.find(({ state, error }) => state === 'pending' && error !== '');
  if (pending !== undefined) return whyNotPlaced(service, pending, tasks);
  if (service.mode.kind === 'global' && newest.length === 0 && hasOwnConstraints(service)) {
    return whyNowhere(service);
  }
  const unborn = newest.find(({ state }) => state === 'new');
  if (unborn === undefined) return null;
  const why = 'the Swarm has not begun with its task: an address or a port that it needs may be taken';
  return { verdict: 'infra', reason: 'task-not-allocated', service: service.name, why, task: null };
}

/** Constraints are the recipe's own, and so is a port that its own task has; what a node lacks, or another has, is not. */
function whyNotPlaced(
  { name, hostPorts, constraints }: ServiceFacts,
  { error }: TaskFacts,
  tasks: readonly TaskFacts[],
): Trouble {
  const trouble = { service: name, task: null, why: `it cannot be placed on any node: ${error}` };
  if (/host-mode port/i.test(error)) {
    const ports = `of the node's ports that it publishes (${hostPorts.join(', ')}) one is taken`;
    return tasks.some(({ state }) => state === 'running')
      ? {
          ...trouble,
          verdict: 'red',
          reason: 'unschedulable',
          why: `${ports} by a task of its own: ${error}`,
        }
      : { ...trouble, verdict: 'infra', reason: 'port-taken', why: `${ports} by another service: ${error}` };
  }
  if (/insufficient|not ready|not available|drain/i.test(error)) {
    return { ...trouble, verdict: 'infra', reason: 'unschedulable' };
  }
  const why = `${trouble.why} (constraints: ${constraints.join(', ')})`;
  return { ...trouble, verdict: 'red', reason: 'unschedulable', why };
}

/** One is ours: a node that does not fit that either is not the recipe's fault. */
function hasOwnConstraints({ constraints }: ServiceFacts): boolean {
  return constraints.length > 1;
}

/** Of a global service the engine makes tasks for nodes that fit, and says nothing where none does. */
function whyNowhere({ name, constraints }: ServiceFacts): Trouble {
  const why = `it has no task, since no node fits its constraints: ${constraints.join(', ')}`;
  return { verdict: 'red', reason: 'unschedulable', service: name, why, task: null };
}

function howItEnded({ error, exitCode, state }: TaskFacts): string {
  const code = exitCode === null || exitCode === 0 ? '' : `exit code ${exitCode}`;
  const words = error === '' ? `its task ${state}` : error;
  return code === '' ? words : `ended with ${code} (${words})`;
}

function statesOf(newest: readonly TaskFacts[]): string {
  const states = [...new Set(newest.map(({ state }) => state))];
  return states.length === 0 ? 'yet' : `where they should be (${states.join(', ')})`;
}

function newestOfEachSlot(tasks: readonly TaskFacts[]): TaskFacts[] {
  const newest = new Map<string, TaskFacts>();
  for (const task of newestFirst(tasks)) if (!newest.has(task.slot)) newest.set(task.slot, task);
  return [...newest.values()];
}

function newestFirst(tasks: readonly TaskFacts[]): TaskFacts[] {
  return tasks.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}
