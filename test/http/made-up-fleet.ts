/** A fleet that never was, made of the program's own types: a row for every kind of decision, trials of every verdict. */
import type {
  DecisionKind,
  Reason,
  StepName,
  StepRecord,
  TrialRecord,
  Verdict,
} from '../../src/reconciler/model.ts';
import type { Row } from '../../src/reconciler/report.ts';
import type { ExplainedRecipe } from '../../src/http/operator.ts';

/** When everything here is looked at. */
export const NOW = new Date('2026-06-21T09:30:00.000Z');

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function before(ms: number): string {
  return new Date(NOW.getTime() - ms).toISOString();
}

export const PROGRAM = { version: '0.1.0', commit: 'c6f0d1a4b7e92835d61f0a9c84b3e7d215f60a9b' };

/** As long as a real one, and the same for the same text. */
function commitOf(text: string): string {
  let value = 7;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 31;
  return value.toString(16).padStart(8, '0').repeat(5);
}

export function rowWith(row: Partial<Row> & { recipe: string }): Row {
  const version = '1.13.0+1.31.1';
  return {
    decision: 'in-sync',
    drift: null,
    reason: 'up-to-date',
    message: `the canonical is the newest release ${row.canonical?.version ?? version}`,
    latest: { version, commit: commitOf(version) },
    canonical: { version, commit: commitOf(version), generation: 4 },
    after: [],
    nextAt: null,
    acted: false,
    trial: null,
    mirror: null,
    suspended: null,
    suspensionEnded: null,
    driftSince: null,
    promotedAt: before(4 * DAY),
    lastVerdict: { trial: `20260617T065402Z-${row.recipe}-4`, verdict: 'green', at: before(4 * DAY) },
    damage: 0,
    bytes: 48 * 1024 * 1024,
    allocatedBytes: 50 * 1024 * 1024,
    notes: [],
    leftovers: [],
    observedAt: before(3 * MINUTE),
    ...row,
  };
}

function release(version: string): { version: string; commit: string } {
  return { version, commit: commitOf(version) };
}

function canonical(version: string, generation = 3): Row['canonical'] {
  return { ...release(version), generation };
}

