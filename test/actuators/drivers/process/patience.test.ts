import { expect, it } from 'vitest';
import { ProcessHarness } from './harness.ts';

// In a file of its own because it takes as long as it says.
it('gives an app ten seconds to end by itself', { timeout: 30_000 }, async () => {
  const patient = await ProcessHarness.make({ graceMs: 10_000 });
  const request = await patient.request('ignores-sigterm', patient.home('one'));
  await patient.driver.deploy(request, patient.work());
  const start = performance.now();
  await patient.driver.undeploy(request.home.stack, patient.work());
  expect(performance.now() - start).toBeGreaterThan(9900);
  expect(await patient.running()).toEqual([]);
  await patient.dispose();
});
