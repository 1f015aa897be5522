import { describe, expect, it } from 'vitest';
import { samplesIn } from '../../src/metrics/exposition.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { PROGRAM } from './made-up-fleet.ts';
import { serve } from './serving.ts';

describe('monitors', () => {
  it('are told that it is alive, whatever else it is', async () => {
    const { get, operator } = await serve();
    operator.state = { ready: false, why: 'the lease is held by another' };
    const response = await get('/healthz');
    expect([response.status, await response.text()]).toEqual([200, 'alive\n']);
  });

  it('are told whether it is ready, and why not', async () => {
    const { get, operator } = await serve();
    expect((await get('/readyz')).status).toBe(200);
    operator.state = { ready: false, why: '3 of 12 recipes were not observed yet' };
    const response = await get('/readyz');
    expect([response.status, await response.text()]).toEqual([
      503,
      'not ready: 3 of 12 recipes were not observed yet\n',
    ]);
  });

  it('are given metrics as they were made', async () => {
    const { get, operator } = await serve();
    const metrics = new Metrics(PROGRAM);
    operator.metrics = async () => ({ contentType: metrics.contentType, text: await metrics.text() });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe(metrics.contentType);
    expect(samplesIn(await response.text()).get('reconciler_webhooks_total{result="unreadable"}')).toBe(0);
  });
});