/** One for each kind of decision, and a few that have more to them. */
export function everyKind(): Row[] {
  return [
    rowWith({ recipe: 'custom-html' }),
    rowWith({
      recipe: 'gitea',
      latest: release('3.6.0+1.24.2-rootless'),
      canonical: canonical('3.6.0+1.24.2-rootless', 11),
      bytes: 1_910_000_000,
      lastVerdict: { trial: '20260620T030512Z-gitea-11', verdict: 'green', at: before(30 * HOUR) },
    }),
    rowWith({
      recipe: 'keycloak',
      decision: 'held',
      drift: 'advance',
      reason: 'failed-same-inputs',
      message:
        'trial 20260621T081502Z-keycloak-9 of 10.7.1+26.6.2 was red at upgrade: the app exited with code 1 after 41 s\n' +
        'Liquibase: validation failed: 1 change set check sum is not what it was when it ran; META-INF/jpa-changelog-26.1.0.xml is another one',
      latest: release('10.7.1+26.6.2'),
      canonical: canonical('10.6.0+26.5.4', 8),
      nextAt: before(-5 * HOUR),
      driftSince: before(3 * DAY),
      lastVerdict: { trial: '20260621T081502Z-keycloak-9', verdict: 'red', at: before(58 * MINUTE) },
      bytes: 812_000_000,
      notes: ['tags 10.7.0+26.6.1 and 10.7.0+26.6.1-1 share a recipe version and point at different commits'],
    }),
    rowWith({
      recipe: 'nextcloud',
      decision: 'unknown',
      reason: 'upstream-unreachable',
      message:
        'could not ask https://git.example.org/coop-cloud/nextcloud.git for its refs: getaddrinfo ENOTFOUND git.example.org',
      latest: null,
      canonical: canonical('13.0.2+31.0.5-fpm', 21),
      bytes: 6_400_000_000,
    }),
    rowWith({
      recipe: 'matrix-synapse',
      decision: 'advance',
      drift: 'advance',
      reason: 'newer-release',
      message: '6.4.0+v1.132.0 is newer than the canonical 6.3.1+v1.130.0',
      latest: release('6.4.0+v1.132.0'),
      canonical: canonical('6.3.1+v1.130.0', 5),
      driftSince: before(26 * MINUTE),
      bytes: 402_000_000,
    }),
    rowWith({
      recipe: 'collabora',
      decision: 'seed',
      drift: 'seed',
      reason: 'no-canonical',
      message: 'no canonical yet; 0.3.0+v0.4.219 is the newest release',
      latest: release('0.3.0+v0.4.219'),
      canonical: null,
      driftSince: before(2 * MINUTE),
      promotedAt: null,
      lastVerdict: null,
      bytes: 0,
    }),
    rowWith({
      recipe: 'wordpress',
      decision: 'repair',
      drift: 'repair',
      reason: 'volume-missing',
      message: 'volume files of generation 7 is missing; generation 6 is intact and serves as the base',
      latest: release('2.12.0+6.5.3'),
      canonical: canonical('2.12.0+6.5.3', 7),
      driftSince: before(9 * MINUTE),
      damage: 1,
      bytes: 96_000_000,
    }),
    rowWith({
      recipe: 'authentik',
      decision: 'blocked',
      drift: 'seed',
      reason: 'dependency-not-ready',
      message: 'depends on collabora, which has no canonical',
      latest: release('6.45.0+2026.4.1'),
      canonical: null,
      after: ['collabora'],
      driftSince: before(2 * DAY),
      promotedAt: null,
      lastVerdict: null,
      bytes: 0,
    }),
    rowWith({
      recipe: 'mailu',
      decision: 'suspended',
      drift: 'advance',
      reason: 'suspended',
      message: 'the mail team moves to new relays (dana); ends at 2026-07-01T00:00:00.000Z',
      latest: release('2.0.1+2026.06'),
      canonical: canonical('2.0.0+2026.01', 2),
      suspended: {
        reason: 'the mail team moves to new relays',
        by: 'dana',
        until: '2026-07-01T00:00:00.000Z',
      },
      nextAt: '2026-07-01T00:00:00.000Z',
      driftSince: before(6 * DAY),
    }),
    rowWith({
      recipe: 'peertube',
      decision: 'held',
      drift: null,
      reason: 'tag-moved',
      message:
        'tag 0.6.0+v2026.5.1 moved from 1f0c2ab9d3e4 (first seen 2026-05-02T11:20:00.000Z) to 9bd04e77aa10 (first seen 2026-06-20T22:10:00.000Z)',
      latest: release('0.6.0+v2026.5.1'),
      canonical: canonical('0.6.0+v2026.5.1', 2),
      mirror: {
        url: 'https://git.example.net/mirrors/peertube',
        state: 'failing',
        reason: 'mirror-refused',
        message: 'the mirror refused refs/tags/0.6.0+v2026.5.1: tag is protected',
        due: true,
        failingSince: before(11 * HOUR),
        pullRequests: null,
      },
      leftovers: [
        {
          recipe: 'peertube',
          kind: 'generation',
          where: 'peertube/generations/3',
          ours: true,
          why: 'no record names it: 0.6.0+v2026.5.1, made by the process driver',
          bytes: 52_000_000,
        },
      ],
      bytes: 2_730_000_000,
    }),
    rowWith({
      recipe: 'drone',
      decision: 'never-released',
      reason: 'no-release-tag',
      message: 'upstream has 3 tags and none is a release',
      latest: null,
      canonical: null,
      promotedAt: null,
      lastVerdict: null,
      bytes: 0,
    }),
    rowWith({
      recipe: 'rocketchat',
      decision: 'not-enrolled',
      reason: 'orphaned',
      message:
        'no manifest names it any more; its canonical 1.4.0+6.45.0-alpine is kept until "reconcile forget rocketchat"',
      latest: null,
      canonical: canonical('1.4.0+6.45.0-alpine', 6),
      bytes: 730_000_000,
      lastVerdict: { trial: '20260402T030512Z-rocketchat-6', verdict: 'green', at: before(80 * DAY) },
    }),
  ];
}

