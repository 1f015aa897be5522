// Runs the tests that take a Docker engine, on one of its own:
//
//   npm run test:swarm [-- FILE...]
//
// The engine, its Swarm and the tests live in a network, mount and process namespace of their own, with the engine's data
// in memory: so nothing of it can outlive this command, whatever a test leaves behind, and nothing of it can be reached
// from outside, nor can it reach out. That takes root, `dockerd` and `unshare`. With $RECONCILE_TEST_ENGINE the tests run
// on that engine instead (a value as for $DOCKER_HOST), which must be a manager of a Swarm that is nobody's.
//
// Both are looked at when the tests have ended, however they did: what they left on the engine, and what the engine left
// on this machine. Either is a failure. --config FILE runs other tests than those of vitest.swarm.config.ts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEngine, onEngineSince, onMachine, ownNamespaces } from './left-behind.mjs';

const root = new URL('..', import.meta.url).pathname;
const operands = process.argv.slice(2);
const given = process.env.RECONCILE_TEST_ENGINE ?? '';
const folder = process.env.RECONCILE_TEST_ENGINE_FOLDER ?? '';

const STARTING_MS = 60_000;
const STOPPING_MS = 30_000;
const DEFAULT_CONFIG = 'vitest.swarm.config.ts';

if (given !== '') process.exitCode = await testsOn(given);
else if (folder !== '') process.exitCode = await withEngine(folder);
else process.exitCode = await inNamespaces();

/** What the shell is for: as process 1 it collects whatever nobody else does. */
async function inNamespaces() {
  const missing = [
    'docker',
    'dockerd',
    'busybox',
    'caddy',
    'unshare',
    'nsenter',
    'ip',
    'iptables',
    'mount',
  ].filter((name) => !isOnPath(name));
  if (missing.length > 0 || process.getuid() !== 0) {
    const why = missing.length > 0 ? `there is no ${missing.join(', ')} here` : 'it takes root';
    console.error(`cannot start a Docker engine for the tests: ${why}`);
    console.error(
      'as root: apt-get install -y --no-install-recommends docker.io iptables iproute2 busybox-static caddy',
    );
    console.error("or name an engine that is nobody's with $RECONCILE_TEST_ENGINE");
    return 1;
  }
  const own = mkdtempSync(join(tmpdir(), 'swarm-tests-'));
  const told = join(own, 'namespaces');
  writeFileSync(told, '');
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const again = ['sh', '-c', '"$@"; exit $?', 'sh', process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, RECONCILE_TEST_ENGINE_FOLDER: own };
  const child = spawn('unshare', [...namespaces, ...again], { env, stdio: 'inherit' });
  // `unshare` itself heeds neither of these; and with it go the namespaces and everything in them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGKILL'));
  const [status] = await once(child, 'exit');
  const theirs = readFileSync(told, 'utf8').split('\n');
  rmSync(own, { recursive: true, force: true });
  return tell('this machine', await onMachine(own, theirs)) ? (status ?? 1) : 1;
}

async function withEngine(own) {
  writeFileSync(join(own, 'namespaces'), ownNamespaces().join('\n'));
  must('ip', ['link', 'set', 'lo', 'up']);
  const data = join(own, 'engine');
  const tmp = join(own, 'tmp');
  for (const each of [data, tmp]) mkdirSync(each);
  must('mount', ['-t', 'tmpfs', 'tmpfs', data]);
  const host = `unix://${join(data, 'socket')}`;
  const log = join(data, 'log');
  const options = [
    '--data-root',
    join(data, 'data'),
    '--exec-root',
    join(data, 'exec'),
    '--pidfile',
    join(data, 'pid'),
    '--cgroup-parent',
    `/${basename(own)}`,
  ];
  const output = openSync(log, 'a');
  const engine = spawn('dockerd', ['-H', host, ...options], { stdio: ['ignore', output, output] });
  const ended = new Promise((resolve) => engine.once('exit', resolve));
  try {
    await answering(host, engine, log);
    must('docker', ['swarm', 'init', '--advertise-addr', '127.0.0.1'], { ...process.env, DOCKER_HOST: host });
    return await testsOn(host, { TMPDIR: tmp });
  } finally {
    engine.kill('SIGTERM');
    await Promise.race([ended, sleep(STOPPING_MS)]);
  }
}

async function answering(host, engine, log) {
  const end = performance.now() + STARTING_MS;
  const env = { ...process.env, DOCKER_HOST: host };
  while (spawnSync('docker', ['version'], { env, stdio: 'ignore' }).status !== 0) {
    if (engine.exitCode !== null || performance.now() > end) {
      throw new Error(`the Docker engine did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
    }
    await sleep(100);
  }
}

/** What they left is looked for whatever became of them; they end in a failure if there is any. */
async function testsOn(host, over = {}) {
  const before = onEngine(host);
  const config = operands.includes('--config') ? [] : ['--config', DEFAULT_CONFIG];
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...config, ...operands];
  const env = { ...process.env, ...over, DOCKER_HOST: host };
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  const left = await onEngineSince(host, before);
  return tell('the engine', left) ? (status ?? 1) : 1;
}

/** Whether nothing was left. */
function tell(where, left) {
  if (left.length === 0) return true;
  console.error(`the tests left this behind on ${where}:`);
  for (const each of left) console.error(`  ${each}`);
  return false;
}

function must(file, args, env = process.env) {
  const { status, stderr } = spawnSync(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed: ${String(stderr)}`);
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(':').some((place) => existsSync(join(place, name)));
}
