/** From options and environment to what the commands are given. Values that make no sense are refused, not ignored. */
import type { LoopSettings } from '../loop-composition.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { LONGEST_TTL_MS } from '../state/longest-ttl.ts';
import type { Context, Output, Parts } from './context.ts';

export interface RawOptions {
  manifests: string;
  state: string;
  json: boolean;
  logLevel: string;
  logFormat?: 'json' | 'pretty';
}

export interface Surroundings {
  out: Output;
  err: Output;
  env: NodeJS.ProcessEnv;
  stop: AbortSignal;
  parts: () => Promise<Parts>;
}

const SECOND = 1000;
const LEASE_TTL_MS = 30 * SECOND;
const UPSTREAM_TIMEOUT_MS = 30 * SECOND;
const TRANSFER_TIMEOUT_MS = 600 * SECOND;
const ENGINE_TIMEOUT_MS = 60 * SECOND;
const REQUEST_PATIENCE_MS = 5 * SECOND;

export function makeContext(raw: RawOptions, { out, err, env, stop, parts }: Surroundings): Context {
  const log: Context['log'] = async () => {
    const { makeLogger } = await import('../log.ts');
    const format = raw.logFormat ?? (err.terminal ? 'pretty' : 'json');
    return await makeLogger({
      level: raw.logLevel,
      format,
      color: err.color,
      write: (text) => err.write(text),
    });
  };
  const settings = async (): Promise<LoopSettings> => ({
    manifests: raw.manifests,
    state: raw.state,
    log: await log(),
    upstreamTimeoutMs: durationFrom(env, 'RECONCILE_UPSTREAM_TIMEOUT', UPSTREAM_TIMEOUT_MS),
    transferTimeoutMs: durationFrom(env, 'RECONCILE_TRANSFER_TIMEOUT', TRANSFER_TIMEOUT_MS),
    engineTimeoutMs: durationFrom(env, 'RECONCILE_ENGINE_TIMEOUT', ENGINE_TIMEOUT_MS),
    leaseTtlMs: leaseTtl(env),
    requestPatienceMs: durationFrom(env, 'RECONCILE_REQUEST_PATIENCE', REQUEST_PATIENCE_MS),
    // An empty one counts as unset, or whoever sends none would know it.
    token: env['RECONCILE_TOKEN'] || null,
    hookSecret: env['RECONCILE_HOOK_SECRET'] || null,
  });
  const { manifests, state, json } = raw;
  return { out, err, stop, parts, log, settings, options: { manifests, state, json } };
}

export function outputOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const terminal = stream.isTTY;
  return {
    write: (text) => void stream.write(text),
    terminal,
    color: terminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: terminal ? stream.columns || 80 : Number.POSITIVE_INFINITY,
  };
}

function leaseTtl(env: NodeJS.ProcessEnv): number {
  const ttlMs = durationFrom(env, 'RECONCILE_LEASE_TTL', LEASE_TTL_MS);
  if (ttlMs > LONGEST_TTL_MS) throw new CannotRun('$RECONCILE_LEASE_TTL is longer than a day');
  return ttlMs;
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
};

function durationFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name] ?? '';
  if (text === '') return otherwise;
  const [, count, unit] = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  if (factor === undefined)
    throw new CannotRun(`$${name} is "${text}", expected a duration such as 30s, 10m or 6h`);
  return Number(count) * factor;
}
