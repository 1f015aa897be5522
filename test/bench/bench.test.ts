import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measurements } from '../../bench/benchmark.ts';
import type { Figure } from '../../bench/figures.ts';
import { assertUntouched, promoteTemplate, reconcile, replicate, type Fleet } from '../../bench/fleet.ts';
import { measure, measurePeak } from '../../bench/measure.ts';
import { originOf } from '../../bench/origin.ts';
import { recordedServer } from '../../bench/recorded-server.ts';
import { record, type Recording } from '../../bench/recording.ts';
import { makeUpstream, TAGS } from '../../bench/upstream.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { GIT_ENVIRONMENT } from '../fixtures/upstream-repo.ts';

const execute = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../scripts/bench.mjs', import.meta.url));

let folder: string;
let git: HttpGit;
let recording: Recording;
let server: Server;
let newest: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  ({ newest } = await makeUpstream(join(folder, 'repositories', 'upstream')));
  git = await HttpGit.start(join(folder, 'repositories'));
  recording = await record(git.url('upstream'));
  server = recordedServer(recording).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await git.close();
  await rm(folder, { recursive: true });
});

describe('the server that answers from memory', () => {
  async function refsOf(url: string): Promise<string> {
    const args = ['-c', 'protocol.version=2', 'ls-remote', '--symref', '--', url];
    return (await execute('git', args, { env: GIT_ENVIRONMENT })).stdout;
  }

  it('tells git the refs that the real one tells, under every name', async () => {
    const real = await refsOf(git.url('upstream'));
    expect(real.match(/refs\/tags\/[^^\n]+$/gm)).toHaveLength(TAGS);
    expect(real.match(/\^\{\}$/gm)).toHaveLength(TAGS / 2);
    expect(await refsOf(`${originOf(server)}/recipe-0001`)).toBe(real);
    expect(await refsOf(`${originOf(server)}/recipe-0002`)).toBe(real);
  });

  it('answers what was recorded byte for byte as the real one answers it', async () => {
    const asked = {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
      body: new Uint8Array(Buffer.from(recording.request, 'base64')),
    };
    const answers = [git.url('upstream'), `${originOf(server)}/recipe-0001`].map(async (url) => {
      const answer = await fetch(`${url}/git-upload-pack`, asked);
      return [answer.headers.get('content-type'), await answer.text()];
    });
    const [real, played] = await Promise.all(answers);
    expect(played).toEqual(real);
    expect(real?.[1]).toContain(`refs/tags/${newest}`);
  });

  it('refuses what was not recorded', async () => {
    const answer = await fetch(`${originOf(server)}/recipe-0001/info/refs?service=git-upload-pack`);
    expect(answer.status).toBe(400);
  });
});

describe('a fleet that was copied from one promoted recipe', () => {
  let template: Fleet;
  let fleet: Fleet;

  beforeAll(async () => {
    template = await promoteTemplate(join(folder, 'template'), git.url('upstream'));
    fleet = await replicate(template, { folder: join(folder, 'ten'), origin: originOf(server), size: 10 });
  });

  it('is in sync to the program, with its releases asked from the server', async () => {
    const { stdout } = await measure(reconcile(fleet, '--once', '--json'));
    const { recipes }: { recipes: Record<string, unknown>[] } = JSON.parse(stdout);
    expect(recipes).toHaveLength(10);
    for (const recipe of recipes) {
      expect(recipe).toMatchObject({ decision: 'in-sync', acted: false, latest: { version: newest } });
      expect(recipe).toMatchObject({ canonical: { version: newest, generation: 1 }, leftovers: [] });
    }
    await assertUntouched(fleet);
  });

  it('stands up to an audit that reads every volume', async () => {
    // The mirror of each was fetched from the repository that the recording was made of.
    const { stdout } = await measure(reconcile(fleet, 'audit', '--deep'));
    expect(stdout).toMatch(/claims: \d+ hold$/m);
  });

  it('is refused where the program finds anything but that', async () => {
    const nowhere = { folder: join(folder, 'odd'), origin: 'http://127.0.0.1:9', size: 2 };
    await expect(replicate(template, nowhere)).rejects.toThrow(/exit code 4/);
  });

  it('is not untouched once something of a recipe was written', async () => {
    const other = await replicate(template, {
      folder: join(folder, 'two'),
      origin: originOf(server),
      size: 2,
    });
    await execute('touch', [join(other.folder, 'state', 'recipe-0001', 'status.json')]);
    await expect(assertUntouched(other)).rejects.toThrow(/recipe-0001\/status\.json/);
  });
});

describe('what is measured of a command', () => {
  it('is the CPU of everything that it started', async () => {
    const busy = 'for (const end = Date.now() + 300; Date.now() < end;);';
    const inner = `require("node:child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(busy)}])`;
    const { cpuMs, wallMs } = await measure({ file: process.execPath, args: ['-e', inner] });
    expect(cpuMs).toBeGreaterThan(0);
    expect(wallMs).toBeGreaterThanOrEqual(300);
  });

  it('is how large it became, also where it is smaller in the end', async () => {
    const large = 'let text = Buffer.alloc(200 * 2 ** 20, 1); text = null;';
    const peak = await measurePeak({ file: process.execPath, args: ['-e', large] });
    expect(peak).toBeGreaterThan(200);
  });

  it('is nothing where it fails', async () => {
    await expect(measure({ file: 'sh', args: ['-c', 'echo no >&2; exit 3'] })).rejects.toThrow(
      /exit code 3: no/,
    );
  });
});

it('measures everything once, and says so as one JSON object', async () => {
  const args = [SCRIPT, '--sizes', '10', '--rounds', '1', '--json'];
  // Whether a busy machine reaches a figure is not what is tested.
  const { stdout } = await execute(process.execPath, args).catch((error: { stdout: string }) => error);
  const measured: Measurements & { figures: Figure[] } = JSON.parse(stdout);
  expect(measured.observations.map(({ size, server: by }) => [size, by])).toEqual([
    [10, 'memory'],
    [10, 'git http-backend'],
  ]);
  for (const { once: pass, plan, floor, git: listed, peakMiB } of measured.observations) {
    for (const cost of [pass, plan, floor, listed]) expect(cost?.wallMs).toBeGreaterThan(0);
    expect(peakMiB).toBeGreaterThan(10);
  }
  expect(measured.status.recipes).toBe(10);
  expect(measured.seed.passMs).toBeGreaterThan(measured.seed.trialMs);
  expect(measured.seed.trialMs).toBeGreaterThan(0);
  expect(measured.served.pageMs).toBeGreaterThan(0);
  expect(measured.served.scrapeMs).toBeGreaterThan(0);
  expect(measured.served.webhookMs).toBeGreaterThan(0);
  expect(measured.served.editMs).toBeGreaterThan(0);
  expect(measured.figures).toHaveLength(13);
});
