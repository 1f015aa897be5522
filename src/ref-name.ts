/**
 * Which names of refs git can hold. A server may list any bytes as a name; one that git refuses to write can be
 * mirrored nowhere, so whoever compares repositories leaves it out.
 */

// oxlint-disable-next-line no-control-regex
const REFUSED = /[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$/;

/** Of full names, such as `refs/tags/1.0.0+1`. */
export function isRefName(name: string): boolean {
  return name.startsWith('refs/') && !REFUSED.test(name);
}
