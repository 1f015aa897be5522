/**
 * What `git ls-remote --symref` answers. It is believed as a whole or not at all: a listing that was cut off would be
 * taken for an upstream that withdrew its releases (invariant I7).
 */
import { createHash } from 'node:crypto';
import { TrialFault } from '../reconciler/errors.ts';

const PEELED = '^{}';
/** Of an upstream that lists more, what is remembered of it would outgrow the file that it is remembered in. */
export const MOST_REFS = 20_000;

export interface RefListing {
  /** The object of each name, in the order listed; a peeled entry, `<name>^{}`, is in `peeled` instead. */
  objects: ReadonlyMap<string, string>;
  peeled: ReadonlyMap<string, string>;
  /** The full name of the ref that HEAD stands for; null where it stands for none. */
  head: string | null;
  /** A digest of the answer. */
  answer?: string;
  /** It is the answer that was known, and is read only when it is asked for. */
  isKnown?: boolean;
}

/** By this an answer is known again. `encoding`: what its bytes were made text by. */
export function answerOf(text: string, encoding: 'utf8' | 'latin1'): string {
  return createHash('sha256').update(text, encoding).digest('base64');
}

/** Lines are `ref: <target>\t<name>` or `<object>\t<name>`. `of` names in messages what was asked. */
export function readRefListing(text: string, of: string): RefListing {
  const refuse = (why: string): TrialFault =>
    new TrialFault('infra', 'listing-refused', `could not list the refs of ${of}: ${why}`);
  if (text !== '' && !text.endsWith('\n')) throw refuse('the answer was cut off in the middle of a line');
  const lines = text.split('\n').slice(0, -1);
  const objects = new Map<string, string>();
  const peeled = new Map<string, string>();
  let head: string | null = null;
  for (const [index, line] of lines.entries()) {
    const [, target, object, name = ''] =
      /^(?:ref: ([^\t]+)|([0-9a-f]{40}|[0-9a-f]{64}))\t([^\t]+)$/.exec(line) ?? [];
    if (target !== undefined && name === 'HEAD') head = target;
    else if (object !== undefined && name.endsWith(PEELED)) peeled.set(name.slice(0, -PEELED.length), object);
    else if (object !== undefined) objects.set(name, object);
    else if (target === undefined)
      throw refuse(`line ${index + 1} of the answer is not one of such a listing`);
  }
  if (objects.size > MOST_REFS) throw refuse(`it has more than ${MOST_REFS} tags`);
  return { objects, peeled, head };
}
