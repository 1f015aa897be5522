import { describeDriver } from '../../../suites/driver.ts';
import { SwarmHarness } from './harness.ts';

describeDriver('swarm', () => SwarmHarness.make());
