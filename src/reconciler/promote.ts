/**
 * Promotion: the trial's generation becomes what the record names. Only what was tested is promoted, only if it is
 * still wanted, and only what was read back is called promoted (invariants I2, I3).
 */
import { compactTime } from './compact-time.ts';
import { describe, Fenced, TrialEnded, TrialFault } from './errors.ts';
import type { CanonicalRecord, GenerationDocument, TrialRecord } from './model.ts';
import type { Work } from './ports.ts';
import { generationFolder, stackOf, workOn, type TrialPorts, type TrialRun } from './trial-run.ts';

export async function promote(run: TrialRun, work: Work): Promise<void> {
  const { journal, promotion, mirror } = run.ports;
  const { trial, plan } = run;
  await assertStillWanted(run, work);
  trial.verdict = 'green';
  await journal.save(trial);
  const record = recordOf(run);
  const keep = [plan.target.commit, ...plan.keep.map((kept) => kept.commit)];
  try {
    await mirror.retain(trial.recipe, keep, workOn(run, 'git', work));
    await promotion.settle(generationFolder(run), generationDocument(run, record));
    const stored = await promotion.promote(record);
    work.log.note(
      `promoted: the record names ${stored.version} at ${stored.commit}, generation ${stored.generation}`,
    );
    // Only now: until here the record named the old canonical, and what was kept with it.
    await mirror.letGo(trial.recipe, keep, workOn(run, 'git', work));
  } catch (error) {
    if (error instanceof Fenced) throw error;
    if ((await recordNames(trial, run.ports)) !== true) {
      trial.verdict = null;
      if (error instanceof TrialFault) throw error;
      const message = `could not write the record of ${trial.recipe}: ${describe(error)}`;
      throw new TrialFault('infra', 'promotion-failed', message, { cause: error });
    }
    work.log.note(`the record was written, but not everything after it went well: ${describe(error)}`);
  }
  trial.promoted = true;
}

/** Reality decides, not whether a call returned: does the stored record name this trial? Null where it cannot be read. */
export async function recordNames(
  trial: TrialRecord,
  { registry }: Pick<TrialPorts, 'registry'>,
): Promise<boolean | null> {
  const stored = await registry.record(trial.recipe);
  return stored.readable ? stored.value?.trial === trial.id : null;
}

/** The enrolment and the tag's commit, read once more right before the write. */
async function assertStillWanted(run: TrialRun, work: Work): Promise<void> {
  const { recipe, version, commit } = run.trial;
  const fleet = await run.ports.fleet.load();
  const manifest = fleet.manifests.find(({ name }) => name === recipe);
  const unsure =
    fleet.invalid[0] === undefined ? 'no manifest is left at all' : `${fleet.invalid[0].file} is invalid`;
  if (manifest === undefined && (fleet.invalid.length > 0 || fleet.manifests.length === 0)) {
    const message = `could not read the enrolment of ${recipe} again before promotion: ${unsure}`;
    throw new TrialFault('infra', 'enrolment-unreadable', message, { hint: 'run "reconcile validate"' });
  }
  if (manifest === undefined || !manifest.enrolled) {
    throw new TrialEnded('superseded', 'de-enrolled', `${recipe} was de-enrolled while its trial ran`);
  }
  const refs = await run.ports.upstream.refs(manifest, {
    signal: work.signal,
    concurrency: Number.POSITIVE_INFINITY,
  });
  work.signal.throwIfAborted();
  if (!refs.readable) {
    const message = `could not read the tag ${version} again before promotion: ${refs.why}`;
    throw new TrialFault('infra', 'upstream-unreachable', message);
  }
  const now = refs.value.tags.find(({ name }) => name === version)?.commit ?? null;
  if (now !== commit) {
    const message = `tag ${version} ${now === null ? 'vanished' : `moved to ${now}`} while ${commit} was tested`;
    throw new TrialEnded('superseded', 'tag-moved', message);
  }
}

function recordOf(run: TrialRun): CanonicalRecord {
  const { trial, plan, ports } = run;
  return {
    recipe: trial.recipe,
    version: trial.version,
    commit: trial.commit,
    status: 'idle',
    ts: compactTime(ports.clock.now()),
    generation: trial.generation,
    kept: plan.keep.map(({ generation }) => generation),
    driver: ports.driver.kind,
    stack: stackOf(run),
    domain: plan.domain,
    volumes: run.measured?.volumes ?? [],
    images: trial.images,
    trial: trial.id,
  };
}

function generationDocument(run: TrialRun, record: CanonicalRecord): GenerationDocument {
  const { file, folder, document } = run.manifest;
  return {
    recipe: record.recipe,
    generation: run.trial.generation,
    version: record.version,
    commit: record.commit,
    driver: run.ports.driver.kind,
    stack: stackOf(run),
    domain: run.plan.domain,
    trial: run.trial.id,
    volumes: record.volumes,
    secrets: run.measured?.secrets ?? [],
    program: run.trial.program,
    manifest: { file, folder, document },
  };
}
