/** Is every generation that the record names there, as it was promoted, and does it say the same as everything else? */
import { judge, ok, pass, rebuild, replaceKept, unchecked, unclaimed } from './audit-claims.ts';
import { keptTrialFault } from './audit-trial.ts';
import type {
  AuditEvidence,
  CanonicalRecord,
  Claim,
  ExaminedGeneration,
  Finding,
  GenerationDocument,
} from './model.ts';

/** What the record and the canonical's own document both say. */
const FIELDS = ['recipe', 'generation', 'version', 'commit', 'driver', 'stack', 'domain', 'trial'] as const;

export function keptClaim(evidence: AuditEvidence, { generation, kept }: CanonicalRecord): Claim {
  const older = kept.filter((each) => generation !== null && each < generation);
  const fault =
    older.length === new Set(kept).size && older.length === kept.length
      ? null
      : `beside ${generation} it names [${kept.join(', ')}]`;
  return judge('kept', 'it names older generations as kept, each once', fault, rebuild(evidence));
}

export function generationClaims(evidence: AuditEvidence, record: CanonicalRecord): Claim[] {
  if (record.generation === null) {
    return [unclaimed('generation', 'its volumes are as they were promoted', rebuild(evidence))];
  }
  return evidence.generations.flatMap((each) => [
    ...documentClaims(evidence, record, each),
    ...dataClaims(evidence, record, each),
  ]);
}

function documentClaims(
  evidence: AuditEvidence,
  record: CanonicalRecord,
  { generation, document, folder }: ExaminedGeneration,
): Claim[] {
  const canonical = generation === record.generation;
  const claim = canonical
    ? `generation ${generation} says of itself what the record says`
    : `generation ${generation}, kept, says of itself what its own trial says`;
  const hint = canonical ? pass(evidence) : replaceKept(evidence);
  if (!document.readable) return [unchecked('generation', claim, document.why, rebuild(evidence))];
  if (document.value === null) {
    return [judge('generation', claim, `there is no generation.json in ${folder}`, hint)];
  }
  if (!canonical) return [keptDocumentClaim(evidence, claim, document.value)];
  return [judge('generation', claim, differenceOf(document.value, record), rebuild(evidence))];
}

function keptDocumentClaim(evidence: AuditEvidence, claim: string, document: GenerationDocument): Claim {
  const { trials } = evidence;
  if (!trials.readable) {
    return unchecked('generation', claim, trials.why, 'make it readable, and audit again');
  }
  const fault = keptTrialFault(document, trials.value);
  if (fault?.unreadable === true) return unchecked('generation', claim, fault.why, rebuild(evidence));
  return judge('generation', claim, fault?.why ?? null, replaceKept(evidence));
}

function differenceOf(document: GenerationDocument, record: CanonicalRecord): string | null {
  const differing = FIELDS.filter((field) => document[field] !== record[field]).map(
    (field) => `${field} ${document[field]}, expected ${record[field]}`,
  );
  if (volumesText(document) !== volumesText(record)) differing.push('other volumes than the record');
  return differing.length === 0 ? null : `it says ${differing.join('; ')}`;
}

function volumesText({ volumes }: Pick<CanonicalRecord, 'volumes'>): string {
  const rows = volumes.map(({ name, bytes, files, fingerprint, digest }) => [
    name,
    bytes,
    files,
    fingerprint,
    digest,
  ]);
  return JSON.stringify(rows.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

function dataClaims(
  evidence: AuditEvidence,
  record: CanonicalRecord,
  { generation, findings, document }: ExaminedGeneration,
): Claim[] {
  const canonical = generation === record.generation;
  if (findings === null) {
    const why = `it was made by the ${record.driver ?? 'unknown'} driver, and this program cannot look there`;
    const claim = `the volumes of generation ${generation} are as they were promoted`;
    return [unchecked('volume', claim, why, 'audit with a program that has that driver')];
  }
  const things = findings
    .filter(({ kind }) => kind !== 'other')
    .map((finding) => thingClaim(evidence, generation, canonical, finding));
  const others = findings.filter(({ kind }) => kind === 'other');
  // Without its document nobody knows what else may lie there.
  if (!document.readable || document.value === null) return things;
  return [...things, ...othersClaims(generation, others)];
}

function thingClaim(
  evidence: AuditEvidence,
  generation: number,
  canonical: boolean,
  { kind, name, state, why, hint }: Finding,
): Claim {
  const by = evidence.deep || state === 'touched' ? 'contents' : 'fingerprint';
  const claim =
    kind === 'secret'
      ? `secret ${name} of generation ${generation} is there, for its owner alone`
      : `volume ${name} of generation ${generation} has the ${by} that it was promoted with`;
  const found = why ?? state;
  switch (state) {
    case 'intact':
      return ok(kind, claim);
    case 'touched':
      return ok(kind, claim, found);
    case 'unreadable':
      return unchecked(kind, claim, found, 'make it readable, and audit again');
    case 'missing':
    case 'changed':
      // A look finds that too: a canonical is repaired, and nothing is built on a kept one.
      return judge(kind, claim, found, hint ?? (canonical ? pass(evidence) : replaceKept(evidence)));
    case 'corrupted':
    case 'exposed':
    case 'unnamed':
      return judge(kind, claim, found, hint ?? (canonical ? rebuild(evidence) : replaceKept(evidence)));
  }
}

function othersClaims(generation: number, others: readonly Finding[]): Claim[] {
  const claim = `nothing else lies in generation ${generation}`;
  if (others.length === 0) return [ok('others', claim)];
  return others.map(({ name, state, why }) =>
    state === 'unreadable'
      ? unchecked('others', claim, why ?? name, 'make it readable, and audit again')
      : judge('others', claim, name, 'look at it, and move it away: this program did not put it there'),
  );
}
