/** The real server on loopback for one test, and ways to talk to it. */
import { once } from 'node:events';
import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pino, type Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { startServer, type RunningServer, type ServerOptions } from '../../src/http/server.ts';
import { NOW } from './made-up-fleet.ts';
import { MadeUpOperator } from './made-up-operator.ts';

export const TOKEN = 'a-t0ken-that-nobody-guesses';
export const SECRET = 'a-secret-that-only-the-forge-knows';

export interface Served extends RunningServer {
  operator: MadeUpOperator;
  port: number;
  /** Lines that were logged. */
  logged: string[];
  get: (path: string, init?: RequestInit) => Promise<Response>;
}

/** Closed when the test is over. */
export async function serve(
  operator = new MadeUpOperator(),
  options: Partial<ServerOptions> = {},
): Promise<Served> {
  const { log, logged } = listeningLogger();
  const server = await startServer({
    operator,
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    hookSecret: SECRET,
    log,
    now: () => NOW,
    ...options,
  });
  onTestFinished(() => server.close(AbortSignal.abort()));
  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}${path}`, { redirect: 'manual', ...init });
  return { ...server, operator, port: Number(new URL(server.url).port), logged, get };
}

/** With exactly these headers: `fetch` adds its own. */
export function getPlainly(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers, agent: false }, (response) => {
      const { statusCode: status, headers: answered } = response;
      buffer(response).then((body) => resolve({ status, headers: answered, body }), reject);
    }).on('error', reject);
  });
}

function listeningLogger(): { log: Logger; logged: string[] } {
  const logged: string[] = [];
  return { log: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }), logged };
}

/** A connection on which bytes are said as they are, and everything that comes back is kept. */
export class RawConnection {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    // What the server does with it is what is tested, a reset included.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    const connection = new RawConnection(socket);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return connection;
  }

  say(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Until what was received matches. */
  async hears(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.received);
      if (found !== null) return found;
      if (this.socket.closed) throw new Error(`closed before ${pattern} came; received: ${this.received}`);
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
  }
}
