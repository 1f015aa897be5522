/** Is the canonical a release of upstream, at the commit that its tag names there now? */
import { accept, judge, ok, unchecked } from './audit-claims.ts';
import type { AuditEvidence, CanonicalRecord, Claim } from './model.ts';
import { parseVersion, whyNoRelease } from './releases.ts';

export function releaseClaims(evidence: AuditEvidence, record: CanonicalRecord): Claim[] {
  const { upstream, recipe } = evidence;
  const { version, commit } = record;
  if (upstream === null) {
    const why = 'no manifest says where its upstream is, neither now nor when it was promoted';
    return [unchecked('release', `${version} is a release of upstream`, why, `enrol ${recipe} again`)];
  }
  const claim = `${version} is a release tag of ${upstream.url}`;
  if (!upstream.refs.readable) {
    return [unchecked('release', claim, upstream.refs.why, 'audit again once upstream answers')];
  }
  if (parseVersion(version) === null) {
    return [judge('release', claim, `it is no release: ${whyNoRelease(version) ?? ''}`, accept(evidence))];
  }
  const tag = upstream.refs.value.tags.find(({ name }) => name === version);
  if (tag === undefined) return [judge('release', claim, 'upstream has no such tag now', accept(evidence))];
  const fault = tag.commit === commit ? null : `the tag names ${tag.commit}, the record ${commit}`;
  return [
    ok('release', claim),
    judge('commit', `${commit} is the commit of that tag, upstream and now`, fault, accept(evidence)),
  ];
}
