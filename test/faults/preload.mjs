// Fault points for the built program, from outside of it: `node --import preload.mjs dist/main.js ...`.
//
// Everything of Node by which a process changes the world is wrapped: files (all of node:fs but what only reads),
// commands (all of node:child_process), signals. So each effect is a fault point by construction, a new one too, and
// the program itself holds no line of this. A point is named after when it comes (the step of the trial), what it
// does, and on what, without anything that differs between runs: `promote: rename canonical.json` (names.mjs).
//
//   FAULTS_ROOT     the state folder; names of files are relative to it
//   FAULTS_RECORD   a file to which every point that is passed is appended, one per line, and a `!` after the fault
//   FAULTS_PLAN     JSON: {point, occurrence, when, act, sticky}; `*` in a point stands for any run of characters;
//                   sticky: from that occurrence on, every time
//
//   when: 'before' or 'after' the call, or 'during': half written, half removed, or while the command runs
//   act:  'kill'    the program gets SIGKILL
//         'E...'    the call fails with this error of the system; what writes has written half of it
//         'fail', 'hang', 'half', 'killed', 'missing'   of a command: exits with 128; never ends; says half and
//                   exits with 0; is killed; cannot be started
import { AsyncLocalStorage } from 'node:async_hooks';
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { Phase } from './phase.mjs';
import { nameOfCall } from './names.mjs';

const { FAULTS_ROOT: root = '/', FAULTS_RECORD: recordFile, FAULTS_PLAN: planText } = process.env;
const plan = planText ? JSON.parse(planText) : null;
const appendFileSync = fs.appendFileSync.bind(fs);
const kill = process.kill.bind(process);
const pattern = new RegExp(
  `^${(plan?.point ?? '').replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*')}$`,
);
const phase = new Phase();
const passed = new Map();
/** Node's own calls within a call that is wrapped are part of it. */
const inside = new AsyncLocalStorage();

const READS =
  /^(access|exists|lstat|stat|statfs|fstat|read|readv|readFile|readdir|readlink|realpath|opendir|watch|watchFile|unwatchFile|createReadStream|close|openAsBlob|glob)(Sync)?$/;
const WORDS = {
  ENOSPC: 'no space left on device',
  EACCES: 'permission denied',
  EIO: 'i/o error',
  EPERM: 'operation not permitted',
};

/** What is to happen at this point; null where nothing is. */
function passPoint(what) {
  const point = `${phase.of(what)}: ${what}`;
  const occurrence = (passed.get(point) ?? 0) + 1;
  passed.set(point, occurrence);
  const due = plan !== null && pattern.test(point) && isNow(occurrence) ? plan : null;
  if (recordFile)
    inside.run(true, () => appendFileSync(recordFile, `${point}\n${due === null ? '' : '!\n'}`));
  return due;
}

function isNow(occurrence) {
  return plan.sticky === true ? occurrence >= plan.occurrence : occurrence === plan.occurrence;
}

function die() {
  kill(process.pid, 'SIGKILL');
  for (;;); // The signal takes effect before this is noticed.
}

const diesAt = (due, when) => due?.act === 'kill' && due.when === when;
const failsWith = (due) => (due !== null && /^E[A-Z]+$/.test(due.act) ? due.act : null);

function systemError(code, syscall, path) {
  const on = typeof path === 'string' ? ` '${path}'` : '';
  return Object.assign(new Error(`${code}: ${WORDS[code] ?? 'failed'}, ${syscall}${on}`), {
    code,
    syscall,
    path,
  });
}

/** Numbers are descriptors that were opened before; what lies in /proc and /dev is no file of anybody's. */
const isNoFile = ([path]) => typeof path === 'number' || /^\/(proc|dev)\//.test(String(path));
const onlyReads = ([, flags]) =>
  typeof flags === 'number' ? (flags & 3) === 0 : !/[wa+]/.test(flags ?? 'r');
const skipOf = (name) =>
  /^open(Sync)?$/.test(name) ? (args) => isNoFile(args) || onlyReads(args) : isNoFile;

