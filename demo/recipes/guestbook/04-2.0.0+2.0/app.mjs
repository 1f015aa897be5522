import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { openStore } from './store.mjs';

const { PORT, VERSION, DOMAIN, VOLUME_DATA, SECRET_SIGNING_KEY_FILE } = process.env;
const signingKey = readFileSync(SECRET_SIGNING_KEY_FILE);
const store = openStore(VOLUME_DATA);

const tokenOf = (client) => createHmac('sha256', signingKey).update(client).digest('hex');

const routes = {
  'GET /': () => [200, `Guestbook ${VERSION} at ${DOMAIN}: ${store.all().length} entries`],
  'GET /entries': ({ query }) => [200, query.has('author') ? store.by(query.get('author')) : store.all()],
  'POST /entries': ({ body }) => {
    const { author, text } = JSON.parse(body);
    store.add({ author: String(author), text: String(text) });
    return [201, { entries: store.all().length }];
  },
  'POST /clients': ({ body }) => [201, { token: tokenOf(String(JSON.parse(body).name)) }],
  'GET /feed': ({ query }) =>
    query.get('token') === tokenOf(query.get('client') ?? '')
      ? [200, store.all()]
      : [403, 'register at POST /clients first'],
};

async function answer(request) {
  const url = new URL(request.url, 'http://localhost');
  const route = routes[`${request.method} ${url.pathname}`];
  if (route === undefined) return [404, 'no such page'];
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    return route({ body, query: url.searchParams });
  } catch (error) {
    return [400, String(error)];
  }
}

createServer(async (request, response) => {
  const [status, content] = await answer(request);
  const json = typeof content !== 'string';
  response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/plain' });
  response.end(`${json ? JSON.stringify(content) : content}\n`);
}).listen(Number(PORT), '127.0.0.1', () => console.log(`guestbook ${VERSION} listens on ${PORT}`));
