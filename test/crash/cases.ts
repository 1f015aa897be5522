/**
 * Every fault point of every scenario as cases: killed right there, or failing right there. A case passes if the
 * known-good is intact at that instant, and one more pass, without a fault, ends in the state in which a pass that met
 * no fault ends, with nothing left over.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { runWith, type Fault } from '../faults/plan.ts';
import { endState } from './end-state.ts';
import { prepare, type Scenario } from './scenarios.ts';

export interface Prepared {
  scenario: Scenario;
  fleet: Fleet;
  /** How often each point is passed by a pass that meets no fault. */
  points: ReadonlyMap<string, number>;
  /** Where such a pass ends. */
  reference: Awaited<ReturnType<typeof endState>>;
}

export async function prepareCases(scenario: Scenario): Promise<Prepared> {
  const fleet = await prepare(scenario);
  const unharmed = async (copy: Fleet): Promise<Prepared> => {
    const { outcome, points } = await runWith(copy, null);
    expect(scenario.exitCodes, outcome.stderr).toContain(outcome.code);
    const reference = await endState(copy, outcome, scenario.ground);
    return { scenario, fleet, points: counted(points), reference };
  };
  return await onCopy({ scenario, fleet }, unharmed);
}

/** With whatever of it lies outside of its folder. */
export async function dispose({ scenario, fleet }: Prepared): Promise<void> {
  await scenario.ground.forget(fleet);
  await fleet.dispose();
}

/**
 * The lease is renewed, processes are told to end, and what an engine has not yet removed is asked for again, at moments
 * that nobody chose: these points may be missed.
 */
export const isFleeting = (point: string): boolean =>
  /^lease:|: signal |: run docker (rm|exec|container rm|stack rm)$/.test(point);

/** Questions to an engine, which change nothing: killed at one is killed after the effect before it. */
const isQuestion = (point: string): boolean =>
  /: run docker (\w+ (ls|ps|inspect|logs)|inspect \w+|info|version)$/.test(point);

/** What others can see from then on; everything else only prepares it. */
const isCommitting = (point: string): boolean =>
  /: (run|rename|rm) /.test(point) && !isFleeting(point) && !isQuestion(point);

/** The first time that a point is passed; of what others can see also the last one. */
function occurrencesOf(point: string, count: number): number[] {
  return count > 1 && isCommitting(point) ? [1, count] : [1];
}

export function kills({ points }: Prepared): Fault[] {
  return [...points].flatMap(([point, count]) =>
    occurrencesOf(point, count).flatMap((occurrence) =>
      momentsOf(point).map((when): Fault => ({ point, occurrence, when, act: 'kill' })),
    ),
  );
}

/**
 * One effect comes after the other: so killed before one is killed after the one before it, and only of what others
 * can see is "after" a case of its own.
 */
export function momentsOf(point: string): Fault['when'][] {
  if (isQuestion(point)) return [];
  const moments: Fault['when'][] = ['before'];
  if (/: (run|writeFile|rm) /.test(point)) moments.push('during');
  if (isCommitting(point)) moments.push('after');
  return moments;
}

const ERRORS = ['ENOSPC', 'EACCES', 'EIO'] as const;
const FAILURES = ['fail', 'hang', 'half', 'killed', 'missing'] as const;

/** `turn`: with which error of the system to begin, so that over the scenarios every point meets every one. */
export function failures({ points }: Prepared, turn: number): Fault[] {
  return [...points.keys()].flatMap((point, index): Fault[] => {
    // How an app, a check or a provide command ends is the recipe's own.
    if (/: run (?!git|cp|sync|docker)/.test(point)) return [];
    if (point.includes(': run '))
      return FAILURES.map((act) => ({ point, occurrence: 1, when: 'before', act }));
    if (point.includes(': signal ')) return [];
    const act = ERRORS[(index + turn) % ERRORS.length] ?? 'EIO';
    // An app may take the rights to its own folders away: removing them gives these back and tries again.
    const heals = act === 'EACCES' && point.includes(': rm ');
    return [{ point, occurrence: 1, when: 'during', act: heals ? 'EIO' : act }];
  });
}

export type Ending = 'passed' | 'not reached';

export async function killed(prepared: Prepared, fault: Fault): Promise<Ending> {
  return await onCopy(prepared, async (fleet) => {
    const { outcome } = await runWith(fleet, fault);
    if (outcome.signal !== 'SIGKILL') return missed(fault, outcome);
    await expectKnownGood(prepared, fleet);
    await recovers(prepared, fleet);
    return 'passed';
  });
}

