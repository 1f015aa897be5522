import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MadeUpOperator } from './made-up-operator.ts';
import type { Served } from './serving.ts';
import { RawConnection, SECRET, serve } from './serving.ts';

const LIMIT = 256 * 1024;

function signatureOf(body: string | Buffer, secret = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** What Gitea reports of a repository, as far as it says where that is. */
function repository(name: string) {
  return {
    id: 140,
    name,
    full_name: `coop-cloud/${name}`,
    html_url: `https://git.coopcloud.tech/coop-cloud/${name}`,
    url: `https://git.coopcloud.tech/api/v1/repos/coop-cloud/${name}`,
    ssh_url: `git@git.coopcloud.tech:2222/coop-cloud/${name}.git`,
    clone_url: `https://git.coopcloud.tech/coop-cloud/${name}.git`,
    default_branch: 'main',
  };
}

const EVENTS = {
  push: { ref: 'refs/heads/main', before: '0'.repeat(40), after: '1'.repeat(40), commits: [], pusher: {} },
  create: { sha: '1'.repeat(40), ref: '10.7.1+26.6.2', ref_type: 'tag', sender: {} },
  release: { action: 'published', release: { tag_name: '10.7.1+26.6.2', draft: false }, sender: {} },
};

function send(
  { get }: Served,
  body: string,
  headers: Record<string, string> = { 'x-gitea-signature': signatureOf(body) },
): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  return get('/hooks/gitea', { method: 'POST', body, headers: all });
}

describe('a webhook', () => {
  it.each(Object.entries(EVENTS))(
    'of a %s puts the recipe at its repository on the queue',
    async (event, said) => {
      const served = await serve();
      const body = JSON.stringify({ ...said, repository: repository('gitea') });
      const response = await send(served, body, {
        'x-gitea-signature': signatureOf(body),
        'x-gitea-event': event,
      });
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ recipes: ['gitea'] });
      expect(served.operator.wanted).toEqual([{ recipe: 'gitea', cause: 'webhook' }]);
      expect(served.operator.webhooks).toEqual(['accepted']);
    },
  );

  it.each([
    ['GitHub’s header', (body: string) => ({ 'x-hub-signature-256': `sha256=${signatureOf(body)}` })],
    ['capital letters', (body: string) => ({ 'x-gitea-signature': signatureOf(body).toUpperCase() })],
    [
      'both headers, of which one is wrong',
      (body: string) => ({
        'x-gitea-signature': '0'.repeat(64),
        'x-hub-signature-256': `sha256=${signatureOf(body)}`,
      }),
    ],
  ])('may be signed with %s', async (_, headersOf) => {
    const served = await serve();
    const body = JSON.stringify({ repository: repository('gitea') });
    expect((await send(served, body, headersOf(body))).status).toBe(202);
  });

  it.each(['clone_url', 'ssh_url', 'html_url'] as const)('finds the recipe by %s alone', async (key) => {
    const served = await serve();
    const urls = repository('gitea');
    if (key === 'ssh_url') urls.ssh_url = 'git@git.coopcloud.tech:coop-cloud/gitea.git';
    const body = JSON.stringify({ repository: { [key]: urls[key] } });
    expect((await send(served, body)).status).toBe(202);
    expect(served.operator.wanted).toEqual([{ recipe: 'gitea', cause: 'webhook' }]);
  });

  it('names every recipe of its repository', async () => {
    const served = await serve();
    for (const recipe of ['gitea', 'keycloak'])
      served.operator.upstreams.set(recipe, 'git@git.coopcloud.tech:coop-cloud/gitea');
    const body = JSON.stringify({ repository: repository('gitea') });
    expect(await (await send(served, body)).json()).toMatchObject({ recipes: ['gitea', 'keycloak'] });
  });

  it('is signed as it was sent, byte by byte', async () => {
    const served = await serve();
    const body = `{ "repository" :${JSON.stringify(repository('gitea'))},  "note":"Überraschung\\u0000"\n}\n`;
    expect((await send(served, body)).status).toBe(202);
    expect((await send(served, `${body} `, { 'x-gitea-signature': signatureOf(body) })).status).toBe(401);
  });
});

