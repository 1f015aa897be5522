/**
 * Whatever a manifest names as a repository: it is refused, or real git can be handed it without starting anything but
 * its own transports, and ssh only with a host and a quoted command (invariant I12).
 */
import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { upstreamFrom } from '../../../src/desired/upstream.ts';
import { gitLister } from '../../../src/remotes/git-lister.ts';
import { absoluteUpstream, faultOfUpstream } from '../../../src/desired/upstream-url.ts';
import { manifest } from '../../reconciler/world.ts';
import { mutated, mutations, oddText } from '../arbitraries.ts';
import { URLS } from '../corpus/urls.ts';
import { property } from '../property.ts';

const GOOD = [
  'https://git.example.org/x.git',
  'http://[::1]:8080/x',
  'ssh://git@host:22/x',
  'git@host:team/x.git',
  'file:///tmp/x',
  '/tmp/x',
  '../x',
  'x',
];
const FRAGMENTS = [
  'ext::',
  'fd::',
  '--upload-pack=',
  '-oProxyCommand=',
  '$(touch PWNED)',
  '`touch PWNED`',
  "'",
  ';touch PWNED;',
  '\n',
  '::',
  '://',
  '@',
  ':',
  '/',
  '-',
  '%0a',
  '%2d',
  '\\',
  '#',
  '?',
  '[',
  ']',
  '~',
  ' ',
  '..',
  'ssh://',
  'file://',
  'PWNED',
];
/** Programs that a command, should one be run, would be likely to start; each leaves a trace instead of working. */
const WATCHED = ['touch', 'sh', 'bash', 'id', 'nc', 'curl', 'python3', 'perl', 'node'];

const cases = fc.oneof(
  fc
    .tuple(fc.constantFrom(...GOOD, ...Object.values(URLS)), mutations(FRAGMENTS))
    .map(([url, list]) => mutated(url, list)),
  oddText,
);

export const urls = property<string>({
  name: 'URLs: refused, or handed to real git without starting anything else',
  runs: 60,
  corpus: URLS,
  cases,
  open: async () => {
    const root = await mkdtemp(join(tmpdir(), 'fuzz-urls-'));
    const [pwned, started, ssh] = [join(root, 'pwned'), join(root, 'started'), join(root, 'ssh-calls')];
    await mkdir(join(root, 'bin'));
    for (const name of WATCHED)
      await executable(join(root, 'bin', name), `echo ${name} "$@" >> '${started}'`);
    await executable(
      join(root, 'bin', 'ssh'),
      `{ printf '%s\\0' "$@"; printf '\\n\\0'; } >> '${ssh}'; exit 255`,
    );
    const before = { ...process.env };
    // Nobody listens there: whatever would go out to the network is refused at once.
    const nowhere = 'http://127.0.0.1:9';
    Object.assign(process.env, {
      http_proxy: nowhere,
      https_proxy: nowhere,
      PATH: `${root}/bin:${before['PATH']}`,
    });
    return {
      holds: async (text) => {
        const url = text.replaceAll('PWNED', pwned);
        if (faultOfUpstream(url) !== null) return;
        await rm(ssh, { force: true });
        const upstream = upstreamFrom(gitLister({ mark: 'fuzz', timeoutMs: 10_000 }));
        const wanted = manifest({ upstream: absoluteUpstream(url, root) });
        const reading = await upstream.refs(wanted, { signal: new AbortController().signal, concurrency: 1 });
        // Taken out of its place it is a password no more.
        if (!reading.readable && text.includes(':hush@')) expect(reading.why).not.toContain('hush');
        expect([pwned, started].filter((path) => existsSync(path))).toEqual([]);
        for (const call of callsIn(ssh)) assertHarmless(call);
      },
      close: async () => {
        for (const name of ['http_proxy', 'https_proxy', 'PATH']) restore(name, before[name]);
        await rm(root, { recursive: true });
      },
    };
  },
});

function callsIn(file: string): string[][] {
  if (!existsSync(file)) return [];
  const calls = readFileSync(file, 'utf8')
    .split('\n\0')
    .filter((call) => call !== '');
  return calls.map((call) => call.split('\0').slice(0, -1));
}

/** Our own option, options that git adds, a host that is none, and one command whose operand is one quoted word. */
function assertHarmless(call: readonly string[]): void {
  const options = /^(-oBatchMode=yes|-o|SendEnv=GIT_PROTOCOL|-G|-p|\d{1,5}|-4|-6)$/;
  const host = call.findIndex((word) => !options.test(word));
  expect(call[host]).toMatch(/^([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9:[][A-Za-z0-9.:\]-]*$/);
  const rest = call.slice(host + 1);
  expect(rest.length).toBeLessThanOrEqual(1);
  if (rest.length === 1) expect(rest[0]).toMatch(/^git-upload-pack '([^'!]|'\\['!]')*'$/s);
}

async function executable(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
