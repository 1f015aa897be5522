/** Who lives at a repository: the way from an address that somebody reports to the recipes that are found there. */
import type { Manifest } from '../reconciler/model.ts';
import { comparable } from './upstream-url.ts';

/** Asked thousands of times between two readings of the manifests. */
export interface Places {
  /** Names in the order of the manifests, each once, however the addresses are spelled. */
  recipesAt: (urls: readonly string[]) => string[];
}

export function placesOf(manifests: readonly Pick<Manifest, 'name' | 'upstream' | 'mirror'>[]): Places {
  const recipes = new Map<string, string[]>();
  for (const { name, upstream, mirror } of manifests) {
    for (const url of mirror === null ? [upstream] : [upstream, mirror.url]) {
      const place = comparable(url);
      recipes.set(place, [...(recipes.get(place) ?? []), name]);
    }
  }
  return {
    recipesAt: (urls) => [...new Set(urls.flatMap((url) => recipes.get(comparable(url)) ?? []))],
  };
}
