/** Whether somebody knows a secret, compared in constant time: how long it takes tells nothing of how wrong it was. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Of two texts of any length digests are equally long, and only this process can make them. */
const key = randomBytes(32);

export function knowsToken(headers: IncomingHttpHeaders, token: string): boolean {
  const [, given = ''] = /^Bearer +([\u0021-\u007e]+)$/i.exec(headers.authorization ?? '') ?? [];
  return timingSafeEqual(digestOf(given), digestOf(token));
}

function digestOf(text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** As Gitea sends them, and in the form that GitHub made common; both are of the body as it was sent. */
const SIGNATURES = [
  ['x-gitea-signature', /^([0-9a-f]{64})$/i],
  ['x-hub-signature-256', /^sha256=([0-9a-f]{64})$/i],
] as const;

/** Those that could be one. */
export function signaturesIn(headers: IncomingHttpHeaders): Buffer[] {
  return SIGNATURES.flatMap(([name, form]) => {
    const [, hex] = form.exec(String(headers[name] ?? '')) ?? [];
    return hex === undefined ? [] : [Buffer.from(hex, 'hex')];
  });
}

export function isSigned(body: Buffer, signatures: readonly Buffer[], secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  return signatures.some((given) => timingSafeEqual(given, expected));
}
