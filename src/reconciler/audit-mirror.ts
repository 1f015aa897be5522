/** Does the local mirror hold what the canonical and the kept generations were made of, so that it stays? */
import { fetchAnew, judge, rebuild, unchecked, unclaimed } from './audit-claims.ts';
import type { AuditEvidence, CanonicalRecord, Claim, MirrorFacts } from './model.ts';

export function mirrorClaims(evidence: AuditEvidence, record: CanonicalRecord): Claim[] {
  const { mirror, generations, recipe } = evidence;
  const { version, commit } = record;
  const claim = `the local mirror holds ${commit}, and keeps it`;
  if (record.generation === null) return [unclaimed('mirror', claim, rebuild(evidence))];
  if (!mirror.readable) {
    const hint = `make it readable, or move it away: the next trial of ${recipe} makes it anew`;
    return [unchecked('mirror', claim, mirror.why, hint)];
  }
  if (mirror.value === null) return [judge('mirror', claim, 'there is no mirror', fetchAnew(evidence))];
  const facts = mirror.value;
  const claims = [judge('mirror', claim, faultOf(commit, facts), rebuild(evidence))];
  if (isTagOfUpstream(evidence, version)) {
    const named = facts.tagCommit === null ? 'it has no such tag' : `its tag names ${facts.tagCommit}`;
    const fault = facts.tagCommit === commit ? null : `${named}, the record ${commit}`;
    const words = `the local mirror's own tag ${version} names that commit`;
    claims.push(judge('mirror-tag', words, fault, rebuild(evidence)));
  }
  for (const { generation, document } of generations.slice(1)) {
    if (!document.readable || document.value === null) continue;
    const words = `the local mirror holds the commit of kept generation ${generation}, and keeps it`;
    const fault = faultOf(document.value.commit, facts);
    claims.push(judge('mirror-kept', words, fault, rebuild(evidence)));
  }
  return claims;
}

function faultOf(commit: string, { commits }: MirrorFacts): string | null {
  const state = commits[commit] ?? 'missing';
  if (state === 'kept') return null;
  return state === 'unkept'
    ? `${commit} is there, but nothing keeps it if upstream lets go of it`
    : `git finds no commit ${commit} there`;
}

/** A mirror is made equal to upstream: of a tag that upstream has no more, it needs none. */
function isTagOfUpstream({ upstream }: AuditEvidence, version: string): boolean {
  if (upstream === null || !upstream.refs.readable) return true;
  return upstream.refs.value.tags.some(({ name }) => name === version);
}
