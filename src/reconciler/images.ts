/**
 * Does a name still stand for the image that it stood for? A tag of a registry may be moved to another image at any time:
 * then a release that did not change is not what it was, and what a trial finds may be due to that. It is told, and no
 * more: the recipe asked for whatever the name stands for.
 */
import type { ImageRecord } from './model.ts';

/** One sentence for each name that stood for something else when the canonical was promoted. */
export function repointed(promoted: readonly ImageRecord[], now: readonly ImageRecord[]): string[] {
  const notes = now.flatMap((image) => {
    const before = promoted.filter(({ reference }) => reference === image.reference);
    const [first] = before;
    if (first === undefined || before.some((each) => isSame(each, image))) return [];
    return [
      `the image ${image.reference} of service ${image.service} is another than when the canonical was promoted: it was ${identityOf(first)} and is ${identityOf(image)}`,
    ];
  });
  return [...new Set(notes)];
}

/** One image may have several digests, of registries that pack it differently; one digest several images, by platform. */
function isSame(one: ImageRecord, other: ImageRecord): boolean {
  return one.id === other.id || (one.digest !== null && one.digest === other.digest);
}

function identityOf({ digest, id }: ImageRecord): string {
  return digest ?? id;
}
