/**
 * Reads what is sent with a request, byte by byte as it came: a signature is made over exactly these. What is too long is
 * known, and answered, as soon as it is; the rest is thrown away as it comes, until the request has had its time.
 */
import type { IncomingMessage } from 'node:http';

/** Null where it is longer than `limit`. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else giveUp();
    };
    const giveUp = (): void => {
      request.off('data', take).resume();
      resolve(null);
    };
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', (error) => reject(new BrokenOff('the request broke off', { cause: error })));
    if (Number(request.headers['content-length'] ?? 0) > limit) giveUp();
  });
}

/** Whoever sent it is gone, or hung up on: nobody's fault here. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
  readonly status = 400;
}