/** A thousand of them, as a large fleet is: most are in sync. */
export function manyRows(count: number): Row[] {
  const kinds = everyKind();
  return Array.from({ length: count }, (_, index) => {
    const recipe = `recipe-${String(index).padStart(4, '0')}`;
    const kind = index % 25 === 0 ? kinds[(index / 25) % kinds.length] : undefined;
    const version = `1.${index % 40}.${index % 7}+${2 + (index % 9)}.${index % 31}`;
    const at = before((index + 1) * 11 * MINUTE);
    if (kind !== undefined) return { ...kind, recipe };
    return rowWith({
      recipe,
      latest: release(version),
      canonical: canonical(version, 1 + (index % 12)),
      bytes: (index + 1) * 1_300_000,
      promotedAt: at,
      lastVerdict: { trial: `20260617T065402Z-${recipe}-4`, verdict: 'green', at },
    });
  });
}

interface MadeUpStep {
  name: StepName;
  tookMs: number;
  message?: string;
  failed?: boolean;
  open?: boolean;
}

interface MadeUpTrial extends Partial<TrialRecord> {
  recipe: string;
  version: string;
  generation: number;
  startedAt: string;
  took: readonly MadeUpStep[];
}

function trialWith({ took, ...trial }: MadeUpTrial): TrialRecord {
  const { recipe, version, generation, startedAt, verdict = 'green' } = trial;
  const steps: StepRecord[] = [];
  let at = Date.parse(startedAt);
  for (const { name, tookMs, message = null, failed = false, open = false } of took) {
    const startedStep = new Date(at).toISOString();
    at += tookMs;
    steps.push({
      name,
      startedAt: startedStep,
      endedAt: open ? null : new Date(at).toISOString(),
      ok: open ? null : !failed,
      message,
      log: `${name}.log`,
    });
  }
  const stamp = startedAt.replaceAll(/[-:]|\.\d+/g, '');
  return {
    id: `${stamp}-${recipe}-${generation}`,
    commit: commitOf(version),
    base: null,
    inputs: `sha256:${commitOf(`${recipe} ${version}`)}`,
    reason: null,
    message: null,
    endedAt: verdict === null ? null : new Date(at).toISOString(),
    uptime: null,
    instance: { host: 'ci-1', pid: 4211, term: '20260601T000000Z-1' },
    program: PROGRAM,
    promoted: verdict === 'green',
    retryAfterMs: null,
    images: [],
    notes: [],
    ...trial,
    verdict,
    steps,
  };
}

const UPGRADED = (scale: number): MadeUpStep[] => [
  { name: 'sync', tookMs: 900 * scale },
  { name: 'checkout', tookMs: 400 * scale },
  { name: 'install', tookMs: 38_000 * scale, message: 'healthy after 31 s, 2 checks passed' },
  {
    name: 'upgrade',
    tookMs: 71_000 * scale,
    message: 'from the canonical; healthy after 52 s, 3 checks passed',
  },
  { name: 'rest', tookMs: 12_000 * scale },
  { name: 'promote', tookMs: 300 * scale },
  { name: 'tidy', tookMs: 1_800 * scale },
];