describe('a webhook is refused', () => {
  const body = JSON.stringify({ repository: repository('gitea') });

  it.each([
    ['no signature', {}],
    ['an empty signature', { 'x-gitea-signature': '' }],
    ['another secret’s signature', { 'x-gitea-signature': signatureOf(body, 'another') }],
    ['the signature of nothing', { 'x-gitea-signature': signatureOf('') }],
    ['a signature that is cut off', { 'x-gitea-signature': signatureOf(body).slice(0, 63) }],
    ['a signature with more to it', { 'x-gitea-signature': `${signatureOf(body)}00` }],
    ['two signatures in one', { 'x-gitea-signature': `${signatureOf(body)}, ${signatureOf(body)}` }],
    ['another hash', { 'x-hub-signature-256': `sha1=${signatureOf(body)}` }],
    ['the secret itself', { 'x-gitea-signature': SECRET }],
  ])('with %s: 401', async (_, headers) => {
    const served = await serve();
    const response = await send(served, body, headers);
    expect(response.status).toBe(401);
    expect(served.operator.wanted).toEqual([]);
    expect(served.operator.webhooks).toEqual(['bad-signature']);
  });

  it.each([[null], ['']])('where no secret is configured (%o): 403', async (hookSecret) => {
    const served = await serve(undefined, { hookSecret });
    const response = await send(served, body, { 'x-gitea-signature': signatureOf(body, '') });
    expect(response.status).toBe(403);
    expect(served.operator.webhooks).toEqual(['not-configured']);
  });

  it.each([
    ['is no recipe’s', JSON.stringify({ repository: repository('nobody') })],
    ['is not said', '{"action":"ping"}'],
    ['is null', '{"repository":null}'],
  ])('of a repository that %s: 404', async (_, said) => {
    const served = await serve();
    expect((await send(served, said)).status).toBe(404);
    expect(served.operator.webhooks).toEqual(['unknown-recipe']);
  });

  it.each([
    ['is no JSON', 'payload=%7B%7D'],
    ['is no object', '[1, 2]'],
    ['is nothing', ''],
    ['names its repository otherwise', '{"repository":{"clone_url":{"$ne":1}}}'],
    ['is deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('that is signed and %s: 400', async (_, said) => {
    const served = await serve();
    expect((await send(served, said)).status).toBe(400);
    expect(served.operator.webhooks).toEqual(['unreadable']);
    expect(served.operator.wanted).toEqual([]);
  });

  it('that is compressed, though it is signed as it was sent: 400', async () => {
    const served = await serve();
    const small = gzipSync(body);
    const headers = { 'x-gitea-signature': signatureOf(small), 'content-encoding': 'gzip' };
    const response = await served.get('/hooks/gitea', { method: 'POST', body: small, headers });
    expect(response.status).toBe(400);
    expect(served.operator.webhooks).toEqual(['unreadable']);
  });

  it('where something goes wrong here: 500, and it is counted as that', async () => {
    const operator = new MadeUpOperator();
    operator.want = () => {
      throw new Error('the queue is gone');
    };
    const served = await serve(operator);
    expect((await send(served, body)).status).toBe(500);
    expect(operator.webhooks).toEqual(['failed']);
  });

  it('that breaks off: it is counted, and nobody’s log is filled by it', async () => {
    const served = await serve();
    const connection = await RawConnection.open(served.port);
    connection.say(
      `POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nX-Gitea-Signature: ${'0'.repeat(64)}\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n{`,
    );
    await connection.hears(/^HTTP\/1\.1 100 /);
    connection.socket.destroy();
    await expect.poll(() => served.operator.webhooks).toEqual(['broken-off']);
    await served.close(new AbortController().signal);
    expect(served.logged).toEqual([]);
  });
});

describe('the length of a webhook', () => {
  const padded = (length: number): string => {
    const start = `{"repository":${JSON.stringify(repository('gitea'))},"pad":"`;
    return `${start}${'x'.repeat(length - start.length - 2)}"}`;
  };

  it('may be 256 KiB', async () => {
    const served = await serve();
    expect((await send(served, padded(LIMIT))).status).toBe(202);
  });

  it('may not be more: 413, and the connection is still good', async () => {
    const served = await serve();
    const response = await send(served, padded(LIMIT + 1));
    expect(response.status).toBe(413);
    expect(served.operator.webhooks).toEqual(['too-large']);
    expect((await send(served, padded(1000))).status).toBe(202);
  });

  it('may not be more where it is not said beforehand', async () => {
    const served = await serve(undefined, { limits: { headersMs: 3000, requestMs: 3000, checkMs: 50 } });
    const connection = await RawConnection.open(served.port);
    connection.say(
      `POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nX-Gitea-Signature: ${'0'.repeat(64)}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    for (let sent = 0; sent <= LIMIT; sent += 0x8000) connection.say(chunk);
    await connection.hears(/^HTTP\/1\.1 413 /);
    // Whoever goes on regardless is hung up on.
    const flood = setInterval(() => connection.say(chunk), 5);
    await connection.closed;
    clearInterval(flood);
    expect(served.operator.webhooks).toEqual(['too-large']);
  });

  it('is nothing that somebody without the secret can make us read', async () => {
    const served = await serve();
    const connection = await RawConnection.open(served.port);
    connection.say('POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n');
    await connection.hears(/^HTTP\/1\.1 401 /);
  });
});

describe('thousands of webhooks', () => {
  it('make nothing but wishes for one name, and are all counted', async () => {
    const served = await serve();
    const body = JSON.stringify({ repository: repository('gitea') });
    const signature = signatureOf(body);
    const request =
      `POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      `X-Gitea-Signature: ${signature}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const connections = await Promise.all(Array.from({ length: 10 }, () => RawConnection.open(served.port)));
    for (const connection of connections) connection.say(request.repeat(200));
    await expect.poll(() => served.operator.webhooks.length, { timeout: 30_000 }).toBe(2_000);
    expect(new Set(served.operator.webhooks)).toEqual(new Set(['accepted']));
    expect(new Set(served.operator.wanted.map(({ recipe }) => recipe))).toEqual(new Set(['gitea']));
    expect(served.logged).toEqual([]);
  });
});
