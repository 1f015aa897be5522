/** Upstreams that serve what no honest one would: bounded, named, and harmless to the local and the team's mirror. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TamperingProxy } from '../../fixtures/tampering-proxy.ts';
import { MirrorBench, namesIn, refsIn } from './harness.ts';

let bench: MirrorBench;
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await bench.close();
});

it('names that git cannot hold are left out and told; the rest is mirrored', async () => {
  bench = await MirrorBench.open();
  await bench.upstream.release('1.0.0+1');
  const commit = await bench.upstream.head();
  const proxy = await TamperingProxy.start(bench.server.origin);
  ends.push(() => proxy.close());
  const odd = [
    'refs/tags/../../../config',
    'refs/tags/a..b',
    'refs/tags/a:refs/heads/main',
    'config',
    '../x',
  ];
  const packets = odd.map((name) => packet(`${commit} ${name}\n`)).join('');
  const spoil = (body: Buffer) => Buffer.concat([Buffer.from(packets), body]);
  proxy.tampering = { answer: 'refs', spoil, ending: 'well' };
  await bench.sync({ ...bench.both(), upstream: proxy.url('upstream') });
  expect(await refsIn(bench.team)).toEqual(await refsIn(bench.upstream));
  expect(await refsIn(bench.local)).toEqual(await refsIn(bench.upstream));
  expect(bench.notes[0]).toBe(
    `upstream ${proxy.url('upstream')} lists what git cannot hold, and it is left out: ` +
      '"refs/tags/../../../config", "refs/tags/a..b", "refs/tags/a:refs/heads/main"',
  );
});

it('an advertisement that never ends is given up at the deadline, and said to be of upstream', async () => {
  bench = await MirrorBench.open({ timeoutMs: 1500 });
  const line = packet(`${'0'.repeat(39)}1 refs/tags/x\n`);
  const server = createServer((request, response) => {
    const isListing = request.method === 'POST';
    const kind = isListing ? 'result' : 'advertisement';
    response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}` });
    if (!isListing) {
      response.end(
        `${packet('# service=git-upload-pack\n')}0000${packet('version 2\n')}${packet('ls-refs\n')}0000`,
      );
      return;
    }
    const drip = setInterval(() => response.write(line), 5);
    response.once('close', () => clearInterval(drip));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const url = `http://127.0.0.1:${port}/app`;
  await expect(bench.sync(bench.alone({ upstream: url }))).rejects.toMatchObject({
    verdict: 'infra',
    reason: 'upstream-sync-failed',
    message: `could not list the refs of upstream ${url}: git did not answer within 1.5 s`,
  });
});

it('ten thousand tags are mirrored', async () => {
  bench = await MirrorBench.open();
  await withManyTags(10_000);
  await bench.sync(bench.alone());
  expect(await refsIn(bench.local)).toEqual(await refsIn(bench.upstream));
});

it('more tags than one push takes reach the mirror; of those that are new afterwards none but they are pushed', async () => {
  bench = await MirrorBench.open();
  await withManyTags(700);
  await bench.sync();
  expect(await refsIn(bench.team)).toEqual(await refsIn(bench.upstream));
  expect(bench.server.requests.get('/team/git-receive-pack')).toBe(3);
  await bench.upstream.tag('one-more');
  bench.server.requests.clear();
  await bench.sync();
  expect(await namesIn(bench.team)).toContain('refs/tags/one-more');
  expect(bench.server.requests.get('/team/git-receive-pack')).toBe(1);
});

async function withManyTags(count: number): Promise<void> {
  const commit = await bench.upstream.release('1.0.0+1');
  const tags = Array.from(
    { length: count },
    (_, index) => `${commit} refs/tags/many/${String(index).padStart(5, '0')}\n`,
  );
  await writeFile(join(bench.upstream.folder, '.git', 'packed-refs'), tags.join(''));
}

function packet(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;
}
