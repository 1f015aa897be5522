// What a run of the tests on an engine left behind: on the engine, by kind, and on this machine once the engine is gone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Those that the engine and the tests have to themselves. */
const NAMESPACES = ['mnt', 'net', 'pid'];
const CGROUPS = '/sys/fs/cgroup';

/** What is killed, or removed, is gone a moment later: an engine says so of networks before it has. */
const GONE_WITHIN_MS = 10_000;
const PAUSE_MS = 100;

const LISTINGS = [
  ['stack', 'ls', '--format', '{{.Name}}'],
  ['service', 'ls', '--format', '{{.Name}}'],
  ['container', 'ls', '--all', '--format', '{{.Names}}'],
  ['volume', 'ls', '--format', '{{.Name}}'],
  ['network', 'ls', '--format', '{{.Name}}'],
  ['secret', 'ls', '--format', '{{.Name}}'],
  ['config', 'ls', '--format', '{{.Name}}'],
];

/** Made by the engine itself once it needs it. */
const ITS_OWN = 'network docker_gwbridge';

/** What is on an engine now, and was not before. */
export async function onEngineSince(host, before) {
  return await onceGone(() => onEngine(host).filter((each) => !before.includes(each)));
}

/** Everything on an engine that a test could have made, but images, which the next one uses again. */
export function onEngine(host) {
  const env = { ...process.env, DOCKER_HOST: host };
  return LISTINGS.flatMap((args) => {
    const { status, stdout, stderr } = spawnSync('docker', args, { env, encoding: 'utf8' });
    if (status !== 0) return [`what docker ${args[0]} ls does not tell: ${stderr.trim()}`];
    const names = stdout.split('\n').filter((name) => name !== '');
    return names.map((name) => `${args[0]} ${name}`).filter((each) => each !== ITS_OWN);
  });
}

/** Of whoever asks. */
export function ownNamespaces() {
  return NAMESPACES.map((name) => readlinkSync(`/proc/self/ns/${name}`));
}

/**
 * Of an engine whose folder is, or was, `folder`, and that had these namespaces: processes of it, of its containers or of
 * the tests, mounts and control groups. A namespace is there for as long as a process or a mount holds it, and a network
 * link for as long as its namespace: these need no look of their own.
 */
export async function onMachine(folder, namespaces) {
  return await onceGone(() => {
    const left = [...processesOf(folder, namespaces), ...mountsOf(folder), ...controlGroupsOf(folder)];
    return existsSync(folder) ? [...left, `folder ${folder}`] : left;
  });
}

async function onceGone(look) {
  const end = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = look();
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(PAUSE_MS);
  }
}

function processesOf(folder, namespaces) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids
    .filter((pid) => {
      const isInside = NAMESPACES.some((name) => namespaces.includes(linkOf(`/proc/${pid}/ns/${name}`)));
      const told = ['environ', 'cmdline', 'cgroup'].map((name) => textOf(`/proc/${pid}/${name}`));
      return isInside || told.some((text) => text.includes(basename(folder)));
    })
    .map((pid) => `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`);
}

function mountsOf(folder) {
  const lines = textOf('/proc/self/mountinfo').split('\n');
  return lines.filter((line) => line.includes(folder)).map((line) => `mount ${line.split(' ')[4]}`);
}

/** The engine leaves its own, with nobody in it; removing one that holds somebody fails. */
function controlGroupsOf(folder) {
  const hierarchies = existsSync(CGROUPS) ? readdirSync(CGROUPS).map((name) => join(CGROUPS, name)) : [];
  const groups = [CGROUPS, ...hierarchies].map((path) => join(path, basename(folder))).filter(existsSync);
  return groups.flatMap((group) => removeGroup(group));
}

function removeGroup(group) {
  const inner = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const left = inner.flatMap(({ name }) => removeGroup(join(group, name)));
  try {
    rmdirSync(group);
    return left;
  } catch (error) {
    return error.code === 'ENOENT' ? left : [...left, `control group ${group}`];
  }
}

/** Whoever ends while it is looked at is gone, which is what is asked. */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
