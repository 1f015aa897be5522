/**
 * How `accept`, `rebuild`, `cancel`, `forget` and `gc` get what they ask for: by a durable request, which whoever acts
 * obeys. Where nobody acts, whoever asks takes the lease and obeys all that was asked, by the same code.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../composition.ts';
import { printable } from '../printable.ts';
import { CannotRun, describe } from '../reconciler/errors.ts';
import type { Answer, Decision, Wish } from '../reconciler/model.ts';
import { obeyRequests } from '../reconciler/obey.ts';
import type { Holder } from '../state/holder.ts';
import type { Layout } from '../state/layout.ts';
import { currentHolder, LeaseHeld } from '../state/lease.ts';
import { leaveRequest, type LeftRequest } from '../state/requests.ts';
import type { Context, ExitCode } from './context.ts';
import { json } from './text.ts';

export type Response =
  { state: 'obeyed'; message: string } | { state: 'left'; message: string; holder: Holder };

const LOOK_AGAIN_MS = 50;
const UNANSWERED: Answer = { obeyed: false, message: 'the request was not found again where it was left' };

/** Throws `CannotRun` where the request was refused. Whoever is still at work after a while is left to it. */
export async function ask(
  context: Context,
  layout: Layout,
  wish: Wish,
  patienceMs?: number,
): Promise<Response> {
  const settings = await context.settings();
  const end = performance.now() + (patienceMs ?? settings.requestPatienceMs);
  const request = await leave(layout, wish);
  try {
    return await awaitAnswer(context, layout, request, end);
  } catch (error) {
    // Who is told that it failed must not find it done later.
    await request.takeBack();
    if (error instanceof CannotRun) throw error;
    const what = wish.verb === 'gc' ? 'gc' : `${wish.verb} ${wish.recipe}`;
    throw new CannotRun(`could not ${what}: ${describe(error)}`, { cause: error });
  }
}

async function awaitAnswer(
  context: Context,
  layout: Layout,
  request: LeftRequest,
  end: number,
): Promise<Response> {
  const settings = await context.settings();
  let told = false;
  for (;;) {
    const answer = await request.answer();
    if (answer !== null) return await conclude(request, answer);
    const holder = (await currentHolder(layout)) ?? (await obeyOurselves(context, settings));
    if (holder === null) return await conclude(request, (await request.answer()) ?? UNANSWERED);
    if (performance.now() > end || context.stop.aborted)
      return { state: 'left', message: left(holder), holder };
    if (!told) context.err.write(`${printable(`waiting for ${nameOf(holder)}`)}\n`);
    told = true;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Says what came of it, and what is decided since. */
export function report(
  context: Context,
  wish: Wish,
  response: Response,
  decision: Pick<Decision, 'decision' | 'reason' | 'message'> | null = null,
): ExitCode {
  const { out, options } = context;
  if (options.json) {
    const next = decision === null ? {} : { decision };
    out.write(json({ ...head(wish, response), ...next }));
    return 0;
  }
  out.write(`${printable(response.message)}\n`);
  if (decision !== null) {
    const { reason, message } = decision;
    out.write(`now: ${decision.decision} (${reason}): ${printable(message)}\n`);
  }
  return 0;
}

/** What every answer to a request says, in the one JSON object. */
export function head(wish: Wish, response: Response): object {
  const { state, message } = response;
  const said = { apiVersion: 'reconcile/v1', kind: 'Request', exitCode: 0, ...wish, state, message };
  if (response.state !== 'left') return said;
  const { host, pid, since, doing } = response.holder;
  return { ...said, holder: { host, pid, since, doing } };
}

async function leave(layout: Layout, wish: Wish): Promise<LeftRequest> {
  try {
    return await leaveRequest(layout, wish);
  } catch (error) {
    const message = `could not leave a request in ${layout.requests}: ${describe(error)}`;
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    const hint = isFull ? 'make room on its disk' : 'run it as the user that the state folder belongs to';
    throw new CannotRun(message, { cause: error, hint });
  }
}

async function conclude(request: LeftRequest, { obeyed, message }: Answer): Promise<Response> {
  await request.takeBack();
  if (!obeyed) throw new CannotRun(message);
  return { state: 'obeyed', message };
}

/** The holder, where somebody was faster. */
async function obeyOurselves(context: Context, settings: Settings): Promise<Holder | null> {
  try {
    const { openActor } = await context.parts();
    const { ports, lease } = await openActor(settings, context.stop);
    try {
      lease.doing('obeying requests');
      await obeyRequests(ports);
    } finally {
      await lease.release();
    }
    return null;
  } catch (error) {
    if (error instanceof LeaseHeld) return error.holder;
    throw error;
  }
}

function left(holder: Holder): string {
  const when = 'as soon as no trial runs';
  return `the request is left with ${nameOf(holder)}: it is obeyed ${when}, or by whoever acts next`;
}

function nameOf({ host, pid, since, doing }: Holder): string {
  return `host ${host}, pid ${pid}, at work since ${since} (${doing})`;
}
