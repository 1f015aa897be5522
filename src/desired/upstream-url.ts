/**
 * Where a repository is, as a manifest may name it. What passes here reaches git as an operand, so everything that
 * git would take for an option, a command or another transport is refused (invariant I12), and so is whatever holds a
 * password (invariant I10).
 */
import { isAbsolute, resolve } from 'node:path';
import { didYouMean } from '../nearest.ts';
import { excerpt, hideUserinfo } from './excerpt.ts';

const SCHEMES = ['https', 'http', 'ssh', 'file'];

const FORMS =
  'expected https://, http://, ssh://, user@host:path, file://, or a path that is absolute or relative to the manifest';

const HOST = String.raw`([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])`;
const USER = '[A-Za-z0-9_][A-Za-z0-9._-]*';
const SSH_URL = new RegExp(String.raw`^ssh://(${USER}@)?${HOST}(:\d{1,5})?/.`);
const SCP_FORM = new RegExp(String.raw`^${USER}@${HOST}:[^-:]`);

/** What is wrong with a location, or null. Never quotes userinfo. */
export function faultOfUpstream(text: string): string | null {
  if (text.trim() === '') return `the location is empty, ${FORMS}`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001F\u007F]/.test(text)) return 'the location holds a control character';
  if (text.startsWith('-')) {
    return `${excerpt(text)} begins with "-" and would be read as an option; write ./ before a relative path`;
  }
  const [, transport] = /^([A-Za-z0-9+.-]*)::/.exec(text) ?? [];
  if (transport !== undefined) {
    return `the transport "${transport}::" can run a command and is refused, ${FORMS}`;
  }
  const [, scheme] = /^([^/:@]*):\/\//.exec(text) ?? [];
  if (scheme !== undefined) return faultOfUrl(text, scheme);
  if (SCP_FORM.test(text)) return null;
  if (text.startsWith('~'))
    return `${excerpt(text)} begins with "~", which is not expanded: write the whole path`;
  // Git takes a colon before the first slash for a host; and userinfo within a path belongs to a URL that was mistyped.
  if (/^[^/]*:/.test(text) || hideUserinfo(text) !== text)
    return `${excerpt(text)} names no location, ${FORMS}`;
  return null;
}

function faultOfUrl(text: string, scheme: string): string | null {
  if (!SCHEMES.includes(scheme)) {
    return `the scheme "${scheme.slice(0, 40)}" is refused${didYouMean(scheme, SCHEMES) || `, ${FORMS}`}`;
  }
  if (/[\s\\]/.test(text)) return `${excerpt(text)} holds a space or a backslash, which a URL cannot`;
  if (scheme === 'file')
    return text.startsWith('file:///') ? null : 'expected file:/// with an absolute path';
  if (scheme === 'ssh') {
    const why = 'no password (use a key), and a user and host of letters, digits, . and -';
    return SSH_URL.test(text) ? null : `expected ssh://user@host/path with ${why}, got ${excerpt(text)}`;
  }
  return faultOfHttpUrl(text) ?? faultOfQuery(text);
}

/** A token in a query would stand in every message, and in the argument list of git. */
function faultOfQuery(text: string): string | null {
  const [before = '', ...after] = text.split(/[?#]/);
  if (after.length === 0) return null;
  return (
    `${excerpt(before)} is followed by a query or a fragment, which no repository has: leave it out; where a token is found ` +
    'is said in spec.credentials of the Reconciler document'
  );
}

/** Also for the address of a forge's API. */
export function faultOfHttpUrl(text: string): string | null {
  const [, authority] = /^https?:\/\/([^/?#\\]*)/.exec(text) ?? [];
  if (authority === undefined) return `expected a URL such as https://git.example.org, got ${excerpt(text)}`;
  if (authority.includes('@')) {
    return (
      `a manifest holds no secrets, so userinfo in a URL is refused: write ${excerpt(text)} without "***@", ` +
      'and say in spec.credentials of the Reconciler document which variable or file holds the token; or use ssh, as in git@host:path'
    );
  }
  if (!URL.canParse(text) || !/^[A-Za-z0-9[]/.test(authority)) return `${excerpt(text)} is not a URL`;
  return null;
}

/** A relative path becomes absolute, from the folder of the manifest that names it; the rest stays as it is. */
export function absoluteUpstream(text: string, folder: string): string {
  const elsewhere = isAbsolute(text) || /^[^/]*:/.test(text);
  return elsewhere ? text : resolve(folder, text);
}

/** Do two locations, both absolute, name the same repository as far as their text tells? */
export function isSameRepository(one: string, other: string): boolean {
  return comparable(one) === comparable(other);
}

/** The same text for every spelling of an absolute location. */
export function comparable(text: string): string {
  // The way in does not make it another repository: git@host:path and https://host/path are the same one.
  const [, host, path] = /^[^/@:]+@([^:/]+):(.+)$/.exec(text) ?? [];
  if (host !== undefined && path !== undefined) return `${plainHost(host)}${plainPath(path)}`;
  if (isAbsolute(text)) return plainPath(resolve(text));
  if (text.startsWith('file://')) return plainPath(resolve(decoded(text.slice('file://'.length))));
  if (!URL.canParse(text)) return text;
  const { protocol, hostname, port, pathname } = new URL(text);
  const door = protocol === 'ssh:' || port === '' ? '' : `:${port}`;
  return `${plainHost(hostname)}${door}${plainPath(decoded(pathname))}`;
}

function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function plainPath(path: string): string {
  return `/${path}`
    .replaceAll(/\/+/g, '/')
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
    .replace(/\/$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
