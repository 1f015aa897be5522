/** Longer than any name that is worth quoting, shorter than a line. */
const EXCERPT_LENGTH = 80;

/** What could repaint a terminal or reorder a line: controls, bidirectional overrides, separators, marks. */
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;

/**
 * A user's own text as a message may show it: quoted, without userinfo, without control characters, short.
 * Hiding comes before shortening, so that a cut cannot remove the `@` by which userinfo is known.
 */
export function excerpt(text: string): string {
  const hidden = hideUserinfo(text);
  const short = hidden.length > EXCERPT_LENGTH ? `${hidden.slice(0, EXCERPT_LENGTH)}…` : hidden;
  return visible(JSON.stringify(short));
}

/** Characters that are not seen, as their numbers. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Replaces what may be a password. Everything before the last `@` counts, since a password may hold any character
 * and the text may be no URL at all; only `user@host:path`, which has none, stays as it is.
 */
export function hideUserinfo(text: string): string {
  const at = text.lastIndexOf('@');
  if (at === -1 || !text.slice(0, at).includes(':')) return text;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? '';
  return `${scheme}***${text.slice(at)}`;
}
