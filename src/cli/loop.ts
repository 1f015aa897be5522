/** `reconcile`: the continuous loop, until it is told to stop. */
import { once as onceEmitted } from 'node:events';
import { describe } from '../reconciler/errors.ts';
import type { Context, ExitCode } from './context.ts';

/** Exit code 0 after a stop; throws `Fenced` where the lease is lost, whatever is under way. */
export async function loop(context: Context): Promise<ExitCode> {
  const { openLoop } = await context.parts();
  const running = await openLoop(await context.settings(), context.stop);
  const { lease } = running;
  const log = await context.log();
  context.stop.addEventListener('abort', () => log.info({ why: describe(context.stop.reason) }, 'stopping'), {
    once: true,
  });
  try {
    await Promise.race([running.run(), rejectWhen(lease.term.lost)]);
    log.info('stopped');
    return 0;
  } finally {
    await lease.release().catch((error: unknown) => {
      const fields = { error: describe(error) };
      log.error(fields, 'the lease could not be released; it is taken over at once');
    });
  }
}

async function rejectWhen(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await onceEmitted(signal, 'abort');
  throw signal.reason;
}
