/**
 * The continuous loop's HTTP server. Nothing that a client does or fails to do holds anything for ever: headers, bodies,
 * answers and idle connections have their time, connections and readers of events their number.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Logger } from '../log.ts';
import { CannotRun, describe } from '../reconciler/errors.ts';
import { makeApplication } from './application.ts';
import { readAssets } from './assets.ts';
import { EventStreams, type StreamLimits } from './event-stream.ts';
import type { Operator } from './operator.ts';
import { isLoopback } from './own-host.ts';
import { makePages } from './pages/pages.ts';
import { eventsRoute, failureOf, routesOf } from './routes.ts';

export interface ServerOptions {
  operator: Operator;
  host: string;
  /** 0: any that is free. */
  port: number;
  /** `$RECONCILE_TOKEN`; null or empty: nobody may ask for anything. */
  token: string | null;
  /** `$RECONCILE_HOOK_SECRET`; null or empty: no webhook is taken. */
  hookSecret: string | null;
  log: Logger;
  now?: () => Date;
  limits?: Partial<Limits>;
}

interface Limits extends StreamLimits {
  connections: number;
  bodyBytes: number;
  headersMs: number;
  requestMs: number;
  keepAliveMs: number;
  /** How long a connection may stand still, in either direction. */
  stillMs: number;
  /** How often slow requests are looked for. */
  checkMs: number;
}

const LIMITS: Limits = {
  connections: 256,
  readers: 64,
  heartbeatMs: 15_000,
  stuckMs: 30_000,
  bodyBytes: 256 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 10_000,
  stillMs: 60_000,
  checkMs: 2_000,
};

const LOOK_FOR_IDLE_MS = 50;
const TELL_AGAIN_MS = 60_000;
const MOST_HEADER_BYTES = 16 * 1024;

export interface RunningServer {
  url: string;
  /** Waits for what is being answered; at the deadline it hangs up. */
  close: (deadline: AbortSignal) => Promise<void>;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { operator, host, port, log, now = () => new Date() } = options;
  const limits = { ...LIMITS, ...options.limits };
  const assets = await readAssets();
  const pages = makePages({ operator, assets, now });
  const streams = new EventStreams(operator.events, limits);
  const parts = {
    operator,
    pages,
    assets,
    streams,
    token: options.token || null,
    hookSecret: options.hookSecret || null,
  };
  const application = makeApplication({
    routes: routesOf(parts),
    endless: eventsRoute(parts),
    fail: failureOf(pages),
    onlyOwnHosts: isLoopback(host),
    bodyLimit: limits.bodyBytes,
    unexpected: (error, path) => log.error({ path, why: describe(error) }, 'a request could not be answered'),
  });
  const server = withLimits(limits).on('request', application);
  tellOfRefusals(server, log, limits.connections);
  await listen(server, host, port);
  return {
    url: urlOf(server),
    close: (deadline) => close(server, streams, deadline),
  };
}

function withLimits(limits: Limits): Server {
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
  });
  server.maxConnections = limits.connections;
  return server.setTimeout(limits.stillMs);
}

/** Once in a while: a flood of connections must not become one of lines. */
function tellOfRefusals(server: Server, log: Logger, connections: number): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    if (performance.now() - toldAt < TELL_AGAIN_MS) return;
    toldAt = performance.now();
    log.warn({ connections }, 'connections are refused: too many are open already');
  });
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const message = `could not listen on ${host}:${port}: ${describe(error)}`;
    const hint = 'name a free one in spec.server of the Reconciler document, or end what listens there';
    throw new CannotRun(message, { cause: error, hint });
  }
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** However often it is called. */
async function close(server: Server, streams: EventStreams, deadline: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  streams.end();
  // What was answered last would be kept for a next request, which nobody takes.
  const idle = setInterval(() => server.closeIdleConnections(), LOOK_FOR_IDLE_MS);
  const hangUp = (): void => server.closeAllConnections();
  if (deadline.aborted) hangUp();
  deadline.addEventListener('abort', hangUp, { once: true });
  await closed;
  clearInterval(idle);
  deadline.removeEventListener('abort', hangUp);
}
