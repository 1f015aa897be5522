/** Text from outside made fit for people: nothing in it steers a terminal, breaks a line, or goes unseen. */

const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from outside (tags, apps' output, git's words) may hold control characters; a terminal must not obey them. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\ufffd');
}

/** For what must stay one line: the name of a file may hold an end of line too. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\ufffd');
}

export function firstLine(text: string): string {
  return printable(text.split('\n', 1)[0] ?? '');
}
