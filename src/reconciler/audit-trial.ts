/** Was the canonical tested: by one trial, green, of exactly this release, by a program with a name, and undisturbed? */
import { judge, ok, pass, rebuild, unchecked, unclaimed } from './audit-claims.ts';
import { apartClaim } from './audit-overlap.ts';
import type {
  AuditEvidence,
  CanonicalRecord,
  Claim,
  GenerationDocument,
  Program,
  StepName,
  StoredTrial,
  TrialRecord,
} from './model.ts';
import { compareReleases, parseVersion } from './releases.ts';

/** As the build names itself: the commit it was built from, and what it holds besides. */
const BUILD = /^([0-9a-f]{40}|[0-9a-f]{64}|unversioned)(?:-dirty\.[0-9a-f]{12})?$/;

export function trialClaims(evidence: AuditEvidence, record: CanonicalRecord): Claim[] {
  const { trials } = evidence;
  const claim = `the trial that made it is stored: ${record.trial ?? 'none is named'}`;
  if (record.generation === null) return [unclaimed('trial', claim, rebuild(evidence))];
  if (!trials.readable) return [unchecked('trial', claim, trials.why, 'make it readable, and audit again')];
  const named = trials.value.find(({ id }) => id === record.trial);
  const trial = named?.trial ?? { readable: true, value: null };
  if (!trial.readable) return [unchecked('trial', claim, trial.why, rebuild(evidence))];
  if (trial.value === null) return [judge('trial', claim, 'there is no such trial', rebuild(evidence))];
  return [
    ok('trial', claim),
    ...evidenceClaims(evidence, record, trial.value),
    apartClaim(evidence, trial.value, trials.value),
    newestClaim(evidence, record, trials.value),
  ];
}

function evidenceClaims(evidence: AuditEvidence, record: CanonicalRecord, trial: TrialRecord): Claim[] {
  const { version, commit } = record;
  const canonical = evidence.generations[0]?.document;
  const document = canonical?.readable === true ? canonical.value : null;
  const anew = rebuild(evidence);
  const close = trial.endedAt === null ? pass(evidence) : anew;
  return [
    judge('trial-verdict', 'that trial ended, was green, and was promoted', verdictFault(trial), close),
    judge(
      'trial-tested',
      `it tested exactly ${version} at ${commit}`,
      testedFault(trial, record) ?? imagesFault(trial, record),
      anew,
    ),
    judge('trial-base', 'it built on nothing, or on a strictly older release', baseFault(trial), anew),
    judge('trial-steps', 'every step of it went well', stepsFault(trial), anew),
    judge(
      'trial-program',
      'it names the program that ran it, by version and build',
      programFault(trial, document),
      anew,
    ),
  ];
}

/** Of a kept generation there is no record: its own document and the trial that made it must agree. */
export function keptTrialFault(
  document: GenerationDocument,
  trials: readonly StoredTrial[],
): { unreadable: boolean; why: string } | null {
  const trial = trials.find(({ id }) => id === document.trial)?.trial ?? { readable: true, value: null };
  if (!trial.readable) return { unreadable: true, why: trial.why };
  if (trial.value === null) return { unreadable: false, why: `there is no trial ${document.trial}` };
  const why =
    verdictFault(trial.value) ??
    testedFault(trial.value, document) ??
    stepsFault(trial.value) ??
    programFault(trial.value, document);
  return why === null ? null : { unreadable: false, why };
}

function verdictFault({ endedAt, verdict, promoted }: TrialRecord): string | null {
  if (endedAt === null) return 'it is still open: whoever ran it did not close it';
  if (verdict !== 'green') return `its verdict is ${verdict ?? 'missing'}`;
  return promoted ? null : 'it says that it was not promoted';
}

function testedFault(
  trial: TrialRecord,
  named: Pick<CanonicalRecord, 'version' | 'commit' | 'generation'>,
): string | null {
  const differing = (['version', 'commit', 'generation'] as const)
    .filter((field) => trial[field] !== named[field])
    .map((field) => `${field} ${trial[field]}, expected ${named[field]}`);
  return differing.length === 0 ? null : `it says ${differing.join('; ')}`;
}

function imagesFault({ images }: TrialRecord, record: CanonicalRecord): string | null {
  const ran = imagesText(images);
  return ran === imagesText(record.images) ? null : `it ran other images than the record names: ${ran}`;
}

function imagesText(images: CanonicalRecord['images']): string {
  return images
    .map(({ service, reference, digest, id }) => [service, reference, digest, id].join(' '))
    .join(', ');
}

function baseFault({ base, version }: TrialRecord): string | null {
  if (base === null) return null;
  const older = parseVersion(base.version) !== null && compareReleases(base.version, version) < 0;
  return older ? null : `it built on ${base.version}, which is no older release`;
}

/** Tidying up after a trial is no verdict on the release: what it failed to remove shows as left over. */
function stepsFault({ base, steps }: TrialRecord): string | null {
  const upgrade: StepName[] = base === null ? [] : ['upgrade'];
  const expected: StepName[] = ['sync', 'checkout', 'install', ...upgrade, 'rest', 'promote'];
  const counted = steps.filter(({ name }) => name !== 'tidy');
  const names = counted.map(({ name }) => name);
  if (names.join() !== expected.join()) return `it took ${names.join(', ')}; expected ${expected.join(', ')}`;
  const failed = counted.find((step) => step.ok !== true || step.endedAt === null);
  if (failed === undefined) return null;
  return `step ${failed.name} ${failed.ok === false ? 'failed' : 'never ended'}`;
}

function programFault({ program }: TrialRecord, document: GenerationDocument | null): string | null {
  if (program.version === '' || !BUILD.test(program.commit)) {
    return `it names ${nameOf(program)}, which is no build of this program`;
  }
  const made = document?.program ?? null;
  if (made === null || nameOf(made) === nameOf(program)) return null;
  return `it names ${nameOf(program)}, its generation ${nameOf(made)}`;
}

function nameOf({ version, commit }: Program): string {
  return `version "${version}" (${commit})`;
}

/** A record that was put back in time names a canonical that something newer has replaced. */
function newestClaim(
  evidence: AuditEvidence,
  { generation }: CanonicalRecord,
  trials: readonly StoredTrial[],
): Claim {
  const later = trials
    .flatMap(({ trial }) => (trial.readable && trial.value !== null ? [trial.value] : []))
    .find((trial) => trial.promoted && trial.generation > (generation ?? 0));
  const fault =
    later === undefined
      ? null
      : `trial ${later.id} was promoted later; the record names generation ${generation}`;
  return judge('newest', 'nothing newer was promoted than what the record names', fault, rebuild(evidence));
}
