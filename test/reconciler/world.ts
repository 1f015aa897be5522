/** A small world in memory for the pure core: what is desired, what is stored, and what a carried-out decision makes of it. */
import type {
  CanonicalRecord,
  Decision,
  FleetConfig,
  GenerationDocument,
  Manifest,
  ObservedGeneration,
  RecipeMemory,
  Tag,
  TrialRecord,
  DamagedTrial,
} from '../../src/reconciler/model.ts';
import { readable, type DecideContext, type FleetView, type RecipeView } from '../../src/reconciler/view.ts';

export const NOW = new Date('2026-06-17T06:55:32.000Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** A commit id from a short word, the same for the same word. */
export function commitOf(word: string): string {
  return Buffer.from(word.padEnd(20, '.').slice(0, 20)).toString('hex');
}

export const tag = (name: string, commit = commitOf(name)): Tag => ({ name, commit, object: commit });

export function manifest(over: Partial<Manifest> = {}): Manifest {
  const name = over.name ?? 'app';
  return {
    name,
    file: `${name}.yaml`,
    folder: '/manifests',
    document: {},
    enrolled: true,
    reason: null,
    suspend: null,
    upstream: `https://example.org/${name}.git`,
    login: null,
    branch: null,
    release: { ignore: [], prerelease: false, minAgeMs: 0 },
    mirror: null,
    dependsOn: [],
    app: { env: {}, process: { command: ['node', 'app.mjs'], volumes: ['data'], secrets: [] } },
    health: {
      path: '/',
      status: [200],
      contains: null,
      timeoutMs: 1000,
      stableForMs: 0,
      service: null,
      port: null,
    },
    checks: [],
    timeoutMs: HOUR,
    retain: 2,
    retry: { red: { baseMs: 6 * HOUR, maxMs: 6 * DAY }, infra: { baseMs: 30_000, maxMs: HOUR } },
    commandFiles: {},
    ...over,
  };
}

export function config(over: Partial<FleetConfig> = {}): FleetConfig {
  return {
    driver: 'process',
    domain: 'localhost',
    domainTemplate: 'warm-{recipe}.{domain}',
    reservedDomains: [],
    intervalMs: 600_000,
    window: null,
    concurrency: { observe: 16, trials: 1 },
    diskBudgetBytes: null,
    verifyIntervalMs: DAY,
    credentials: [],
    freeze: null,
    server: { host: '127.0.0.1', port: 9464 },
    registry: 'file',
    swarm: { network: 'proxy', helperImage: 'busybox:stable', node: null, edge: null },
    ...over,
  };
}

export function record(
  version: string,
  generation: number | null,
  over: Partial<CanonicalRecord> = {},
): CanonicalRecord {
  return {
    recipe: 'app',
    version,
    commit: commitOf(version),
    status: 'idle',
    ts: '20260617T065532Z',
    generation,
    kept: [],
    driver: generation === null ? null : 'process',
    stack: null,
    domain: null,
    volumes: [],
    images: [],
    trial: null,
    ...over,
  };
}

export function generation(
  number: number,
  version: string,
  over: {
    damage?: ObservedGeneration['damage'];
    driver?: string;
    recipe?: string;
    manifest?: Manifest;
    allocatedBytes?: number;
  } = {},
): ObservedGeneration {
  const recipe = over.recipe ?? 'app';
  const document: GenerationDocument = {
    recipe,
    generation: number,
    version,
    commit: commitOf(version),
    driver: over.driver ?? 'process',
    stack: `warm-${recipe}-${number}`,
    domain: `warm-${recipe}.localhost`,
    trial: `20260617T060000Z-${recipe}-${number}`,
    volumes: [],
    secrets: [],
    program: { version: '1.0.0', commit: 'c0ffee' },
    manifest: { file: `${recipe}.yaml`, folder: '/manifests', document: {} },
  };
  return {
    generation: number,
    folder: `/state/${recipe}/generations/${number}`,
    damage: over.damage ?? [],
    document,
    manifest: over.manifest ?? manifest({ name: recipe }),
    bytes: 10,
    allocatedBytes: over.allocatedBytes ?? 4096,
  };
}

export function memory(over: Partial<RecipeMemory> = {}): RecipeMemory {
  return {
    firstSeen: {},
    notCommits: {},
    accepted: null,
    rebuild: null,
    holdsFrom: {},
    driftSince: null,
    mirror: null,
    dueSince: null,
    lastVerdict: null,
    conditions: [],
    ...over,
  };
}

export interface Sketch {
  manifest?: Manifest | null;
  tags?: readonly Tag[];
  record?: CanonicalRecord | null;
  generations?: readonly ObservedGeneration[];
  adoptable?: readonly string[];
  memory?: RecipeMemory;
  trials?: readonly TrialRecord[];
  damagedTrials?: readonly DamagedTrial[];
}

/** A recipe of which everything could be read. */
export function view(sketch: Sketch = {}): RecipeView {
  const wanted = sketch.manifest === undefined ? manifest() : sketch.manifest;
  return {
    recipe: wanted?.name ?? sketch.record?.recipe ?? 'app',
    manifest: wanted,
    invalid: null,
    refs: wanted === null || !wanted.enrolled ? null : readable({ branch: null, tags: sketch.tags ?? [] }),
    mirror: null,
    record: readable(sketch.record ?? null),
    generations: readable(sketch.generations ?? []),
    adoptable: readable(sketch.adoptable ?? []),
    memory: readable(sketch.memory ?? memory()),
    trials: readable(sketch.trials ?? []),
    damagedTrials: sketch.damagedTrials ?? [],
    leftovers: readable([]),
  };
}

export function fleet(
  views: readonly RecipeView[],
  over: Partial<FleetView> & { settings?: Partial<FleetConfig> } = {},
): FleetView {
  const { settings, ...rest } = over;
  return {
    config: readable(config(settings)),
    driver: readable(null),
    unreadableFiles: [],
    recipes: new Map(views.map((each) => [each.recipe, each])),
    disk: { allocatedBytes: 0, reservedBytes: 0 },
    window: { open: true },
    ...rest,
  };
}

export function context(over: Partial<DecideContext> = {}): DecideContext {
  return {
    now: NOW,
    uptime: { bootId: 'boot', ms: DAY },
    program: { version: '1.0.0', commit: 'c0ffee' },
    digest: (text) => text,
    ignoreHolds: () => false,
    ...over,
  };
}

export function trial(over: Partial<TrialRecord> = {}): TrialRecord {
  return {
    id: '20260617T060000Z-app-1',
    recipe: 'app',
    version: '1.0.0+1.0',
    commit: commitOf('1.0.0+1.0'),
    base: null,
    generation: 1,
    inputs: 'inputs',
    verdict: 'red',
    reason: 'app-exited',
    message: 'the app exited with code 1',
    startedAt: new Date(NOW.getTime() - 2 * HOUR).toISOString(),
    endedAt: new Date(NOW.getTime() - HOUR).toISOString(),
    uptime: null,
    steps: [],
    images: [],
    notes: [],
    instance: { host: 'host', pid: 1, term: 'term' },
    program: { version: '1.0.0', commit: 'c0ffee' },
    promoted: false,
    retryAfterMs: 6 * HOUR,
    ...over,
  };
}

/** What the world is like after a decision was carried out and its trial was green. */
export function carryOut(before: RecipeView, decision: Decision): RecipeView {
  const { plan } = decision;
  if (plan === null) return before;
  const old = before.generations.readable ? before.generations.value : [];
  const number = Math.max(0, ...old.map((each) => each.generation)) + 1;
  const kept = plan.keep.map((each) => each.generation);
  const made = generation(number, plan.target.version, {
    recipe: before.recipe,
    ...(before.manifest === null ? {} : { manifest: before.manifest }),
  });
  if (made.document !== null) made.document.commit = plan.target.commit;
  return {
    ...before,
    record: readable(
      record(plan.target.version, number, {
        recipe: before.recipe,
        commit: plan.target.commit,
        kept,
        trial: 'trial',
      }),
    ),
    generations: readable([made, ...old.filter((each) => kept.includes(each.generation))]),
  };
}
