import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { getPlainly, RawConnection, serve } from './serving.ts';

const PAGES = ['/', '/recipes/keycloak', '/trials/20260621T081502Z-keycloak-9', '/fragments/fleet'];
const JSONS = ['/api/recipes', '/api/recipes/keycloak', '/api/trials/20260621T081502Z-keycloak-9'];

describe('every answer', () => {
  it.each(['/', '/api/recipes', '/metrics', '/nowhere', '/api/nowhere'])(
    'to %s tells browsers what not to do with it, and not what serves it',
    async (path) => {
      const { get } = await serve();
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy.split('; ')).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'self'",
        ]),
      );
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    },
  );

  it('lets no other site read it, whoever asks', async () => {
    const { get } = await serve();
    const { headers } = await get('/api/recipes', { headers: { origin: 'https://elsewhere.example' } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('caching', () => {
  it.each([...PAGES, ...JSONS])('has %s asked about each time, and answered shortly', async (path) => {
    const { get, url } = await serve();
    const first = await get(path);
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/".+"$/);
    const again = await getPlainly(`${url}${path}`, { 'if-none-match': etag });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
  });

  it('answers in full once something changed', async () => {
    const { get, url, operator } = await serve();
    const etag = (await get('/')).headers.get('etag') ?? '';
    operator.change('gitea', { message: 'something else' });
    const again = await getPlainly(url, { 'if-none-match': etag });
    expect(again.status).toBe(200);
    expect(again.body.toString()).toContain('something else');
  });

  it('keeps assets for ever, under names that change with them', async () => {
    const { get } = await serve();
    const page = await (await get('/')).text();
    const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(new Set(assets.map((path) => path.replace(/\.[0-9a-f]{12}\./, '.')))).toEqual(
      new Set(['/assets/app.css', '/assets/app.js', '/assets/icon.svg']),
    );
    for (const path of assets) {
      const { status, headers } = await get(path);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
    expect((await get('/assets/app.000000000000.css')).status).toBe(404);
    expect((await get('/assets/..%2fpackage.json')).status).toBe(404);
  });

  it.each(['/healthz', '/readyz', '/metrics', '/nowhere', '/api/nowhere'])(
    'keeps %s nowhere',
    async (path) => {
      const { get } = await serve();
      const { headers } = await get(path);
      expect([headers.get('cache-control'), headers.get('etag')]).toEqual(['no-store', null]);
    },
  );
});

describe('compression', () => {
  it('is for whoever takes it', async () => {
    const { url } = await serve();
    const plain = await getPlainly(url);
    const small = await getPlainly(url, { 'accept-encoding': 'br, gzip;q=0.8' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(small.body).toString()).toBe(plain.body.toString());
    expect(small.body.length).toBeLessThan(plain.body.length / 3);
    expect([plain.headers['vary'], small.headers['vary']]).toEqual(['Accept-Encoding', 'Accept-Encoding']);
    expect(small.headers['etag']).toBe(plain.headers['etag']);
  });
});

describe('methods', () => {
  it.each([...PAGES, ...JSONS, '/metrics', '/healthz', '/readyz', '/api/events'])(
    'answer HEAD of %s like GET, without the body',
    async (path) => {
      const { port } = await serve();
      const connection = await RawConnection.open(port);
      connection.say(`HEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await connection.closed;
      expect(connection.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(connection.received.endsWith('\r\n\r\n')).toBe(true);
      expect(connection.received.match(/\r\n\r\n/g)).toHaveLength(1);
    },
  );

  it.each([
    ['POST', '/', 'GET, HEAD'],
    ['PUT', '/api/recipes', 'GET, HEAD'],
    ['DELETE', '/api/recipes/gitea', 'GET, HEAD'],
    ['OPTIONS', '/api/recipes', 'GET, HEAD'],
    ['POST', '/api/events', 'GET, HEAD'],
    ['GET', '/api/recipes/gitea/reconcile', 'POST'],
    ['GET', '/hooks/gitea', 'POST'],
    ['HEAD', '/hooks/gitea', 'POST'],
  ])('other than those that are there are refused: %s %s', async (method, path, allowed) => {
    const { get, operator } = await serve();
    const { status, headers } = await get(path, { method });
    expect([status, headers.get('allow')]).toEqual([405, allowed]);
    expect(operator.wanted).toEqual([]);
  });
});

describe('what is not there', () => {
  it.each(['/api/nowhere', '/api/recipes/nobody', '/api/trials/none', '/hooks/github', '/api/recipes/'])(
    'is said to programs in JSON: %s',
    async (path) => {
      const { get } = await serve();
      const response = await get(path);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/json; charset=utf-8',
      ]);
      expect(await response.json()).toEqual({ apiVersion: 'reconcile/v1', error: expect.any(String) });
    },
  );

  it.each(['/nowhere', '/recipes/nobody', '/trials/none', '/recipes/', '/apis'])(
    'is said to people on a page: %s',
    async (path) => {
      const { get } = await serve();
      const response = await get(path);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'text/html; charset=utf-8',
      ]);
      expect(await response.text()).toContain('<a href="/">Go to the fleet</a>');
    },
  );

  it('shows what was asked for as text', async () => {
    const { get } = await serve();
    const body = await (await get(`/recipes/${encodeURIComponent('<script>alert(1)</script>')}`)).text();
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body).not.toContain('<script>alert');
  });
});

describe('what cannot be answered', () => {
  it('is a 400 where the address makes no sense', async () => {
    const { get } = await serve();
    expect((await get('/recipes/%E0%A4%A')).status).toBe(400);
    expect((await get('/api/recipes/%')).status).toBe(400);
  });

  it('is a 500 that tells the log why, and nobody else', async () => {
    const { get, operator, logged } = await serve();
    operator.explain = () => Promise.reject(new Error('EACCES: permission denied, open /srv/state/secret'));
    for (const path of ['/recipes/gitea', '/api/recipes/gitea']) {
      const response = await get(path);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('EACCES');
    }
    expect(logged.filter((line) => line.includes('EACCES'))).toHaveLength(2);
  });
});

describe('a name that leads here without being ours', () => {
  const asked = async (port: number, request: string, host: string): Promise<string> => {
    const connection = await RawConnection.open(port);
    connection.say(`${request} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    await connection.closed;
    return connection.received;
  };

  it.each(['/', '/api/recipes', '/metrics', '/api/events'])('is shown nothing of %s', async (path) => {
    const { port } = await serve();
    const answer = await asked(port, `GET ${path}`, 'rebound.example');
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).not.toContain('keycloak');
  });

  it.each([
    'localhost',
    'localhost:9464',
    '127.0.0.1:9464',
    '[::1]:9464',
    '192.0.2.7',
    'ci.localhost',
    'LOCALHOST',
  ])('is told from %s', async (host) => {
    const { port } = await serve();
    expect(await asked(port, 'GET /healthz', host)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each(['127.0.0.1.rebound.example', 'localhost.example', 'a b', ''])('is what "%s" is', async (host) => {
    const { port } = await serve();
    expect(await asked(port, 'GET /healthz', host)).toMatch(/^HTTP\/1\.1 4(21|00) /);
  });

  it('may send webhooks, which prove by themselves who sends them', async () => {
    const { port } = await serve();
    expect(await asked(port, 'POST /hooks/gitea', 'ci.example.org')).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('is any name where the network was let in', async () => {
    const { port } = await serve(undefined, { host: '0.0.0.0' });
    expect(await asked(port, 'GET /healthz', 'ci.example.org')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
