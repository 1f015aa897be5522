import { createServer } from 'node:http';
import { openBooks } from './books.mjs';

const { PORT, VERSION, VOLUME_BOOKS } = process.env;
const books = openBooks(VOLUME_BOOKS);
console.log(`the books hold ${books.all().length} entries`);

const balance = () => books.all().reduce((sum, { cents }) => sum + cents, 0);

const routes = {
  'GET /': () => [200, { version: VERSION, entries: books.all().length, balance: balance() }],
  'GET /entries': () => [200, books.all()],
  'POST /entries': (body) => {
    const { what, cents } = JSON.parse(body);
    books.add({ what: String(what), cents: Number(cents) });
    return [201, { balance: balance() }];
  },
};

async function answer(request) {
  const route = routes[`${request.method} ${request.url}`];
  if (route === undefined) return [404, { error: 'no such page' }];
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    return route(body);
  } catch (error) {
    return [400, { error: String(error) }];
  }
}

createServer(async (request, response) => {
  const [status, content] = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(content)}\n`);
}).listen(Number(PORT), '127.0.0.1', () => console.log(`ledger ${VERSION} listens on ${PORT}`));