/** Of a recipe whose newest release fails to upgrade. */
export function redTrials(recipe = 'keycloak'): TrialRecord[] {
  const base = { version: '10.6.0+26.5.4', generation: 8 };
  const failed = (version: string, generation: number, startedAt: string, verdict: Verdict): TrialRecord =>
    trialWith({
      recipe,
      version,
      generation,
      base,
      startedAt,
      verdict,
      promoted: false,
      reason: verdict === 'red' ? 'app-exited' : 'not-healthy-in-time',
      message: 'the app exited with code 1 after 41 s',
      took: [
        { name: 'sync', tookMs: 1100 },
        { name: 'checkout', tookMs: 500 },
        { name: 'install', tookMs: 44_000, message: 'healthy after 36 s, 2 checks passed' },
        { name: 'upgrade', tookMs: verdict === 'red' ? 52_000 : 118_000, failed: true, message: FAILURE },
        { name: 'tidy', tookMs: 2400 },
      ],
    });
  return [
    failed('10.7.1+26.6.2', 9, '2026-06-21T08:15:02.000Z', 'red'),
    failed('10.7.0+26.6.1', 8, '2026-06-18T03:40:51.000Z', 'timeout'),
    trialWith({
      recipe,
      version: '10.6.0+26.5.4',
      generation: 7,
      startedAt: '2026-05-30T03:02:10.000Z',
      base: { version: '10.5.0+26.4.0', generation: 6 },
      took: UPGRADED(0.8),
    }),
    trialWith({
      recipe,
      version: '10.5.0+26.4.0',
      generation: 6,
      startedAt: '2026-05-03T03:05:44.000Z',
      verdict: 'interrupted',
      promoted: false,
      message: 'stopped by SIGTERM',
      took: UPGRADED(0.7).slice(0, 3),
    }),
    trialWith({
      recipe,
      version: '10.4.2+26.3.1',
      generation: 5,
      startedAt: '2026-04-12T03:01:12.000Z',
      base: { version: '10.4.0+26.3.0', generation: 4 },
      took: UPGRADED(0.6),
    }),
  ];
}

const FAILURE =
  'the app exited with code 1 after 41 s; it was healthy on the base release before the upgrade';

export const LOG_TAIL = [
  '2026-06-21 08:16:31,902 INFO  [org.keycloak.quarkus.runtime] (main) Updating database schema',
  '2026-06-21 08:16:34,118 WARN  [org.infinispan.PERSISTENCE] (keycloak-cache-init) ISPN000554: jboss-marshalling is deprecated',
  '2026-06-21 08:16:38,441 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Failed to start server',
  '2026-06-21 08:16:38,442 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: liquibase.exception.ValidationFailedException: Validation Failed:',
  '     1 changesets check sum',
  '          META-INF/jpa-changelog-26.1.0.xml::26.1.0-35057::keycloak was: 9:1ce6a1f0 but is now: 9:77aa02d4',
  'the process exited with code 1',
];

/** A trial that goes on. */
export function openTrial(recipe = 'matrix-synapse'): TrialRecord {
  return trialWith({
    recipe,
    version: '6.4.0+v1.132.0',
    generation: 6,
    base: { version: '6.3.1+v1.130.0', generation: 5 },
    startedAt: before(95_000),
    verdict: null,
    promoted: false,
    took: [
      { name: 'sync', tookMs: 1300 },
      { name: 'checkout', tookMs: 600 },
      { name: 'install', tookMs: 61_000, message: 'healthy after 55 s' },
      { name: 'upgrade', tookMs: 0, open: true },
    ],
  });
}

export function greenTrials(recipe: string, versions: readonly string[]): TrialRecord[] {
  return versions.map((version, index) =>
    trialWith({
      recipe,
      version,
      generation: versions.length - index,
      startedAt: before((4 + 19 * index) * DAY),
      base:
        index + 1 < versions.length
          ? { version: versions[index + 1] ?? '', generation: versions.length - index - 1 }
          : null,
      took: UPGRADED(1 / (1 + index / 4)),
    }),
  );
}

/** Of every manifest alike. */
const GENERATION = 'sha256:0d1f5a7c9e3b';

