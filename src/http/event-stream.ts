/**
 * Events as server-sent events. A reader is written to as fast as it takes it and no faster: nothing is buffered for it,
 * one that takes nothing for a while is dropped, and comes back with the number of the last event that it saw.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Events, OperatorEvent } from './operator.ts';

export interface StreamLimits {
  /** How many may read at once. */
  readers: number;
  /** How often something is said where nothing happens, so that both sides know that the other is there. */
  heartbeatMs: number;
  /** How long a reader may take nothing. */
  stuckMs: number;
}

/** After so long a reader that lost its connection comes back. */
const COME_BACK_MS = 2000;

export class EventStreams {
  readonly #events: Events;
  readonly #limits: StreamLimits;
  readonly #readers = new Set<Reader>();

  constructor(events: Events, limits: StreamLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#readers.size >= this.#limits.readers;
  }

  /** `after`: the last event that it saw; null: it wants only what comes. Headers are set already. */
  serve(response: ServerResponse, after: number | null): void {
    response.write(`retry: ${COME_BACK_MS}\n\n`);
    const reader = new Reader(response, this.#events, after ?? this.#events.lastId, this.#limits);
    this.#readers.add(reader);
    response.once('close', () => {
      reader.leave();
      this.#readers.delete(reader);
    });
  }

  /** Ends all of them, as a server does that stops. */
  end(): void {
    for (const reader of this.#readers) reader.end();
  }
}

/** Where a reader says it was; null where it says nothing that is a number. */
export function lastSeen(headers: IncomingMessage['headers'], query: URLSearchParams): number | null {
  const said = headers['last-event-id'] ?? query.get('after');
  return typeof said === 'string' && /^\d{1,15}$/.test(said) ? Number(said) : null;
}

class Reader {
  readonly #response: ServerResponse;
  readonly #events: Events;
  readonly #stuckMs: number;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #place: number;
  #stuck: NodeJS.Timeout | null = null;

  constructor(response: ServerResponse, events: Events, place: number, limits: StreamLimits) {
    this.#response = response;
    this.#events = events;
    this.#place = place;
    this.#stuckMs = limits.stuckMs;
    this.#unsubscribe = events.subscribe(() => this.#flush());
    this.#heartbeat = setInterval(() => this.#write(':\n\n'), limits.heartbeatMs);
    response.on('drain', () => this.#drained());
    this.#flush();
  }

  end(): void {
    this.#response.end();
  }

  leave(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    if (this.#stuck !== null) clearTimeout(this.#stuck);
  }

  #flush(): void {
    if (this.#stuck !== null) return;
    const { missed, events } = this.#events.after(this.#place);
    if (missed) this.#write('event: missed\ndata: {}\n\n');
    if (missed) this.#place = (events[0]?.id ?? this.#events.lastId + 1) - 1;
    for (const event of events) {
      if (this.#stuck !== null) return;
      this.#place = event.id;
      this.#write(written(event));
    }
  }

  #write(text: string): void {
    if (this.#stuck !== null || this.#response.write(text)) return;
    this.#stuck = setTimeout(() => this.#response.destroy(), this.#stuckMs);
  }

  #drained(): void {
    if (this.#stuck !== null) clearTimeout(this.#stuck);
    this.#stuck = null;
    this.#flush();
  }
}

function written(event: OperatorEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
