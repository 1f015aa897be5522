/** The client of a forge against servers that behave as Gitea does, and against some that do not. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiOptions } from '../../../src/actuators/forge/api.ts';
import { giteaClient } from '../../../src/actuators/forge/gitea.ts';

const TOKEN = 'f0rge-t0ken-0123456789abcdef';

let server: Server;
let handle: RequestListener;
let asked: string[];
let pauses: number[];
let stop: AbortController;

beforeEach(async () => {
  [asked, pauses, stop] = [[], [], new AbortController()];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
});

function origin(of: Server): string {
  const address = of.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

function client() {
  const options: ApiOptions = {
    address: `${origin(server)}/api/v1`,
    token: TOKEN,
    signal: stop.signal,
    pause: async (ms) => void pauses.push(ms),
  };
  return giteaClient('team/app', options);
}

const says =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(sent);
  };

const pull = (number: number) => ({
  number,
  state: 'open',
  base: { ref: 'main', more: 1 },
  head: { sha: 'abc' },
  title: 'ignored',
});
const understood = (number: number) => ({ number, isOpen: true, base: 'main', head: 'abc' });
const pageOf = (url: string | undefined) =>
  Number(new URL(url ?? '/', 'http://forge').searchParams.get('page'));

describe('a listing', () => {
  it('is asked for page by page until the forge says that there is no next one', async () => {
    handle = (request, response) => {
      const page = pageOf(request.url);
      const link =
        page < 3
          ? `<${origin(server)}/x?page=${page + 1}>; rel="next"`
          : `<${origin(server)}/x>; rel="first"`;
      says(200, [pull(page)], { link })(request, response);
    };
    expect(await client().openPullRequests()).toEqual([1, 2, 3].map(understood));
    expect(asked).toEqual(
      [1, 2, 3].map(
        (page) => `GET /api/v1/repos/team/app/pulls?state=open&sort=oldest&page=${page}&limit=50`,
      ),
    );
  });

  it('ends with the number of entries that the forge counts', async () => {
    handle = (request, response) =>
      says(200, [pull(pageOf(request.url))], { 'x-total-count': '2' })(request, response);
    expect(await client().openPullRequests()).toEqual([1, 2].map(understood));
    expect(asked).toHaveLength(2);
  });

  it('ends with an empty page where the forge says nothing of pages', async () => {
    handle = (request, response) =>
      says(200, pageOf(request.url) < 3 ? [pull(pageOf(request.url))] : [])(request, response);
    expect(await client().openPullRequests()).toEqual([1, 2].map(understood));
  });

  it('ends where the same comes again, whichever page is asked for', async () => {
    handle = says(200, [
      { id: 1, body: 'one' },
      { id: 2, body: 'two' },
    ]);
    expect(await client().comments(7)).toEqual(['one', 'two']);
    expect(asked).toHaveLength(2);
  });

  it('that never ends is given up', async () => {
    handle = (request, response) => says(200, [pull(pageOf(request.url))])(request, response);
    await expect(client().openPullRequests()).rejects.toThrow(
      `could not list the open pull requests of team/app at ${origin(server)}/api/v1: it has more than 100 pages`,
    );
    expect(asked).toHaveLength(100);
  });

  it('of more than can be kept is given up', async () => {
    handle = (_, response) => {
      const block = Buffer.alloc(1024 * 1024, ' ');
      const more = (): void => {
        if (!response.destroyed) response.write(block, () => setImmediate(more));
      };
      more();
    };
    await expect(client().openPullRequests()).rejects.toThrow('it answers with more than 16777216 bytes');
  });
});

describe('an answer that is none', () => {
  it.each<[string, RequestListener, string]>([
    ['401', says(401, { message: 'no' }), 'it answers 401 (no); make a new token'],
    [
      '403',
      says(403, { message: 'no' }),
      'it answers 403 (no); the token must be allowed to write issues and the repository',
    ],
    [
      '404',
      says(404, { message: 'no' }),
      'it answers 404 (no); see whether spec.mirror.forge names the right api and repo',
    ],
    [
      'HTML',
      says(200, '<html>', { 'content-type': 'text/html' }),
      'it answers with text/html that is not JSON',
    ],
    ['half of one', says(200, '[{"number":1'), 'it answers with application/json that is not JSON'],
    ['other JSON', says(200, { number: 1 }), "its answer is not Gitea's: "],
    ['other entries', says(200, [{ ...pull(1), base: null }]), "its answer is not Gitea's, at 0.base: "],
    ['words with odd characters', says(400, 'a\u001B[31m\n\nb'), 'it answers 400 (a [31m b)'],
    ['the token', says(400, { message: `token ${TOKEN}` }), 'it answers 400 (token ***)'],
    ['a form of it', says(400, Buffer.from(TOKEN).toString('base64')), 'it answers 400 (***)'],
  ])('but %s is told in words, and not asked for again', async (_, handler, words) => {
    handle = handler;
    await expect(client().openPullRequests()).rejects.toThrow(
      `could not list the open pull requests of team/app at ${origin(server)}/api/v1: ${words}`,
    );
    expect(asked).toHaveLength(1);
  });

  it('but a redirect is not followed, and the token goes nowhere else', async () => {
    const heard: string[] = [];
    const elsewhere = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('[]');
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    try {
      handle = says(307, '', { location: `${origin(elsewhere)}/api/v1/pulls` });
      await expect(client().openPullRequests()).rejects.toThrow('it answers 307; redirects are not followed');
      expect(heard).toEqual([]);
    } finally {
      elsewhere.close();
    }
  });
});

describe('asking again', () => {
  it('comes after a while where the forge failed, three times at most', async () => {
    handle = says(502, 'bad gateway');
    await expect(client().pullRequest(1)).rejects.toThrow(
      `could not read pull request #1 of team/app at ${origin(server)}/api/v1: it answers 502 (bad gateway)`,
    );
    expect(asked).toHaveLength(3);
    expect(pauses).toEqual([1000, 2000]);
  });

  it('comes where the connection broke', async () => {
    handle = (request, response) => {
      if (asked.length === 1) response.destroy();
      else says(200, pull(1))(request, response);
    };
    expect(await client().pullRequest(1)).toEqual(understood(1));
  });

  it.each([
    ['seconds', '7', 7000],
    ['nothing', '0', 0],
    ['no number', 'soon', 1000],
  ])('waits as long as it is asked to, in %s', async (_, header, pause) => {
    handle = (request, response) =>
      (asked.length === 1 ? says(429, {}, { 'retry-after': header }) : says(200, pull(1)))(request, response);
    expect(await client().pullRequest(1)).toEqual(understood(1));
    expect(pauses).toEqual([pause]);
  });

  it('waits until the date that it is given, if that is soon', async () => {
    const at = new Date(Date.now() + 30_000).toUTCString();
    handle = (request, response) =>
      (asked.length === 1 ? says(503, {}, { 'retry-after': at }) : says(200, pull(1)))(request, response);
    expect(await client().pullRequest(1)).toEqual(understood(1));
    expect(pauses[0]).toBeGreaterThan(0);
    expect(pauses[0]).toBeLessThanOrEqual(30_000);
  });

  it('does not come where it is asked to wait for long', async () => {
    handle = says(429, { message: 'slow down' }, { 'retry-after': '3600' });
    await expect(client().pullRequest(1)).rejects.toThrow(
      'it answers 429 (slow down); it asks for a pause of 3600 s; it is tried again at the next sync',
    );
    expect(pauses).toEqual([]);
  });

  it('does not come for a comment that may have been written', async () => {
    handle = says(500, { message: 'perhaps' });
    await expect(client().comment(1, 'text')).rejects.toThrow('it answers 500 (perhaps)');
    expect(asked).toEqual(['POST /api/v1/repos/team/app/issues/1/comments']);
  });

  it('comes for a comment that was not written', async () => {
    handle = (request, response) =>
      (asked.length === 1 ? says(429, {}) : says(201, { id: 1 }))(request, response);
    await client().comment(1, 'text');
    expect(asked).toHaveLength(2);
  });

  it('ends when everything does', async () => {
    const reason = new Error('stopped');
    handle = () => stop.abort(reason);
    await expect(client().pullRequest(1)).rejects.toBe(reason);
    expect(asked).toHaveLength(1);
  });
});

it('a request carries the token in its header alone', async () => {
  const seen: (string | undefined)[] = [];
  handle = (request, response) => {
    seen.push(request.headers.authorization);
    says(200, pull(1))(request, response);
  };
  await client().pullRequest(1);
  await client().close(1);
  expect(seen).toEqual([`token ${TOKEN}`, `token ${TOKEN}`]);
  expect(asked.join()).not.toContain(TOKEN);
});