/** Killed, and killed again by what the next start does about it. */
export async function killedTwice(prepared: Prepared, first: Fault, second: Fault): Promise<Ending> {
  return await onCopy(prepared, async (fleet) => {
    expect((await runWith(fleet, first)).outcome.signal).toBe('SIGKILL');
    const { outcome } = await runWith(fleet, second);
    if (outcome.signal !== 'SIGKILL') return missed(second, outcome);
    await expectKnownGood(prepared, fleet);
    await recovers(prepared, fleet);
    return 'passed';
  });
}

/** What others can see of a start that has a killed predecessor to clean up after. */
export async function recoveryPoints(prepared: Prepared, first: Fault): Promise<string[]> {
  return await onCopy(prepared, async (fleet) => {
    expect((await runWith(fleet, first)).outcome.signal).toBe('SIGKILL');
    const { points } = await runWith(fleet, null);
    return [...new Set(points.filter((point) => point.startsWith('start: ') && isCommitting(point)))];
  });
}

const CAUSES: Record<string, RegExp> = {
  fail: /injected failure|cp ended with|could not force/,
  hang: /did not answer within|did not end within|no answer within/,
  half: /./,
  killed: /exit code null|ended (with|by) (signal )?(SIGKILL|null)|could not force/,
  missing: /command not found|ENOENT/,
};

export async function failed(prepared: Prepared, fault: Fault): Promise<Ending> {
  return await onCopy(prepared, async (fleet) => {
    const before = await trialsOf(fleet);
    const { outcome, reached } = await runWith(fleet, fault);
    if (!reached) return missed(fault, outcome);
    expect(outcome.signal).toBeNull();
    await expectKnownGood(prepared, fleet);
    const trials = (await trialsOf(fleet)).slice(before.length);
    const right = prepared.scenario.red ? ['red', 'infra', null] : ['green', 'infra', null];
    for (const { verdict, message } of trials) expect(right, message ?? '').toContain(verdict);
    const said = `${outcome.stdout}${outcome.stderr}${JSON.stringify(trials)}${await logsOf(fleet)}`;
    expect(said).toMatch(CAUSES[fault.act] ?? new RegExp(fault.act));
    await recovers(prepared, fleet);
    return 'passed';
  });
}

async function recovers({ scenario, reference }: Prepared, fleet: Fleet): Promise<void> {
  const next = await fleet.reconcile(['--once', '--json', '--retry-failed'], { timeoutMs: 200_000 });
  const rows = (next.json?.recipes ?? []).map(
    ({ recipe, reason, message }) => `${recipe}: ${reason}: ${message}`,
  );
  expect(scenario.exitCodes, [...rows, next.stderr].join('\n')).toContain(next.code);
  await scenario.ground.expectSound(fleet);
  expect(await endState(fleet, next, scenario.ground)).toEqual(reference);
}

async function expectKnownGood({ scenario }: Prepared, fleet: Fleet): Promise<void> {
  expect(await scenario.ground.knownGoodFaults(fleet, scenario.damaged)).toEqual([]);
}

async function onCopy<T>(
  { scenario, fleet }: Pick<Prepared, 'scenario' | 'fleet'>,
  work: (copy: Fleet) => Promise<T>,
): Promise<T> {
  const copy = await Fleet.copyOf(fleet);
  try {
    return await work(copy);
  } finally {
    await scenario.ground.forget(copy, fleet);
    await copy.dispose();
  }
}

function missed(fault: Fault, outcome: Outcome): Ending {
  if (isFleeting(fault.point)) return 'not reached';
  throw new Error(`${fault.point} was not reached: exit ${outcome.code}\n${outcome.stderr}`);
}

interface StoredTrial {
  recipe: string;
  verdict: string | null;
  message: string | null;
  generation: number;
}

/** Oldest first. */
async function trialsOf(fleet: Fleet): Promise<StoredTrial[]> {
  const trials: StoredTrial[] = [];
  for (const recipe of (await readdir(fleet.state)).filter((name) => !name.startsWith('.')).toSorted()) {
    const folder = join(fleet.state, recipe, 'trials');
    const found = (await readdir(folder).catch(() => [])).map(async (id) => {
      const text = await readFile(join(folder, id, 'trial.json'), 'utf8').catch(() => 'null');
      return JSON.parse(text) as StoredTrial | null;
    });
    const stored = (await Promise.all(found)).filter((trial) => trial !== null);
    trials.push(...stored.toSorted((a, b) => a.generation - b.generation));
  }
  return trials;
}

async function logsOf(fleet: Fleet): Promise<string> {
  const entries = await readdir(fleet.state, { recursive: true, withFileTypes: true });
  const logs = entries.filter(
    (entry) => entry.isFile() && /\/trials\/.*\.log$/.test(join(entry.parentPath, entry.name)),
  );
  return (await Promise.all(logs.map((log) => readFile(join(log.parentPath, log.name), 'utf8')))).join('');
}

function counted(points: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
  return counts;
}
