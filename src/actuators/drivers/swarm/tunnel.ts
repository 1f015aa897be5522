/**
 * A way from this machine to a service inside of a stack: whoever connects to a port of ours on loopback talks, through
 * `nc` in a container on the stack's network, to a task of it. No port of any node is published for that, and it does
 * not matter on which machine the engine is. The port is the same for as long as a trial lasts, whatever is deployed.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { endProcess } from '../../../processes.ts';
import { startTimeOf } from '../../../process-table.ts';
import type { Started } from '../../../run.ts';
import type { Engine } from './engine.ts';

export interface Aim {
  stack: string;
  /** The container that has a way to it. */
  container: string;
  host: string;
  port: number;
  /** By which others know it. */
  domain: string;
  mark: string;
}

const GRACE_MS = 1000;
const LONGEST_COMPLAINT = 500;

export class Tunnel {
  readonly #engine: Engine;
  readonly #server: Server;
  readonly #open = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  #aim: Aim | null = null;
  #complaint = '';

  private constructor(engine: Engine) {
    this.#engine = engine;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async open(engine: Engine): Promise<Tunnel> {
    const tunnel = new Tunnel(engine);
    tunnel.#server.listen(0, '127.0.0.1');
    await once(tunnel.#server, 'listening');
    // What waits for nothing but this may end.
    tunnel.#server.unref();
    return tunnel;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Why the last connection came to nothing, as far as it was said. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  get aim(): Aim | null {
    return this.#aim;
  }

  async aimAt(aim: Aim | null): Promise<void> {
    this.#aim = aim;
    await this.hangUp();
  }

  /** Ends every connection; returns when nothing of them runs any more. */
  async hangUp(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#open);
  }

  async close(): Promise<void> {
    this.#server.close();
    await this.aimAt(null);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#aim === null) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const connection = this.#connect(socket, this.#aim)
      .catch((error: unknown) => void (this.#complaint = String(error)))
      .finally(() => {
        socket.destroy();
        this.#sockets.delete(socket);
        this.#open.delete(connection);
      });
    this.#open.add(connection);
  }

  async #connect(socket: Socket, { container, host, port, mark }: Aim): Promise<void> {
    this.#complaint = '';
    const started = await this.#engine.start(['exec', '-i', container, 'nc', host, String(port)], {
      mark,
      input: socket.pipe(new PassThrough()),
      onOutput: (stream, chunk) => {
        if (stream === 'stdout') socket.write(chunk);
        else this.#complaint = (this.#complaint + Buffer.from(chunk).toString()).slice(0, LONGEST_COMPLAINT);
      },
    });
    const closed = once(socket, 'close').catch(() => undefined);
    await Promise.race([started.ended, closed]);
    await end(started);
    // Of one that is gone already, nobody would ever say that it ended.
    if (socket.writable) await new Promise<void>((resolve) => socket.end(() => resolve()));
  }
}

async function end({ pid, ended, output }: Started): Promise<void> {
  const startTime = startTimeOf(pid);
  if (startTime !== null) await endProcess({ pid, startTime }, GRACE_MS);
  await ended;
  await output.hangUp();
}
