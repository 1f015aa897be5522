// Runs the real program, in the demonstration's folder.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from './announce.mjs';
import { bold } from './print.mjs';

export const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const DEADLINE_MS = 180_000;

/** Settings of whoever runs this are for their fleet, not for this one. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('RECONCILE_')),
);

/** For people to read along. */
export function reconcile(cwd, args, exitCode) {
  console.log(bold(`$ reconcile ${args.join(' ')}`));
  const { status } = execute(cwd, args, ['ignore', 'inherit', 'inherit']);
  console.log();
  expect(`exit code ${exitCode}`, status, exitCode);
}

/** The same for machines: what announcements are verified by. */
export function report(cwd, args) {
  const { stdout } = execute(cwd, [...args, '--json'], ['ignore', 'pipe', 'ignore']);
  return JSON.parse(stdout.toString('utf8'));
}

function execute(cwd, args, stdio) {
  const options = { cwd, env: environment, stdio, timeout: DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 };
  const result = spawnSync(process.execPath, [PROGRAM, ...args], options);
  if (result.error) throw new Error(`could not run reconcile ${args.join(' ')}: ${result.error.message}`);
  return result;
}
