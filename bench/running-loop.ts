/** The program's loop over a fleet, as a process of its own; what it does is heard from its log. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reconcile, type Fleet } from './fleet.ts';

interface Line {
  msg: string;
  recipe?: string;
  url?: string;
}

export const HOOK_SECRET = 'secret';

export class RunningLoop {
  readonly #process: ChildProcess;
  readonly #document: string;
  readonly #waiting = new Set<(line: Line | null) => void>();

  private constructor(child: ChildProcess, document: string) {
    this.#process = child;
    this.#document = document;
  }

  /** Returns once every recipe was looked at; and where it listens. */
  static async start({ folder }: Fleet): Promise<{ loop: RunningLoop; url: string }> {
    const document = join(folder, 'manifests', 'fleet.yaml');
    await writeFile(document, DOCUMENT);
    const { file, args } = reconcile({ folder }, '--log-level', 'debug', '--log-format', 'json');
    const env = { ...process.env, RECONCILE_HOOK_SECRET: HOOK_SECRET };
    const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const loop = new RunningLoop(child, document);
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (text) => loop.#heard(JSON.parse(text)));
    lines.on('close', () => loop.#heard(null));
    const listening = loop.line((line) => line.msg === 'listening');
    const looked = loop.line((line) => line.msg === 'every recipe was looked at');
    const { url = '' } = await listening;
    await looked;
    return { loop, url };
  }

  /** The first line from now on that is such. */
  async line(isSuch: (line: Line) => boolean): Promise<Line> {
    return await new Promise((resolve, reject) => {
      const hear = (line: Line | null): void => {
        if (line !== null && !isSuch(line)) return;
        this.#waiting.delete(hear);
        if (line === null) reject(new Error('the loop ended before it said what was waited for'));
        else resolve(line);
      };
      this.#waiting.add(hear);
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
    await rm(this.#document);
  }

  #heard(line: Line | null): void {
    for (const hear of this.#waiting) hear(line);
  }
}

/** An interval that no measurement waits for, and any free port. */
const DOCUMENT = `apiVersion: reconcile/v1
kind: Reconciler
metadata:
  name: fleet
spec:
  interval: 24h
  server:
    port: 0
`;
