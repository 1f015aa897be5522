/**
 * The one way this program runs git: without anybody's configuration, hooks, templates, helpers or prompts, with a
 * listed environment, and only over transports that cannot run a command (invariant I12). Every call has a deadline.
 */
import { keepStart } from './cut.ts';
import { childEnvironment } from './environment.ts';
import { TrialFault } from './reconciler/errors.ts';
import type { Login } from './reconciler/model.ts';
import { run, type RunResult } from './run.ts';
import type { Lifelines } from './state/lifelines.ts';
import { authorizationOf, withoutSecrets } from './tokens.ts';

export interface GitOptions {
  cwd?: string;
  timeoutMs: number;
  mark: string;
  /** Of these it inherits one open, by which what it started is found even where it cleared its environment. */
  lifelines?: Lifelines;
  signal?: AbortSignal;
  /** Only lists refs: no honest list makes git take more memory than is allowed then. */
  listsOnly?: boolean;
  /** The remote that is asked, and who asks it; none where nobody is asked, or everybody may. */
  access?: { url: string; login: Login | null };
  /** What git reads from its standard input; there is no bound to it, as there is to its arguments. */
  input?: string;
}

export interface GitAnswer {
  exitCode: number;
  stdout: string;
  /** What git, or the server behind it, said besides; without secrets. */
  complaint: string;
  /** Any of the server's words within `stdout`, as they may be repeated. */
  cleaned: (words: string) => string;
}

/** A listing longer than this is not believed, and not kept. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** A server says in its own words why it refuses; how many these are is up to it. */
const LONGEST_COMPLAINT = 2000;

/**
 * Git holds a list of refs in memory before it shows any of it, and a server may list without end. Where the shell knows no
 * such limit, the deadline is what is left. What git is given reaches it as it is: no shell reads it.
 */
const BOUNDED = ['/bin/sh', '-c', 'ulimit -d 524288 2>/dev/null; exec "$@"', 'bounded'];

/** What git itself may need of our environment: the way out, and the user's own ssh. */
const PASSED_ON = (
  'SSH_AUTH_SOCK SSL_CERT_FILE SSL_CERT_DIR GIT_SSL_CAINFO GIT_SSL_CAPATH ' +
  'http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY'
).split(' ');

const CONFIGURATION = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'credential.helper=',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
  'protocol.version=2',
].flatMap((setting) => ['-c', setting]);

/** Whoever is at work on something says so every few seconds: who says nothing for so long is not coming back. */
const SILENCE_MS = 60_000;

/**
 * Runs git and returns its standard output. Throws `TrialFault` `infra` otherwise; `what` says in the message what
 * was attempted, on what. Operands that come from outside must follow a `--` in `args`.
 */
export async function git(what: string, args: readonly string[], options: GitOptions): Promise<string> {
  return (await askGit(what, args, options, [0])).stdout;
}

/** The same for a git whose exit code is an answer too: any of `answers` is none that failed. */
export async function askGit(
  what: string,
  args: readonly string[],
  options: GitOptions,
  answers: readonly number[],
): Promise<GitAnswer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Should we be killed, a git that waits for a server that says nothing ends by itself.
  const patience = [
    '-c',
    'http.lowSpeedLimit=1',
    '-c',
    `http.lowSpeedTime=${Math.ceil(Math.min(options.timeoutMs, SILENCE_MS) / 1000)}`,
  ];
  const access = await accessTo(options);
  const { lifelines, ...passedOn } = options;
  const [file = '', ...operands] = [
    ...(options.listsOnly === true ? BOUNDED : []),
    'git',
    ...CONFIGURATION,
    ...patience,
    ...args,
  ];
  const call = async (lifeline?: string): Promise<RunResult> =>
    await run(file, operands, {
      ...passedOn,
      ...(lifeline !== undefined && { lifeline }),
      env: { ...gitEnvironment(), ...access.env },
      onOutput: (stream, chunk) => {
        if (stream !== 'stdout') return;
        length += chunk.length;
        if (length <= LONGEST_ANSWER) chunks.push(chunk.slice());
      },
    });
  const result = await (lifelines === undefined ? call() : lifelines.lend(call));
  const cleaned = (words: string): string => withoutSecrets(withoutUserinfo(words), access.secrets);
  const failed = (reason: string, why: string): TrialFault =>
    new TrialFault('infra', reason, cleaned(`could not ${what}: ${why}`));
  if (result.notRunnable !== null) throw failed('git-not-runnable', result.notRunnable);
  if (result.timedOut) throw failed('git-timeout', `git did not answer within ${options.timeoutMs / 1000} s`);
  const { exitCode } = result;
  if (exitCode === null || !answers.includes(exitCode)) throw failed('git-failed', complaint(result));
  if (length > LONGEST_ANSWER)
    throw failed('git-answer-too-long', `more than ${LONGEST_ANSWER} bytes came back`);
  const stdout = Buffer.concat(chunks).toString('utf8');
  return { exitCode, stdout, complaint: cleaned(complaint(result)), cleaned };
}

/**
 * The token reaches git in its environment, where no list of processes shows it, and goes to that one server: a server that
 * redirects elsewhere would be sent it there.
 */
async function accessTo({
  access,
}: GitOptions): Promise<{ env: Record<string, string>; secrets: readonly string[] }> {
  if (access === undefined || access.login === null || !/^https?:/.test(access.url))
    return { env: {}, secrets: [] };
  const { header, secrets } = await authorizationOf(access.login);
  const settings = [
    [`http.${new URL(access.url).origin}/.extraHeader`, `Authorization: ${header}`],
    ['http.followRedirects', 'false'],
  ] as const;
  const env = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key] as const,
    [`GIT_CONFIG_VALUE_${index}`, value] as const,
  ]);
  return { env: { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(env) }, secrets };
}

/** A URL's password has no place in any message, wherever it came from. */
function withoutUserinfo(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi, '$1***@');
}

function gitEnvironment(): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return childEnvironment({
    ...Object.fromEntries(passed),
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: 'http:https:ssh:file',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TEMPLATE_DIR: '',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'true',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  });
}

/** Git says what is wrong in its `fatal:` or `error:` lines; the rest is company. */
function complaint({ stderr, exitCode, signal }: RunResult): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /^(fatal|error|remote|ssh|Host|Permission)\b/i.test(line));
  const words = (telling.length > 0 ? telling : lines.filter((line) => line !== '')).slice(0, 3).join('; ');
  const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
  return words === '' ? `git ended with ${how}` : keepStart(words, LONGEST_COMPLAINT);
}
