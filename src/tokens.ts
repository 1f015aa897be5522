/**
 * Secrets that manifests name and never hold (invariant I10). They are read where they are used, sent in a header or an
 * environment, and blanked out of everything that is said about it.
 */
import { readFile } from 'node:fs/promises';
import { describe, TrialFault } from './reconciler/errors.ts';
import type { Login, TokenSource } from './reconciler/model.ts';

const LONGEST_TOKEN = 16 * 1024;

/** Throws `TrialFault` `infra` where there is none. An empty one counts as unset. */
export async function readToken(source: TokenSource): Promise<string> {
  const where = source.kind === 'env' ? `$${source.name}` : source.path;
  const token = (
    source.kind === 'env' ? (process.env[source.name] ?? '') : await contents(source.path)
  ).trim();
  if (token === '') throw noToken(`${where} holds no token`, source);
  // It becomes part of a header: what could end that early is no token.
  if (!/^[\u0021-\u007e]+$/.test(token) || token.length > LONGEST_TOKEN)
    throw noToken(
      `${where} holds no token, but something with spaces, line ends or other odd characters`,
      source,
    );
  return token;
}

/** What an http(s) server is told, and every text in it that must not be repeated to anybody. */
export interface Authorization {
  header: string;
  secrets: readonly string[];
}

export async function authorizationOf({ username, token: source }: Login): Promise<Authorization> {
  const token = await readToken(source);
  const pair = Buffer.from(`${username}:${token}`).toString('base64');
  return { header: `Basic ${pair}`, secrets: [...formsOf(token), ...formsOf(`${username}:${token}`)] };
}

/** A server may repeat what it was told, in the way in which it holds it. */
export function formsOf(secret: string): string[] {
  const encoded = Buffer.from(secret).toString('base64');
  return [secret, encoded].flatMap((form) => [form, encodeURIComponent(form)]);
}

/** `secrets` in all their forms. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

async function contents(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw noToken(describe(error), { kind: 'file', path }, error);
  }
}

function noToken(why: string, source: TokenSource, cause?: unknown): TrialFault {
  const hint =
    source.kind === 'env'
      ? `set $${source.name} in the environment of this program, to a token and nothing else`
      : `put a token and nothing else into ${source.path}, readable for the user that runs this program`;
  return new TrialFault('infra', 'no-token', `could not read a token: ${why}`, { cause, hint });
}
