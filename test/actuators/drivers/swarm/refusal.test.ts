/** Whose fault it is that a release was refused, by what `docker stack deploy` says. */
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../../src/actuators/drivers/swarm/refusal.ts';
import type { RunResult } from '../../../../src/run.ts';

const STACK = 'warm-x-1';
const refusal = (stderr: string, exitCode = 1) => {
  const rest = { stdout: '', signal: null, timedOut: false, notRunnable: null };
  const result: RunResult = { ...rest, stderr, exitCode };
  return refusalOf({ recipe: 'x', version: '1.0.0+1' }, STACK, result);
};
const taken = (holder: string) =>
  `failed to create service ${STACK}_app: Error response from daemon: rpc error: code = InvalidArgument desc = port '8080' is already in use by service '${holder}' (abc) as an ingress port`;

describe('a release that was refused', () => {
  it.each([
    ['for a port that another stack has', taken('live_app'), 'infra', 'port-taken'],
    ['for a port that two of its own services have', taken(`${STACK}_web`), 'red', 'deploy-refused'],
    ['for what it says itself', 'services.app Additional property x is not allowed', 'red', 'deploy-refused'],
    ['for a config', 'only updates to Labels are allowed', 'red', 'config-changed'],
    ['by an engine that was not there', 'Cannot connect to the Docker daemon', 'infra', 'engine-failed'],
  ])('%s is told as such', (_what, said, verdict, reason) => {
    const fault = refusal(said);
    expect(fault).toMatchObject({ verdict, reason });
    expect(fault.message).toContain('could not deploy x 1.0.0+1: ');
    expect(fault.message).toContain(said);
  });

  it('names the port that is taken, and who has it', () => {
    const { message, hint } = refusal(taken('live_app'));
    expect(message).toContain(
      'the port 8080 that it publishes is taken by the service live_app of another stack',
    );
    expect(hint).toContain('end live_app');
  });

  it('is not one where the command did not end by itself', () => {
    expect(refusal('killed', 137)).toMatchObject({ verdict: 'infra', reason: 'engine-failed' });
  });
});
