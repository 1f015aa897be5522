import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { PORT, VERSION, VOLUME_DATA, DEP_GUESTBOOK_URL, GUESTBOOK_CLIENT, GUESTBOOK_TOKEN } = process.env;
if (!DEP_GUESTBOOK_URL || !GUESTBOOK_TOKEN) {
  console.error('notifier: it needs DEP_GUESTBOOK_URL, GUESTBOOK_CLIENT and GUESTBOOK_TOKEN');
  process.exit(1);
}

const readUpTo = join(VOLUME_DATA, 'read-up-to');

async function unread() {
  const feed = new URL('/feed', DEP_GUESTBOOK_URL);
  feed.search = new URLSearchParams({ client: GUESTBOOK_CLIENT, token: GUESTBOOK_TOKEN });
  const response = await fetch(feed, { signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`the guestbook answered ${response.status}`);
  const entries = await response.json();
  const known = existsSync(readUpTo) ? Number(readFileSync(readUpTo, 'utf8')) : 0;
  writeFileSync(readUpTo, String(entries.length));
  return entries.slice(known);
}

createServer(async (_request, response) => {
  try {
    const entries = await unread();
    response.end(`notifier ${VERSION}: connected, ${entries.length} new entries\n`);
  } catch (error) {
    response.writeHead(503).end(`notifier ${VERSION}: ${error.message}\n`);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`notifier ${VERSION} listens on ${PORT}`));
