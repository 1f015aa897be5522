/** What it says of whom that `docker stack deploy` refused a release. */
import { TrialFault } from '../../../reconciler/errors.ts';
import type { DeployRequest } from '../../../reconciler/ports.ts';
import type { RunResult } from '../../../run.ts';
import { complaint } from './engine.ts';

const REFUSED = 1;
const UNREACHABLE =
  /cannot connect|during connect|deadline exceeded|connection refused|error reading from|no leader|not have a leader|lost quorum/i;
const PORT_TAKEN = /port '(\d+)' is already in use by service '([^']+)'/i;

/** What the command itself refuses, it ends with 1: anything else says nothing of the recipe. */
export function refusalOf(
  { recipe, version }: Pick<DeployRequest, 'recipe' | 'version'>,
  stack: string,
  result: RunResult,
): TrialFault {
  const attempt = `could not deploy ${recipe} ${version}`;
  const said = complaint(result);
  if (result.exitCode !== REFUSED || UNREACHABLE.test(said)) {
    return new TrialFault('infra', 'engine-failed', `${attempt}: ${said}`);
  }
  const [, port, holder = ''] = PORT_TAKEN.exec(said) ?? [];
  // Two services of the recipe itself that publish the same port are its own fault.
  if (port !== undefined && !holder.startsWith(`${stack}_`)) {
    const message = `${attempt}: the port ${port} that it publishes is taken by the service ${holder} of another stack: ${said}`;
    const hint = `end ${holder}, or have one of the two publish another port, if its variables allow (app.env)`;
    return new TrialFault('infra', 'port-taken', message, { hint });
  }
  if (/only updates to labels are allowed/i.test(said)) {
    const message = `${attempt}: a config or a secret of it has other contents under the name that the release before gave it: ${said}`;
    const hint = 'its release must raise the version of that config in abra.sh';
    return new TrialFault('red', 'config-changed', message, { hint });
  }
  return new TrialFault('red', 'deploy-refused', `${attempt}: ${said}`);
}
