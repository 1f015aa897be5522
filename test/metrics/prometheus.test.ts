/**
 * With Debian's `prometheus` package (`npm run test:metrics`): promtool on the rules and on what the program writes, and a
 * real Prometheus that fires on real drift.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../../src/metrics/metrics.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { RunningLoop } from '../fixtures/running-loop.ts';
import { expectInvariants } from '../invariants.ts';
import { pass } from '../e2e/rows.ts';
import { dashboardQueries } from './dashboard.ts';
import { RunningPrometheus, serveFile, type Alert } from './running-prometheus.ts';

const execute = promisify(execFile);
const metricsFolder = fileURLToPath(new URL('../../metrics/', import.meta.url));
const promtool = (...args: string[]) => execute('promtool', args, { cwd: metricsFolder });

/** What promtool has to say of an exposition; nothing, where it finds it in order. */
async function checked(exposition: string): Promise<string> {
  const running = execute('promtool', ['check', 'metrics']);
  running.child.stdin?.end(exposition);
  const { stdout, stderr } = await running;
  return stdout + stderr;
}

/** Before the first scrape the reconciler is down, as far as anybody can tell. */
const only = (name: string) => (alerts: readonly Alert[]) =>
  alerts.length > 0 && alerts.every(({ labels }) => labels['alertname'] === name);

describe('promtool', () => {
  it('finds the rules in order', async () => {
    expect((await promtool('check', 'rules', 'alerts.yaml')).stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  it('finds the alerts firing when they should, and only then', async () => {
    expect((await promtool('test', 'rules', 'alerts.test.yaml')).stdout).toMatch(/SUCCESS/);
  });
});

it('what a loop would serve passes promtool, its process included', async () => {
  const metrics = new Metrics({ version: '1.0.0', commit: 'c0ffee' });
  metrics.watchProcess();
  await expect(checked(await metrics.text())).resolves.toBe('');
});

describe('what the program writes', () => {
  let fleet: Fleet;
  let file: string;
  let prometheus: RunningPrometheus | null = null;
  let server: Server | null = null;

  beforeEach(async () => {
    fleet = await Fleet.create();
    file = join(fleet.folder, 'reconciler.prom');
  });

  afterEach(async () => {
    await prometheus?.stop();
    if (server !== null) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    [prometheus, server] = [null, null];
    await fleet.dispose();
  });

  it('passes promtool, in a fleet where everything is and where nothing is', async () => {
    const check = async (): Promise<void> => {
      await expect(checked(await readFile(file, 'utf8'))).resolves.toBe('');
    };
    await pass(fleet, ['--metrics-file', file]);
    await check();
    await fleet.recipe('shop');
    await fleet.recipe('blog', '1.0.0+1.0', { app: { process: { command: ['false'] } } });
    await fleet.recipe('wiki', '1.0.0+1.0', { suspend: { reason: 'moving', until: '2099-01-01T00:00:00Z' } });
    await fleet.document('say "wrong"\\.yaml', 'kind: Recipe\n');
    await fleet.reconciler({ diskBudget: '1GiB' });
    await pass(fleet, ['--metrics-file', file]);
    await check();
    await pass(fleet, ['--metrics-file', file]);
    await check();
  });

  it('makes a real Prometheus fire on real drift, and fall silent once it is mended', async () => {
    const blog = await fleet.recipe('blog');
    await fleet.recipe('shop');
    await pass(fleet, ['--metrics-file', file]);
    await blog.release('1.1.0+1.1', { exitAtStart: 1 });
    expect((await pass(fleet, ['--metrics-file', file])).code).toBe(2);

    const served = await serveFile(file);
    server = served.server;
    const rules = await readFile(join(metricsFolder, 'alerts.yaml'), 'utf8');
    const impatient = rules.replaceAll(/for: \d+[mh]$/gm, 'for: 1s');
    prometheus = await RunningPrometheus.start(fleet.folder, served.address, impatient);
    const firing = await prometheus.firing('fires', only('RecipeHeldRed'));
    expect(
      firing.map(({ labels, annotations }) => [labels, annotations['summary'], annotations['command']]),
    ).toEqual([
      [
        expect.objectContaining({ alertname: 'RecipeHeldRed', recipe: 'blog', severity: 'warning' }),
        'The newest release of blog failed its trial.',
        'reconcile explain blog',
      ],
    ]);

    for (const query of dashboardQueries(await readFile(join(metricsFolder, 'dashboard.json'), 'utf8'))) {
      const concrete = query.replaceAll('$job', '.*').replaceAll('$recipe', '.*');
      await expect(prometheus.query(concrete)).resolves.toBeInstanceOf(Array);
    }
    const behind = await prometheus.query('reconciler_recipe_drift == 1');
    expect(behind.map(({ recipe }) => recipe)).toEqual(['blog']);

    await blog.release('1.2.0+1.2');
    expect((await pass(fleet, ['--metrics-file', file])).code).toBe(0);
    expect(await prometheus.firing('falls silent', (alerts) => alerts.length === 0)).toEqual([]);
    await expectInvariants(fleet);
  });

  it('is scraped from the running loop, which fires on real drift and is missed once it is gone', async () => {
    await fleet.reconciler({ interval: '1s', server: { port: 0 } });
    const blog = await fleet.recipe('blog');
    const loop = await RunningLoop.start(fleet);
    await loop.line({ msg: 'decided', decision: 'in-sync' });
    const url = await loop.url();
    await expect(checked(await (await fetch(`${url}/metrics`)).text())).resolves.toBe('');
    const rules = await readFile(join(metricsFolder, 'alerts.yaml'), 'utf8');
    const impatient = rules.replaceAll(/for: \d+[mh]$/gm, 'for: 1s');
    prometheus = await RunningPrometheus.start(fleet.folder, new URL(url).host, impatient, 'reconciler');
    await blog.release('1.1.0+1.1', { exitAtStart: 1 });
    expect(await prometheus.firing('fires', only('RecipeHeldRed'))).toHaveLength(1);
    await blog.release('1.2.0+1.2');
    expect(await prometheus.firing('falls silent', (alerts) => alerts.length === 0)).toEqual([]);
    const scraped = await prometheus.query(
      'workqueue_adds_total{name="recipes"} > 3 and on() reconciler_leader == 1',
    );
    expect(scraped).toHaveLength(1);
    expect((await loop.stop()).code).toBe(0);
    await prometheus.firing('misses it', (alerts) =>
      alerts.some(({ labels }) => labels['alertname'] === 'ReconcilerDown'),
    );
    await expectInvariants(fleet);
  });
});
