/**
 * Mirrors of upstream (design: the trial, `sync` and `checkout`): always a local bare one, and with `mirror.url` the
 * team's own. What is tested comes out of the local mirror, right after it was made equal to upstream; so a stale
 * mirror is never tested (invariant I9).
 */
import type { MirrorPort } from '../../reconciler/ports.ts';
import type { MirrorOptions } from './calls.ts';
import { checkout } from './checkout.ts';
import { letGo, retain } from './kept.ts';
import { tendPullRequests } from './pull-requests.ts';
import { sync } from './sync.ts';

export function gitMirror(options: MirrorOptions): MirrorPort {
  const { layout } = options;
  return {
    sync: (request, work) => sync(request, options, work),
    tendPullRequests: (manifest, work) => tendPullRequests(manifest, options, work),
    checkout: (recipe, commit, folder, work) =>
      checkout(layout.mirror(recipe), commit, folder, options, work),
    retain: (recipe, commits, work) => retain(layout.mirror(recipe), commits, options, work),
    letGo: (recipe, except, work) => letGo(layout.mirror(recipe), except, options, work),
  };
}
