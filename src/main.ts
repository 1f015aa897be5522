#!/usr/bin/env node
/** Where the program begins: signals, the parts, and the exit code. */
import { parseCommandLine } from './cli/program.ts';
import { json, paint } from './cli/text.ts';
import { makeContext, outputOn } from './cli/setup.ts';
import { printable } from './printable.ts';
import { CannotRun, describe, Fenced, TrialEnded } from './reconciler/errors.ts';

const { argv, env, stdout, stderr } = process;
const out = outputOn(stdout, env);
const err = outputOn(stderr, env);
const stop = new AbortController();
const LAST_WORDS_MS = 1000;

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // The first asks to end well: trials are torn down and closed. The second does not wait; the next start cleans up.
    if (stop.signal.aborted) process.exit(1);
    stop.abort(new TrialEnded('interrupted', 'stopped', `stopped by ${signal}`));
  });
}

/** A reader that went away (`| head`) is no failure of ours to report, and no reason to leave a trial half done. */
for (const stream of [stdout, stderr]) {
  stream.on('error', (error) => {
    if (!('code' in error && error.code === 'EPIPE')) throw error;
  });
}

async function parts() {
  return await import('./composition.ts');
}

async function main(): Promise<number> {
  const args = argv.slice(2);
  const wantsJson = args.includes('--json');
  const print = { out: out.write, err: wantsJson ? () => undefined : err.write };
  try {
    const parsed = parseCommandLine(args, env, print);
    if (parsed.kind === 'done') return parsed.exitCode;
    const { options, run } = parsed.invocation;
    return await run(makeContext(options, { out, err, env, stop: stop.signal, parts }));
  } catch (error) {
    return fail(error, wantsJson);
  }
}

/** Says why nothing could be done: to people on standard error, to programs as the one JSON object they expect. */
function fail(error: unknown, asJson: boolean): number {
  const usage = error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
  const hint = error instanceof CannotRun ? error.hint : null;
  const message = describe(error);
  if (asJson)
    out.write(
      json({ apiVersion: 'reconcile/v1', exitCode: 1, error: message, ...(hint === null ? {} : { hint }) }),
    );
  else if (!usage) {
    err.write(`${paint(err, 'red', 'error:')} ${printable(message)}\n`);
    if (hint !== null) err.write(`${paint(err, 'dim', 'hint:')} ${printable(hint)}\n`);
  }
  // What we started is the successor's to end, and we do not wait for it.
  if (error instanceof Fenced) process.exit(1);
  const expected = usage || error instanceof CannotRun || error instanceof TrialEnded;
  if (!expected && error instanceof Error && env['RECONCILE_DEBUG'] === '1')
    err.write(`${error.stack ?? ''}\n`);
  return 1;
}

process.exitCode = await main();
// By now everything is said and stored. A child that could not be ended must not hold us; the next start names it.
setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
