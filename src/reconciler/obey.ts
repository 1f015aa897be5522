/**
 * Obeys what people asked for beside whoever acts. Only at safe points, where no trial runs: before a pass looks and
 * after it has served, or by whoever asked, where nobody acts. A running trial is cancelled at once (`pass.ts`).
 *
 * A request stays until it is answered, so one that was cut short is obeyed again: everything in here may be repeated.
 */
import { describe, Fenced } from './errors.ts';
import type { Answer, OperatorRequest, Wish } from './model.ts';
import type { FleetSource, Housekeeping, MemoryWriter, Registry, RequestDesk } from './ports.ts';
import { cancelAnswer, ruleOnCanonical, ruleOnForgetting } from './rulings.ts';

export interface ObeyPorts {
  desk: RequestDesk;
  housekeeping: Housekeeping;
  registry: Registry;
  memory: MemoryWriter;
  fleet: Pick<FleetSource, 'load'>;
}

/** Says whether there was anything. Throws only `Fenced`, or where not even an answer can be given. */
export async function obeyRequests(ports: ObeyPorts): Promise<boolean> {
  const pending = await ports.desk.pending();
  for (const request of pending) await obeyRequest(request, ports);
  return pending.length > 0;
}

export async function obeyRequest(request: OperatorRequest, ports: ObeyPorts): Promise<void> {
  await ports.desk.answer(request, await attempt(request.wish, ports));
}

/** The same for whoever tries again: what could not be done stays asked for, and is thrown. */
export async function obeyOrLeave(request: OperatorRequest, ports: ObeyPorts): Promise<void> {
  await ports.desk.answer(request, await obey(request.wish, ports));
}

async function attempt(wish: Wish, ports: ObeyPorts): Promise<Answer> {
  try {
    return await obey(wish, ports);
  } catch (error) {
    if (error instanceof Fenced) throw error;
    return { obeyed: false, message: `could not ${nameOf(wish)}: ${describe(error)}` };
  }
}

async function obey(wish: Wish, ports: ObeyPorts): Promise<Answer> {
  switch (wish.verb) {
    case 'accept':
    case 'rebuild':
      return await speakOfCanonical(wish, ports);
    case 'cancel':
      return await answerCancel(wish, ports.registry);
    case 'forget':
      return await forget(wish.recipe, ports);
    case 'gc':
      await ports.housekeeping.collect();
      return { obeyed: true, message: 'what nothing names was removed' };
  }
}

async function speakOfCanonical(
  wish: Extract<Wish, { verb: 'accept' | 'rebuild' }>,
  { registry, memory }: ObeyPorts,
): Promise<Answer> {
  const { recipe, verb } = wish;
  const ruling = ruleOnCanonical(wish, await registry.record(recipe), await registry.memory(recipe));
  if (!ruling.allowed) return { obeyed: false, message: ruling.why };
  await memory.remember(recipe, ruling.value);
  const what =
    verb === 'accept'
      ? `${wish.acceptance.reason} of ${recipe} is accepted`
      : `a rebuild of ${recipe} is noted`;
  return { obeyed: true, message: `${what}; the old canonical stays until the new one is promoted` };
}

/** For a trial that does not run here any more, or never did. */
export async function answerCancel(
  wish: Extract<Wish, { verb: 'cancel' }>,
  registry: Registry,
): Promise<Answer> {
  const trials = await registry.trials(wish.recipe);
  if (!trials.readable) return { obeyed: false, message: trials.why };
  return cancelAnswer(wish, trials.value.find(({ id }) => id === wish.trial) ?? null);
}

/** Enrolment is read anew, by whoever obeys: what they see enrolled is not forgotten. */
async function forget(recipe: string, { fleet, registry, housekeeping }: ObeyPorts): Promise<Answer> {
  const ruling = ruleOnForgetting(recipe, await fleet.load(), await registry.record(recipe));
  if (!ruling.allowed) return { obeyed: false, message: ruling.why };
  await housekeeping.forget(recipe);
  return { obeyed: true, message: `${recipe} is forgotten` };
}

function nameOf(wish: Wish): string {
  return wish.verb === 'gc' ? 'remove what is left' : `${wish.verb} ${wish.recipe}`;
}
