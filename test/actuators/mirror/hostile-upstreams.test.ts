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
    `upstream ${proxy.url('upstream')} lists what no mirror can hold, and it is left out: ` +
      '"refs/tags/../../../config", "refs/tags/a..b", "refs/tags/a:refs/heads/main"',
  );
});

it('names that are no text are left out and told, and no name of our making takes their place', async () => {
  bench = await MirrorBench.open();
  const commit = await bench.upstream.release('1.0.0+1');
  const latin1 = (name: string) => Buffer.from(`${commit} refs/tags/${name}\n`, 'latin1');
  await writeFile(
    join(bench.upstream.folder, '.git', 'packed-refs'),
    Buffer.concat([latin1('caf\u00e8'), latin1('caf\u00e9')]),
  );
  await bench.sync();
  expect(await namesIn(bench.team)).toEqual(['refs/heads/main', 'refs/tags/1.0.0+1']);
  expect(await namesIn(bench.local)).toEqual(['refs/heads/main', 'refs/tags/1.0.0+1']);
  expect(bench.notes[0]).toMatch(
    / lists what no mirror can hold, and it is left out: "refs\/tags\/caf\ufffd"$/,
  );
});

it('names that no file system holds are left out and told in part; the rest is mirrored', async () => {
  bench = await MirrorBench.open();
  const commit = await bench.upstream.release('1.0.0+1');
  const deep = (length: number) => Array.from({ length: 5 }, () => 'y'.repeat(length)).join('/');
  const longest = ['x'.repeat(250), 'ä'.repeat(125), deep(197)];
  const tooLong = ['x'.repeat(251), 'ä'.repeat(126), deep(198)];
  const crowded = ['1.0.0+1/then', '1.0.0+1/then/more', '1.0.0+1-is-not'];
  const lines = [...longest, ...tooLong, ...crowded].map((name) => `${commit} refs/tags/${name}\n`);
  await writeFile(join(bench.upstream.folder, '.git', 'packed-refs'), lines.toSorted().join(''));
  await bench.sync();
  const kept = ['1.0.0+1', '1.0.0+1-is-not', ...longest].map((name) => `refs/tags/${name}`);
  expect((await namesIn(bench.team)).toSorted()).toEqual(['refs/heads/main', ...kept].toSorted());
  expect(await refsIn(bench.local)).toEqual(await refsIn(bench.team));
  expect(bench.notes[0]).toContain('"refs/tags/1.0.0+1/then", "refs/tags/1.0.0+1/then/more"');
  expect(bench.notes[0]).toContain(`"refs/tags/${'x'.repeat(89)}…`);
  expect(bench.notes[0]?.length).toBeLessThan(1000);
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
