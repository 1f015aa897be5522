/**
 * What git servers say over http about their refs: `ls-refs` of protocol version 2, one stateless request with one
 * answer, and the advertisement of versions 0 and 1, which is all refs at once.
 *
 * An answer is believed as a whole or not at all: one that was cut off would be taken for an upstream that withdrew its
 * releases (invariant I7). Refs that nobody asked for are passed over.
 */
import { decoded, DELIMITER, FLUSH, packet, packetAt, textEnd, textOf, UnreadableAnswer } from './packets.ts';
import { MOST_REFS, type RefListing } from './ref-listing.ts';

const TAGS = 'refs/tags/';
const PEELED = '^{}';
const OBJECT = /^[0-9a-f]{40}$/;
const NOTHING = '0'.repeat(40);

/** The body of a request for HEAD, all tags, and one branch where one is named. */
export function lsRefsRequest(branch: string | null): string {
  const prefixes = ['HEAD', TAGS, ...(branch === null ? [] : [`refs/heads/${branch}`])];
  return [
    packet('command=ls-refs\n'),
    packet('agent=git/recipe-reconciler\n'),
    packet('object-format=sha1'),
    DELIMITER,
    packet('peel\n'),
    packet('symrefs\n'),
    ...prefixes.map((prefix) => packet(`ref-prefix ${prefix}\n`)),
    FLUSH,
  ].join('');
}

class Collected {
  readonly objects = new Map<string, string>();
  readonly peeled = new Map<string, string>();
  head: string | null = null;
  readonly #branch: string | null;

  constructor(branch: string | null) {
    this.#branch = branch === null ? null : `refs/heads/${branch}`;
  }

  wants(name: string): boolean {
    return name.startsWith(TAGS) || name === 'HEAD' || name === this.#branch;
  }

  add(name: string, object: string): void {
    this.objects.set(name, object);
    if (this.objects.size > MOST_REFS) throw new UnreadableAnswer(`it has more than ${MOST_REFS} tags`);
  }

  listing(isWhole: boolean): RefListing {
    if (!isWhole) throw new UnreadableAnswer('something follows after the end of the answer');
    return { objects: this.objects, peeled: this.peeled, head: this.head };
  }
}

/** The answer to `lsRefsRequest`, a character for each byte. Throws where it is none. */
export function readLsRefs(body: string, branch: string | null): RefListing {
  const found = new Collected(branch);
  let offset = 0;
  for (;;) {
    const next = packetAt(body, offset);
    offset = next.end;
    if (next.kind === 'flush') return found.listing(offset === body.length);
    if (next.kind === 'delimiter') throw new UnreadableAnswer('a delimiter stands in it, where none may');
    readRef(body, next.start, textEnd(body, next), found);
  }
}

/** `<object> <name>`, then attributes, each after a space. */
function readRef(body: string, start: number, end: number, found: Collected): void {
  const object = body.slice(start, start + 40);
  if (!OBJECT.test(object) || body[start + 40] !== ' ') throw new UnreadableAnswer(refused(body, start, end));
  const space = body.indexOf(' ', start + 41);
  const nameEnd = space === -1 || space > end ? end : space;
  const name = decoded(body.slice(start + 41, nameEnd));
  if (!found.wants(name)) return;
  found.add(name, object);
  if (nameEnd === end) return;
  for (const attribute of body.slice(nameEnd + 1, end).split(' ')) {
    if (attribute.startsWith('peeled:')) found.peeled.set(name, objectIn(attribute.slice('peeled:'.length)));
    else if (name === 'HEAD' && attribute.startsWith('symref-target:'))
      found.head = decoded(attribute.slice('symref-target:'.length));
  }
}

function objectIn(text: string): string {
  if (!OBJECT.test(text)) throw new UnreadableAnswer('the answer peels a tag to something that is no object');
  return text;
}

/** Servers report errors as a packet of their own. */
function refused(body: string, start: number, end: number): string {
  const text = decoded(body.slice(start, Math.min(end, start + 300)));
  return text.startsWith('ERR ')
    ? `the server refuses: ${text.slice('ERR '.length)}`
    : 'a packet of the answer names no ref';
}

/** What the answer to `/info/refs?service=git-upload-pack` turned out to be. */
export type Advertisement =
  | { version: 2; objectFormat: string }
  | { version: 0; listing: RefListing }
  /** Something that only git may know how to go on from. */
  | { version: null };

/** Throws where it begins as an advertisement and does not end as one. */
export function readAdvertisement(body: string, branch: string | null): Advertisement {
  let offset = 0;
  let next = packetAt(body, offset);
  if (next.kind === 'data' && textOf(body, next).startsWith('# service=')) {
    offset = packetAt(body, next.end).end;
    next = packetAt(body, offset);
  }
  if (next.kind !== 'data') return { version: null };
  const first = textOf(body, next);
  if (first === 'version 2') return { version: 2, objectFormat: objectFormatIn(body, next.end) };
  const start = first === 'version 1' ? next.end : offset;
  return readAllRefs(body, start, branch);
}

function objectFormatIn(body: string, start: number): string {
  let format = 'sha1';
  for (let offset = start; ;) {
    const next = packetAt(body, offset);
    if (next.kind !== 'data') return format;
    const [name, value] = textOf(body, next).split('=', 2);
    if (name === 'object-format' && value !== undefined) format = value;
    offset = next.end;
  }
}

/** `<object> <name>` for each ref, a peeled one after its tag; capabilities after a NUL in the first. */
function readAllRefs(body: string, start: number, branch: string | null): Advertisement {
  const found = new Collected(branch);
  let offset = start;
  for (;;) {
    const next = packetAt(body, offset);
    if (next.kind === 'delimiter') return { version: null };
    if (next.kind === 'flush') return { version: 0, listing: found.listing(next.end === body.length) };
    const end = textEnd(body, next);
    const nul = offset === start ? body.indexOf('\0', next.start) : -1;
    const hasCapabilities = nul !== -1 && nul < end;
    if (hasCapabilities && !readCapabilities(body.slice(nul + 1, end), found)) return { version: null };
    readAdvertised(body, next.start, hasCapabilities ? nul : end, found);
    offset = next.end;
  }
}

/** False where the objects of the repository are named in a way that is not known here. */
function readCapabilities(text: string, found: Collected): boolean {
  for (const capability of text.split(' ')) {
    if (capability.startsWith('symref=HEAD:')) found.head = decoded(capability.slice('symref=HEAD:'.length));
    if (capability.startsWith('object-format=') && capability !== 'object-format=sha1') return false;
  }
  return true;
}

function readAdvertised(body: string, start: number, end: number, found: Collected): void {
  const object = body.slice(start, start + 40);
  if (!OBJECT.test(object) || body[start + 40] !== ' ') throw new UnreadableAnswer(refused(body, start, end));
  const name = decoded(body.slice(start + 41, end));
  // So an empty repository says what it is able to.
  if (object === NOTHING) return;
  if (name.endsWith(PEELED) && found.wants(name)) found.peeled.set(name.slice(0, -PEELED.length), object);
  else if (found.wants(name)) found.add(name, object);
}
