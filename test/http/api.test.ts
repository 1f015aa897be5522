import { describe, expect, it } from 'vitest';
import { MadeUpOperator } from './made-up-operator.ts';
import { RawConnection, serve, TOKEN } from './serving.ts';

describe('reading', () => {
  it('gives the status of all recipes', async () => {
    const { get, operator } = await serve();
    const response = await get('/api/recipes');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(operator.status())));
  });

  it('gives what is to be explained of one', async () => {
    const { get, operator } = await serve();
    const explained = await (await get('/api/recipes/keycloak')).json();
    const expected = {
      apiVersion: 'reconcile/v1',
      kind: 'Explanation',
      ...(await operator.explain('keycloak')),
    };
    expect(explained).toEqual(JSON.parse(JSON.stringify(expected)));
  });

  it('gives a trial', async () => {
    const { get, operator } = await serve();
    const [trial] = operator.stored.get('keycloak') ?? [];
    expect(await (await get(`/api/trials/${trial?.id}`)).json()).toEqual({
      apiVersion: 'reconcile/v1',
      kind: 'Trial',
      ...trial,
    });
  });

  it('finds recipes by names with any character', async () => {
    const operator = new MadeUpOperator();
    const [first] = operator.rows;
    if (first === undefined) throw new Error('there are no rows');
    operator.rows = [{ ...first, recipe: 'team/broken manifest.yaml' }];
    const { get } = await serve(operator);
    const page = await (await get('/')).text();
    const [, path = ''] = /href="(\/recipes\/[^"]+)"/.exec(page) ?? [];
    expect((await get(path)).status).toBe(200);
    expect((await get(`/api${path}`)).status).toBe(200);
  });
});

describe('asking for a recipe to be looked at', () => {
  const ask = (authorization: string | null) => ({
    method: 'POST',
    headers: authorization === null ? {} : { authorization },
  });

  it('puts its name on the queue, and does nothing else', async () => {
    const { get, operator } = await serve();
    const response = await get('/api/recipes/gitea/reconcile', ask(`Bearer ${TOKEN}`));
    expect(response.status).toBe(202);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ apiVersion: 'reconcile/v1', kind: 'Wanted', recipes: ['gitea'] });
    expect(operator.wanted).toEqual([{ recipe: 'gitea', cause: 'person' }]);
  });

  it.each([
    ['no token', null],
    ['another token', 'Bearer another'],
    ['the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['the token and more', `Bearer ${TOKEN}x`],
    ['an empty token', 'Bearer '],
    ['another scheme', `Basic ${TOKEN}`],
    ['no scheme', TOKEN],
  ])('is refused with %s', async (_, authorization) => {
    const { get, operator } = await serve();
    const response = await get('/api/recipes/gitea/reconcile', ask(authorization));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="reconcile"/);
    expect(operator.wanted).toEqual([]);
  });

  it('takes the name of the scheme in any case', async () => {
    const { get } = await serve();
    expect((await get('/api/recipes/gitea/reconcile', ask(`bearer ${TOKEN}`))).status).toBe(202);
  });

  it.each([[null], ['']])('is refused where no token is configured (%o)', async (token) => {
    const { get, operator } = await serve(undefined, { token });
    for (const authorization of [null, 'Bearer ', `Bearer ${TOKEN}`])
      expect((await get('/api/recipes/gitea/reconcile', ask(authorization))).status).toBe(403);
    expect(operator.wanted).toEqual([]);
  });

  it('says whether there is such a recipe to nobody without the token', async () => {
    const { get } = await serve();
    expect((await get('/api/recipes/nobody/reconcile', ask('Bearer another'))).status).toBe(401);
    expect((await get('/api/recipes/nobody/reconcile', ask(`Bearer ${TOKEN}`))).status).toBe(404);
  });

  it('takes no body for it', async () => {
    const { port, operator } = await serve(undefined, {
      limits: { headersMs: 3000, requestMs: 3000, checkMs: 50 },
    });
    const connection = await RawConnection.open(port);
    connection.say(
      `POST /api/recipes/gitea/reconcile HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const flood = setInterval(() => connection.say(chunk), 5);
    await connection.hears(/^HTTP\/1\.1 202 /);
    await connection.closed;
    clearInterval(flood);
    expect(operator.wanted).toHaveLength(1);
  });
});
