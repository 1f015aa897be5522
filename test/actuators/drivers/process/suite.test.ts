import { describeDriver } from '../../../suites/driver.ts';
import { ProcessHarness } from './harness.ts';

describeDriver('process', () => ProcessHarness.make());
