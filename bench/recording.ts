/**
 * What a real git and a real `git http-backend` say to each other when refs are listed, recorded on its way between
 * them: the server of the benchmark plays it back from memory, so that no repository is what is measured.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { GIT_ENVIRONMENT } from '../test/fixtures/upstream-repo.ts';
import { originOf } from './origin.ts';

const execute = promisify(execFile);

interface Answer {
  type: string;
  /** In base64: a packet line may hold any byte. */
  body: string;
}

/** Of git's protocol v2, in which every repository of one server has the same abilities. */
export interface Recording {
  /** `GET /x/info/refs?service=git-upload-pack` with `Git-Protocol: version=2`. */
  abilities: Answer;
  /** `POST /x/git-upload-pack`. */
  refs: Answer;
  /** What git sent to be given the refs, in base64. */
  request: string;
}

/** What `git ls-remote` is asked for, by whoever asks in the benchmark: what the program asks git for. */
export const LISTED = ['HEAD', 'refs/tags/*'];

/** `repository`: the address of one that `git http-backend` serves. */
export async function record(repository: string): Promise<Recording> {
  const heard: Partial<Recording> = {};
  const proxy = createServer((request, response) => {
    passOn(request, response, new URL(repository).origin, heard).catch(() => response.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  try {
    const url = `${originOf(proxy)}${new URL(repository).pathname}`;
    const args = ['-c', 'protocol.version=2', 'ls-remote', '--symref', '--', url, ...LISTED];
    await execute('git', args, { env: GIT_ENVIRONMENT });
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
  const { abilities, refs, request } = heard;
  if (abilities === undefined || refs === undefined || request === undefined) {
    throw new Error(
      `could not record how git lists the refs of ${repository}: it did not ask as protocol v2 does`,
    );
  }
  return { abilities, refs, request };
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  heard: Partial<Recording>,
): Promise<void> {
  const sent = await buffer(request);
  const names = ['content-type', 'git-protocol', 'accept'];
  const headers = names.flatMap((name): [string, string][] => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const method = request.method ?? 'GET';
  const body = method === 'POST' ? { body: new Uint8Array(sent) } : {};
  const answered = await fetch(`${origin}${request.url}`, { method, headers, ...body });
  const type = answered.headers.get('content-type') ?? '';
  const answer = Buffer.from(await answered.arrayBuffer());
  if (method === 'GET') heard.abilities = { type, body: answer.toString('base64') };
  else
    Object.assign(heard, {
      request: sent.toString('base64'),
      refs: { type, body: answer.toString('base64') },
    });
  response.writeHead(answered.status, { 'content-type': type }).end(answer);
}
