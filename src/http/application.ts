/**
 * Questions and answers over HTTP: the one place that knows express. Every answer leaves through `send`, so that caching,
 * compression and HEAD are the same for all of them.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip as gzipWith, constants } from 'node:zlib';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { text, type Answer, type Question, type Respond } from './answer.ts';
import { readBody } from './body.ts';
import { isOwnHost } from './own-host.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const gzip = promisify(gzipWith);

export interface Route {
  path: string;
  /** HEAD comes with GET. */
  method: 'GET' | 'POST';
  respond: Respond;
}

/** An answer that does not end. */
export interface EndlessRoute {
  path: string;
  /** Null: it is begun, and goes on; else what is answered instead. */
  begin: (question: Question, response: Response) => Answer | null;
}

export interface ApplicationOptions {
  routes: readonly Route[];
  endless: EndlessRoute;
  /** What is answered where nothing else is, with why. */
  fail: (path: string, status: number, why: string) => Answer;
  /** Reached through loopback alone, and so by nobody under another name. */
  onlyOwnHosts: boolean;
  bodyLimit: number;
  unexpected: (error: unknown, path: string) => void;
}

export function makeApplication(options: ApplicationOptions): Express {
  const { routes, endless, fail } = options;
  const app = express();
  for (const setting of ['x-powered-by', 'etag']) app.disable(setting);
  for (const setting of ['strict routing', 'case sensitive routing']) app.enable(setting);
  app.use(async (request, response, next) => {
    response.set(SECURITY_HEADERS);
    if (!options.onlyOwnHosts || request.method === 'POST' || isOwnHost(request.headers.host)) return next();
    await send(request, response, text(FOREIGN_HOST, 421));
  });
  for (const { path, method, respond } of routes) {
    const route = app.route(path);
    const handle = async (request: Request, response: Response): Promise<void> =>
      await send(request, response, await respond(questionOf(request, options.bodyLimit)));
    if (method === 'GET') route.get(handle);
    else route.post(handle);
    refuseOthers(app, path, method, fail);
  }
  app.get(endless.path, async (request, response) => {
    const question = questionOf(request, options.bodyLimit);
    response.set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
    response.set('X-Accel-Buffering', 'no');
    if (request.method === 'HEAD') return void response.end();
    const instead = endless.begin(question, response);
    if (instead !== null) await send(request, response, instead);
  });
  refuseOthers(app, endless.path, 'GET', fail);
  app.use((request, response) =>
    send(request, response, fail(request.path, 404, `there is nothing at ${request.path}`)),
  );
  app.use(errorHandler(options));
  return app;
}

const FOREIGN_HOST =
  'this server is for this machine alone and was asked under another name; ask it as localhost, or let the proxy ' +
  'before it send the Host header 127.0.0.1\n';

function refuseOthers(
  app: Express,
  path: string,
  method: Route['method'],
  fail: ApplicationOptions['fail'],
): void {
  const allowed = method === 'GET' ? 'GET, HEAD' : 'POST';
  app.all(path, async (request, response) => {
    response.set('Allow', allowed);
    const why = `${request.method} is not for ${request.path}, only ${allowed}`;
    await send(request, response, fail(request.path, 405, why));
  });
}

/** Express throws what is wrong with a request, with a status; whatever else is thrown is our own fault. */
function errorHandler({ fail, unexpected }: ApplicationOptions): ErrorRequestHandler {
  return async (error: unknown, request: Request, response: Response, _next) => {
    const status = statusOf(error);
    if (status === 500) unexpected(error, request.path);
    // Nothing can be taken back that was said.
    if (response.headersSent) return void response.destroy();
    const why = status === 500 ? 'something went wrong here; the log of this program says what' : UNREADABLE;
    await send(request, response, fail(request.path, status, why));
  };
}

const UNREADABLE = 'the request could not be read';

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function questionOf(request: Request, bodyLimit: number): Question {
  const at = request.originalUrl.indexOf('?');
  return {
    params: Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)])),
    query: new URLSearchParams(at === -1 ? '' : request.originalUrl.slice(at + 1)),
    headers: request.headers,
    body: () => readBody(request, bodyLimit),
  };
}

const CACHING: Readonly<Record<Answer['caching'], string>> = {
  ask: 'no-cache',
  always: 'public, max-age=31536000, immutable',
  never: 'no-store',
};

/** Shorter ones are sent as they are. */
const WORTH_COMPRESSING = 1024;

async function send(request: Request, response: Response, answer: Answer): Promise<void> {
  const { status, type, caching, headers = {} } = answer;
  const body = Buffer.from(answer.body);
  response.status(status).set({ ...headers, 'Content-Type': type, 'Cache-Control': CACHING[caching] });
  // Weak: what is compressed is another text, and means the same.
  if (caching !== 'never') response.set('ETag', `W/"${createHash('sha1').update(body).digest('base64url')}"`);
  if (body.length < WORTH_COMPRESSING) return void response.send(body);
  response.vary('Accept-Encoding');
  if (request.fresh || request.acceptsEncodings('gzip', 'identity') !== 'gzip')
    return void response.send(body);
  response.set('Content-Encoding', 'gzip');
  response.send(await gzip(body, { level: constants.Z_BEST_SPEED }));
}
