/**
 * Plain exchanges over http, said directly on connections that stay open. Node's own client takes several times as long
 * for each, which in a pass over thousands of repositories is most of the time. Only what is plain is done here: whatever
 * else comes back, or nothing on a connection that was kept open, counts for nothing, and Node's client asks again.
 */
import { connect, type Socket } from 'node:net';
import { AnswerReader, NotPlain } from './answer-reader.ts';
import { NoAnswer, onAbort, type Answer, type Exchange, type ExchangeLimits } from './exchange.ts';

/** Nothing in it could end a line, or be taken for more than it is. */
const PLAIN = /^[\u0020-\u007e]*$/;

export class Wires {
  /** By host and port; the one that was used last is used next. */
  readonly #idle = new Map<string, Wire[]>();

  /**
   * Null where it is not plain. Throws `AnswerTooLong`, `NoAnswer`, the signal's reason, or what the system says of the
   * connection.
   */
  async ask(exchange: Exchange, limits: ExchangeLimits): Promise<Answer | null> {
    const text = textOf(exchange);
    if (text === null) return null;
    limits.signal.throwIfAborted();
    const idle = this.#idleAt(exchange.url.host);
    const wire = idle.pop() ?? new Wire(exchange.url, (ended) => remove(idle, ended));
    try {
      const { answer, isKept } = await wire.ask(text, limits);
      if (isKept) idle.push(wire);
      else wire.end();
      return answer;
    } catch (error) {
      wire.end();
      if (error instanceof NotPlain) return null;
      throw error;
    }
  }

  #idleAt(host: string): Wire[] {
    const known = this.#idle.get(host);
    if (known !== undefined) return known;
    const idle: Wire[] = [];
    this.#idle.set(host, idle);
    return idle;
  }
}

interface Asked {
  reader: AnswerReader;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** One connection, on which one question is asked at a time. */
class Wire {
  readonly #socket: Socket;
  #asked: Asked | null = null;
  /** Whether it was kept open for this question, and nothing was heard of that yet. */
  #mayBeStale = false;

  constructor({ hostname, port }: URL, onEnd: (wire: Wire) => void) {
    // A literal address of version 6 stands in brackets in a URL only.
    const host = hostname.replace(/^\[|\]$/g, '');
    this.#socket = connect({ host, port: port === '' ? 80 : Number(port), noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (piece: string) => this.#hear(piece));
    this.#socket.on('error', (error) => this.#break(error));
    this.#socket.on('close', () => {
      onEnd(this);
      this.#break(new Error('the connection was closed in the middle of the answer'));
    });
  }

  async ask(
    text: string,
    { timeoutMs, longest, signal }: ExchangeLimits,
  ): Promise<{ answer: Answer; isKept: boolean }> {
    const reader = new AnswerReader(longest);
    const heard = new Promise<Answer>((resolve, reject) => (this.#asked = { reader, resolve, reject }));
    const tooLate = (): unknown =>
      this.#asked?.reject(new NoAnswer(`no answer within ${timeoutMs / 1000} s`));
    const timer = setTimeout(tooLate, timeoutMs);
    const stopListening = onAbort(signal, () => this.#asked?.reject(signal.reason));
    this.#socket.ref();
    this.#socket.write(text);
    try {
      return { answer: await heard, isKept: reader.isKept };
    } finally {
      clearTimeout(timer);
      stopListening();
      this.#asked = null;
      // While it is idle it holds up nobody's end.
      this.#socket.unref();
      this.#mayBeStale = true;
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  #hear(piece: string): void {
    this.#mayBeStale = false;
    // Nothing was asked.
    if (this.#asked === null) return this.end();
    const { reader, resolve, reject } = this.#asked;
    try {
      const answer = reader.take(piece);
      if (answer === null) return;
      // What comes after it belongs to nothing.
      this.#asked = null;
      resolve(answer);
    } catch (error) {
      reject(error);
    }
  }

  /** A connection that was kept open may have been closed by the server just now, unread: that says nothing. */
  #break(error: Error): void {
    this.#asked?.reject(this.#mayBeStale ? new NotPlain('it was not kept open') : error);
  }
}

function remove(wires: Wire[], wire: Wire): void {
  const at = wires.indexOf(wire);
  if (at !== -1) wires.splice(at, 1);
}

/** Null where it is not plain. */
function textOf({ method, url, headers, body = '' }: Exchange): string | null {
  if (url.protocol !== 'http:') return null;
  const path = `${url.pathname}${url.search}`;
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${url.host}`, 'connection: keep-alive'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (path.includes(' ') || !lines.every((line) => PLAIN.test(line))) return null;
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