/** The first part of a call, for one that is ended in the middle. A handle's write has no path before its contents. */
const HALVES = {
  writeFile: (call, args) => {
    const at = args.length - (typeof args.at(-1) === 'object' ? 2 : 1);
    const contents = String(args[at]);
    return call(...args.with(at, contents.slice(0, contents.length / 2)));
  },
  rm: async (call, [path, options]) => {
    const names = fs.readdirSync(path);
    for (const name of names.slice(0, Math.ceil(names.length / 2))) await call(join(path, name), options);
  },
};

function wrapAsync(target, name, nameFor, skip) {
  const original = target[name];
  target[name] = async function (...args) {
    if (inside.getStore() || skip(args)) return await original.apply(this, args);
    const due = passPoint(nameFor(this, args));
    const call = (...with_) => inside.run(true, () => original.apply(this, with_));
    if (diesAt(due, 'before')) die();
    const code = failsWith(due);
    if (due?.when === 'during') await HALVES[name]?.(call, args).catch(() => undefined);
    if (diesAt(due, 'during')) die();
    if (code !== null) throw systemError(code, name, args[0]);
    try {
      return await call(...args);
    } finally {
      if (diesAt(due, 'after')) die();
    }
  };
}

function wrapSync(target, name, nameFor, skip) {
  const original = target[name];
  target[name] = function (...args) {
    if (inside.getStore() || skip(args)) return original.apply(this, args);
    const due = passPoint(nameFor(this, args));
    if (diesAt(due, 'before')) die();
    const code = failsWith(due);
    if (code !== null) throw systemError(code, name, args[0]);
    const result = inside.run(true, () => original.apply(this, args));
    if (due?.act === 'kill') die();
    return result;
  };
}

for (const [module, wrap] of [
  [fs.promises, () => wrapAsync],
  [fs, () => wrapSync],
]) {
  for (const [name, value] of Object.entries(module)) {
    const isCall = typeof value === 'function' && /^[a-z]/.test(name) && !READS.test(name);
    if (isCall) wrap()(module, name, (_, args) => nameOfCall(root, name, args), skipOf(name));
  }
}

/** What a handle is of is known from how it was opened. */
const pathOf = new WeakMap();
const open = fs.promises.open;
fs.promises.open = async (...args) => {
  const handle = await open(...args);
  pathOf.set(handle, args[0]);
  return handle;
};
const anyHandle = await open('/dev/null', 'r');
const FileHandle = Object.getPrototypeOf(anyHandle);
await anyHandle.close();
for (const name of [
  'writeFile',
  'appendFile',
  'write',
  'writev',
  'sync',
  'datasync',
  'truncate',
  'chmod',
  'chown',
  'utimes',
]) {
  const nameFor = (handle, args) => {
    const what = nameOfCall(root, name, [pathOf.get(handle) ?? '?']);
    if (name === 'writeFile') phase.notice(args[0]);
    return what;
  };
  wrapAsync(FileHandle, name, nameFor, () => false);
}

const spawn = childProcess.spawn;
childProcess.spawn = function (file, args = [], options = {}) {
  const due = passPoint(nameOfCall(root, 'run', [file, ...args]));
  if (diesAt(due, 'before')) die();
  const command = due === null ? [file, args] : replaced(due.act, file, args);
  const child = spawn.call(this, ...command, options);
  if (diesAt(due, 'during')) die();
  if (diesAt(due, 'after')) child.on('exit', die);
  return child;
};
for (const name of ['exec', 'execFile', 'fork', 'execSync', 'execFileSync', 'spawnSync'])
  wrapSync(
    childProcess,
    name,
    (_, args) => nameOfCall(root, 'run', [args[0]]),
    () => false,
  );

function replaced(act, file, args) {
  const half = 'all=$("$@"; echo .); half=$(( ${#all} / 2 )); printf "%.${half}s" "$all"';
  const instead = {
    fail: ['sh', ['-c', 'echo "fatal: injected failure" >&2; exit 128']],
    hang: ['sleep', ['1000000']],
    half: ['sh', ['-c', half, 'half', file, ...args]],
    killed: ['sh', ['-c', 'kill -KILL $$']],
    missing: ['/nonexistent/program', []],
  };
  return instead[act] ?? [file, args];
}

wrapSync(
  process,
  'kill',
  (_, [, signal]) => `signal ${signal}`,
  ([, signal]) => signal === 0,
);

syncBuiltinESMExports();
