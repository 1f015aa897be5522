/**
 * Mirrors of upstream (design: the trial, `sync` and `checkout`): always a local bare one, and with `mirror.url` the
 * team's own. What is tested comes out of the local mirror, right after it was made equal to upstream; so a stale
 * mirror is never tested (invariant I9). Whatever writes to a mirror does so alone; it may be read meanwhile.
 */
import type { MirrorPort } from '../../reconciler/ports.ts';
import type { MirrorOptions } from './calls.ts';
import { checkout } from './checkout.ts';
import { ensureCommit } from './ensure-commit.ts';
import { letGo, retain } from './kept.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { tendPullRequests } from './pull-requests.ts';
import { sync } from './sync.ts';

export function gitMirror(options: MirrorOptions): MirrorPort {
  const { layout } = options;
  const writing = new OneAtATime();
  return {
    sync: (request, work) =>
      writing.during(request.manifest.name, work.signal, () => sync(request, options, work)),
    ensureCommit: (manifest, commit, work) =>
      writing.during(manifest.name, work.signal, () => ensureCommit(manifest, commit, options, work)),
    tendPullRequests: (manifest, work) =>
      writing.during(manifest.name, work.signal, () => tendPullRequests(manifest, options, work)),
    checkout: (recipe, commit, folder, work) =>
      checkout(layout.mirror(recipe), commit, folder, options, work),
    retain: (recipe, commits, work) =>
      writing.during(recipe, work.signal, () => retain(layout.mirror(recipe), commits, options, work)),
    letGo: (recipe, except, work) =>
      writing.during(recipe, work.signal, () => letGo(layout.mirror(recipe), except, options, work)),
  };
}