/** What `explain` says of a row, as far as a row tells. */
export function explanationOf(row: Row, trials: readonly TrialRecord[]): ExplainedRecipe {
  const { recipe, decision, drift, reason, message, latest, canonical: known, nextAt, notes } = row;
  const lastTrial = trials[0] ?? null;
  const decided = { recipe, decision, drift, reason, message, latest, canonical: known, nextAt, notes };
  const failed = lastTrial?.steps.some(({ ok }) => ok === false) ?? false;
  const url = `https://git.coopcloud.tech/coop-cloud/${recipe}.git`;
  return {
    recipe,
    answer: answerOf(row),
    decision: { ...decided, observedGeneration: GENERATION },
    rule:
      nextAt === null
        ? null
        : 'spec.retry of its manifest; --retry-failed overrides it, and so does any change of an input',
    after: row.after,
    suspension: row.suspended === null ? null : { ...row.suspended, inForce: true },
    freeze: null,
    conditions: (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => ({
      type,
      status: (type === 'Ready') === (decision === 'in-sync') ? 'True' : 'False',
      reason,
      message,
      observedGeneration: GENERATION,
      lastTransitionTime: before(4 * HOUR),
    })),
    running: null,
    upstream: {
      url,
      state: latest === null ? 'not readable: getaddrinfo ENOTFOUND git.example.org' : '9 tags',
      releases: [latest, known?.version === latest?.version ? null : known].flatMap((each) =>
        each === null ? [] : [{ version: each.version, commit: each.commit }],
      ),
      ignored: [
        {
          tag: 'v2.4.8',
          rule: 'is not MAJOR.MINOR.PATCH+APP: no leading v, and a + before the version of the app',
        },
        { tag: 'latest', rule: 'is not MAJOR.MINOR.PATCH+APP' },
      ],
    },
    observed: {
      record:
        known === null
          ? 'none'
          : `${known.version} at ${known.commit}, promoted 20260530T030410Z, generation ${known.generation} by the process driver`,
      generations:
        known?.generation == null
          ? []
          : [
              {
                generation: known.generation,
                role: 'canonical',
                version: known.version,
                bytes: row.bytes,
                state: row.damage > 0 ? 'volume files missing' : 'intact',
              },
              {
                generation: known.generation - 1,
                role: 'kept',
                version: '1.0.0+1.0',
                bytes: Math.round(row.bytes * 0.9),
                state: 'intact',
              },
            ],
      dependencies: row.after.map((name) => `${name}: no canonical`),
      leftovers: row.leftovers ?? [],
    },
    mirror:
      row.mirror === null
        ? null
        : {
            url: row.mirror.url,
            state: `${row.mirror.state}: ${row.mirror.message}`,
            failing:
              row.mirror.failingSince === null
                ? null
                : { since: row.mirror.failingSince, message: row.mirror.message },
            pullRequests: null,
            foreignTags: ['team-2026-06'],
          },
    rewrites:
      reason === 'tag-moved'
        ? [
            {
              ref: 'refs/tags/0.6.0+v2026.5.1',
              from: commitOf('a'),
              to: commitOf('b'),
              at: before(11 * HOUR),
            },
          ]
        : [],
    plan:
      drift !== null && decision === drift && latest !== null
        ? { kind: drift, target: latest, base: known?.version ?? null, keep: [] }
        : null,
    lastTrial,
    logTail: failed ? LOG_TAIL : [],
  };
}

const NOTHING: Partial<Record<DecisionKind, string>> = {
  'in-sync': 'Nothing is happening because nothing has to',
  'never-released': 'Nothing is happening because there is no release to test',
};

function answerOf({ recipe, decision, reason, message, drift, nextAt }: Row): string {
  const next = nextAt === null ? '' : ` It goes on at ${nextAt}.`;
  if (decision === drift) return `The next pass will ${decision} ${recipe}: ${message}.`;
  const why =
    NOTHING[decision] ?? `Nothing is happening because ${recipe} is ${decision} (${reason satisfies Reason})`;
  return `${why}: ${message}.${next}`;
}
