/** Serves one recording under every name, from memory. */
import { createServer, type Server } from 'node:http';
import type { Recording } from './recording.ts';

export function recordedServer({ abilities, refs }: Recording): Server {
  const played = {
    GET: { type: abilities.type, body: Buffer.from(abilities.body, 'base64') },
    POST: { type: refs.type, body: Buffer.from(refs.body, 'base64') },
  };
  return createServer((request, response) => {
    // Without that header git is asked in its protocol v0, of which nothing was recorded.
    const speaksV2 = request.headers['git-protocol'] === 'version=2';
    const isListing = request.method === 'GET' && request.url?.endsWith('/info/refs?service=git-upload-pack');
    const isAsking = request.method === 'POST' && request.url?.endsWith('/git-upload-pack');
    request.resume();
    if (!speaksV2 || !(isListing === true || isAsking === true)) {
      response.writeHead(400).end('only protocol v2 was recorded\n');
      return;
    }
    const { type, body } = isAsking === true ? played.POST : played.GET;
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  });
}
