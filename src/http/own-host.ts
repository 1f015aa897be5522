/**
 * Whether a request that reached a loopback server was meant for it. A name that somebody else owns can be made to lead to
 * this machine (DNS rebinding): a web page under that name could then read what is served here. Such a request still
 * carries that name. What cannot be such a name is let through: an address, and whatever is called localhost.
 */
import { isIP } from 'node:net';

export function isOwnHost(host: string | undefined): boolean {
  // Browsers always send one.
  if (host === undefined) return true;
  const name = nameIn(host);
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name.replaceAll(/^\[|\]$/g, '')) !== 0;
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

function nameIn(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}
