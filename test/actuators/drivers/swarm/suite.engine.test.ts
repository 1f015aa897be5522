import { describe } from 'vitest';
import { describeDriver } from '../../../suites/driver.ts';
import { SwarmHarness } from './harness.ts';

// Most of the time that these take an engine waits; each has names of its own there.
describe.concurrent('on one engine', () => {
  describeDriver('swarm', () => SwarmHarness.make());
});
