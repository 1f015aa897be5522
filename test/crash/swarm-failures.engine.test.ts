/** What fails around a trial on a Swarm: the way to the engine, the disk of the state folder, the helper's. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { docker, HELPER_IMAGE } from '../fixtures/swarm/docker.ts';
import { release, SwarmFleet } from '../fixtures/swarm/fleet.ts';
import { onEngine } from '../fixtures/swarm/on-engine.ts';
import { store } from '../fixtures/swarm/recipes.ts';
import type { Running } from '../fixtures/fleet.ts';
import { namedVolumes } from '../fixtures/named-generations.ts';
import { until } from '../suites/driver.ts';

const execute = promisify(execFile);
const V1 = '1.0.0+1';
const V2 = '2.0.0+2';

let swarm: SwarmFleet;
let undo: () => Promise<unknown> = () => Promise.resolve();
afterEach(async () => {
  await undo();
  undo = () => Promise.resolve();
  await swarm.dispose();
});

/** A pass that is in the middle of an upgrade: the new release, or the one before it, is on the Swarm. */
async function upgrading(): Promise<Running> {
  const running = swarm.start('--once', '--json');
  await until(() => running.stderr().includes(': upgrade'), 120_000);
  await until(async () => (await onEngine(swarm.fleet)).services.length > 0, 60_000);
  return running;
}

/** A way to the engine that can be shut. */
class Gate {
  readonly host: string;
  readonly #path: string;
  readonly #engine: string;
  readonly #open = new Set<Socket>();
  #server: Server | null = null;

  constructor(path: string) {
    this.#path = path;
    this.host = `unix://${path}`;
    this.#engine = (process.env['DOCKER_HOST'] ?? '').replace(/^unix:\/\//, '');
  }

  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: this.#engine, allowHalfOpen: true });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one);
        one.on('error', () => one.destroy()).on('close', () => other.destroy());
        one.pipe(other);
      }
    }).listen(this.#path);
    await once(server, 'listening');
    this.#server = server;
  }

  async shut(): Promise<void> {
    const closed = once(this.#server ?? createServer(), 'close');
    this.#server?.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

describe('in the middle of a trial on a Swarm', () => {
  it('the engine is out of reach: infra and not red, and the next pass ends what was left there', async () => {
    swarm = await SwarmFleet.create();
    const upstream = await swarm.recipe('unplugged', V1, store(V1));
    await swarm.sweep();
    await release(upstream, V2, store(V2));
    const before = await swarm.fleet.record('unplugged');
    const gate = new Gate(join(swarm.fleet.folder, 'gate'));
    await gate.open();
    swarm.through(gate.host);
    const running = await upgrading();
    await gate.shut();
    const { code, stdout, json } = await running.done;
    expect([code, json?.recipes?.[0]?.trial?.verdict], stdout).toEqual([expect.any(Number), 'infra']);
    expect(code).not.toBe(0);
    expect(await swarm.fleet.record('unplugged')).toEqual(before);
    swarm.through(null);
    const { rows } = await swarm.sweep('--retry-failed');
    expect(rows).toEqual({ unplugged: 'green in-sync' });
    await swarm.expectSound(await namedVolumes(swarm.fleet));
  });

  it('the disk of the state folder is full: nothing is lost, and it goes on once there is room', async () => {
    swarm = await SwarmFleet.create();
    const { state } = swarm.fleet;
    await execute('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', state]);
    undo = async () => await execute('umount', [state]);
    const upstream = await swarm.recipe('filled', V1, store(V1));
    await swarm.sweep();
    await release(upstream, V2, store(V2));
    const before = await swarm.fleet.record('filled');
    const running = await upgrading();
    const filler = join(state, 'filler');
    await expect(writeFile(filler, Buffer.alloc(32 * 1024 * 1024))).rejects.toThrow('ENOSPC');
    const { stdout, stderr, json } = await running.done;
    const verdict = json?.recipes?.[0]?.trial?.verdict ?? null;
    expect([null, 'infra'], `${stdout}${stderr}`).toContain(verdict);
    expect(`${stdout}${stderr}`).toMatch(/ENOSPC|no space left/i);
    expect(await swarm.fleet.record('filled')).toEqual(before);
    await rm(filler);
    const { rows } = await swarm.sweep('--retry-failed');
    expect(rows).toEqual({ filled: 'green in-sync' });
    await swarm.expectSound(await namedVolumes(swarm.fleet));
    await clear();
  });

  it('the helper has no room for a copy: infra, and said', async () => {
    swarm = await SwarmFleet.create();
    await makeFullHelper(join(swarm.fleet.folder, 'full'));
    const configure = async (helperImage: string): Promise<unknown> =>
      await swarm.fleet.reconciler({ driver: 'swarm', swarm: { helperImage, edge: 'none' } });
    await configure('full-helper:1');
    await swarm.recipe('crowded', V1, store(V1));
    const { rows, outcome } = await swarm.sweep();
    expect(rows).toEqual({ crowded: 'infra held' });
    expect(swarm.messageOf(outcome, 'crowded')).toContain('No space left on device');
    await swarm.expectNothingLeft();
    await configure(HELPER_IMAGE);
    expect((await swarm.sweep('--retry-failed')).rows).toEqual({ crowded: 'green in-sync' });
    await swarm.expectSound(await namedVolumes(swarm.fleet));
  });
});

/** What lies on the engine is found by what lies in the state folder, which goes with its file system. */
async function clear(): Promise<void> {
  const { volumes } = await onEngine(swarm.fleet);
  await docker('volume', 'rm', ...volumes);
}

/** A shell that fails where a copy would: within a real one the applets of a busybox come before any other program. */
async function makeFullHelper(folder: string): Promise<void> {
  const full = 'echo "cp: write error: No space left on device" >&2; exit 1';
  await execute('mkdir', [folder]);
  await writeFile(
    join(folder, 'sh'),
    `#!/bin/sh\ncase "$*" in *'copy "/from/'*) ${full} ;; esac\nexec /bin/sh "$@"\n`,
    { mode: 0o755 },
  );
  const lines = [`FROM ${HELPER_IMAGE}`, 'COPY sh /full/sh', 'ENV PATH=/full:/bin'];
  await writeFile(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  await docker('build', '--quiet', '--tag', 'full-helper:1', folder);
}
