/** Evidence of a canonical that nobody touched: release 1.1.0 as generation 2, keeping generation 1. */
import type {
  AuditEvidence,
  CanonicalRecord,
  ExaminedGeneration,
  GenerationDocument,
  StepName,
  TrialRecord,
  Uptime,
} from '../../src/reconciler/model.ts';
import { readable } from '../../src/reconciler/view.ts';
import { commitOf, manifest, record, tag, trial } from './world.ts';

export const V1 = '1.0.0+1.0';
export const V2 = '1.1.0+1.1';
const BUILD = { version: '1.0.0', commit: commitOf('build') };
const IMAGES = [{ service: 'app', reference: 'app:1.1', digest: 'sha256:r', id: 'sha256:i' }];

export const boot = (bootId: string, ms: number): Uptime => ({ bootId, ms });

/** A green trial of a generation, which ran from `1000 * generation` to half a second later. */
export function greenTrial(
  generation: number,
  version: string,
  over: Partial<TrialRecord> = {},
): TrialRecord {
  const base = generation === 1 ? null : { version: V1, generation: 1 };
  const upgrade: StepName[] = base === null ? [] : ['upgrade'];
  const names: StepName[] = ['sync', 'checkout', 'install', ...upgrade, 'rest', 'promote', 'tidy'];
  const at = (ms: number): string => new Date(1_750_000_000_000 + ms).toISOString();
  const [start, end] = [1000 * generation, 1000 * generation + 500];
  return trial({
    id: `20260617T060000Z-app-${generation}`,
    version,
    commit: commitOf(version),
    generation,
    base,
    verdict: 'green',
    promoted: true,
    retryAfterMs: null,
    startedAt: at(start),
    endedAt: at(end),
    uptime: { start: boot('boot', start), end: boot('boot', end) },
    steps: names.map((name) => ({
      name,
      startedAt: at(start),
      endedAt: at(end),
      ok: true,
      message: null,
      log: `${name}.log`,
    })),
    instance: { host: 'host', pid: 1, term: `term-${generation}` },
    images: IMAGES,
    program: BUILD,
    ...over,
  });
}

export function soundEvidence(): AuditEvidence {
  const canonical = examined(2, V2);
  const document = canonical.document.readable ? canonical.document.value : null;
  const known: CanonicalRecord = record(V2, 2, {
    kept: [1],
    stack: 'warm-app-2',
    domain: 'warm-app.localhost',
    volumes: document?.volumes ?? [],
    images: IMAGES,
    trial: '20260617T060000Z-app-2',
  });
  return {
    recipe: 'app',
    enrolled: true,
    deep: false,
    record: readable(known),
    upstream: { url: manifest().upstream, refs: readable({ branch: null, tags: [tag(V1), tag(V2)] }) },
    mirror: readable({
      tagCommit: commitOf(V2),
      commits: { [commitOf(V1)]: 'kept', [commitOf(V2)]: 'kept' },
    }),
    trials: readable(
      [greenTrial(1, V1), greenTrial(2, V2)].map((each) => ({ id: each.id, trial: readable(each) })),
    ),
    generations: [canonical, examined(1, V1)],
    leftovers: readable([]),
  };
}

function examined(generation: number, version: string): ExaminedGeneration {
  const document: GenerationDocument = {
    recipe: 'app',
    generation,
    version,
    commit: commitOf(version),
    driver: 'process',
    stack: `warm-app-${generation}`,
    domain: 'warm-app.localhost',
    trial: `20260617T060000Z-app-${generation}`,
    volumes: [{ name: 'data', bytes: 10, files: 1, fingerprint: 'sha256:f', digest: 'sha256:d' }],
    secrets: ['password'],
    program: BUILD,
    manifest: { file: 'app.yaml', folder: '/manifests', document: {} },
  };
  return {
    generation,
    folder: `/state/app/generations/${generation}`,
    document: readable(document),
    manifest: manifest(),
    findings: [
      { kind: 'volume', name: 'data', state: 'intact', why: null, hint: null },
      { kind: 'secret', name: 'password', state: 'intact', why: null, hint: null },
    ],
  };
}
