/** A real Prometheus of our own: its own configuration and data, on loopback, looking every second. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

export interface Alert {
  state: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export class RunningPrometheus {
  readonly #url: string;
  readonly #process: ChildProcess;
  readonly #log: () => string;

  private constructor(url: string, child: ChildProcess, log: () => string) {
    this.#url = url;
    this.#process = child;
    this.#log = log;
  }

  /** `scraped`: where metrics are served, as `127.0.0.1:PORT`. */
  static async start(
    folder: string,
    scraped: string,
    rules: string,
    job = 'node',
  ): Promise<RunningPrometheus> {
    const [config, ruleFile] = [join(folder, 'prometheus.yaml'), join(folder, 'rules.yaml')];
    await writeFile(ruleFile, rules);
    const every = { scrape_interval: '1s', evaluation_interval: '1s' };
    const jobs = [{ job_name: job, static_configs: [{ targets: [scraped] }] }];
    await writeFile(config, stringify({ global: every, rule_files: [ruleFile], scrape_configs: jobs }));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const log = () => Buffer.concat(chunks).toString('utf8');
    const running = new RunningPrometheus(`http://${address}`, child, log);
    await running.#until('is ready', async () => (await fetch(`${running.#url}/-/ready`)).ok);
    return running;
  }

  /** What a query answers: the labels of each series that it finds. Throws for one that cannot be run. */
  async query(expression: string): Promise<Record<string, string>[]> {
    const answer = await this.#ask<{ result: { metric: Record<string, string> }[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return answer.result.map(({ metric }) => metric);
  }

  /** The alerts that fire, once they are such. */
  async firing(what: string, wanted: (alerts: readonly Alert[]) => boolean): Promise<readonly Alert[]> {
    let firing: readonly Alert[] = [];
    await this.#until(what, async () => {
      const { alerts } = await this.#ask<{ alerts: Alert[] }>('alerts');
      firing = alerts.filter(({ state }) => state === 'firing');
      return wanted(firing);
    });
    return firing;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }

  async #ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  /** It tells nobody by itself; a test that waits for it for ever is ended by its timeout. */
  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds().catch(() => false))) {
      if (this.#process.exitCode !== null)
        throw new Error(`Prometheus ended before it ${what}:\n${this.#log()}`);
      await sleep(100);
    }
  }
}

/** Serves a file as it is at each request, as an exporter would. */
export async function serveFile(path: string): Promise<{ server: Server; address: string }> {
  const server = createServer((_request, response) => {
    void readFile(path, 'utf8').then(
      (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${portOf(server)}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
