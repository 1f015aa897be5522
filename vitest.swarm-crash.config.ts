import { mergeConfig } from 'vitest/config';
import crash from './vitest.crash.config.ts';

/** The same on a Swarm: `npm run test:crash:swarm`. */
export default mergeConfig(crash, { test: { globalSetup: ['test/fixtures/swarm/images.ts'] } });
