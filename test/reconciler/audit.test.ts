import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audit, isFault } from '../../src/reconciler/audit.ts';
import type {
  AuditEvidence,
  Claim,
  Finding,
  GenerationDocument,
  ThingState,
} from '../../src/reconciler/model.ts';
import { readable, unreadable } from '../../src/reconciler/view.ts';
import { greenTrial, soundEvidence, V1, V2 } from './audit-evidence.ts';
import { commitOf, record } from './world.ts';

const faults = (claims: readonly Claim[]): Claim[] => claims.filter(({ outcome }) => isFault(outcome));
const about = (evidence: AuditEvidence): string[] => faults(audit(evidence)).map((claim) => claim.about);
const evidenceWith = (over: Partial<AuditEvidence>): AuditEvidence => ({ ...soundEvidence(), ...over });

describe('an audit of what nobody touched', () => {
  it('upholds every claim, each with its own words', () => {
    const claims = audit(soundEvidence());
    expect(faults(claims)).toEqual([]);
    expect(new Set(claims.map(({ claim }) => claim)).size).toBe(claims.length);
  });

  it('makes no claim twice where one fault hides another', () => {
    const { upstream } = soundEvidence();
    const none = { url: upstream?.url ?? '', refs: readable({ branch: null, tags: [] }) };
    expect(about(evidenceWith({ upstream: none }))).toEqual(['release']);
  });
});

/** Nobody's claim rests on these: when, where and in which words; and what reading already holds against its place. */
const NO_CLAIM = [
  /^record\.value\.(ts|status)$/,
  /^trials\.value\.\d+\.trial\.value\.(inputs|reason|message|startedAt|endedAt|retryAfterMs)$/,
  /^trials\.value\.\d+\.trial\.value\.(id|instance|uptime|recipe)\b/,
  /^trials\.value\.\d+\.trial\.value\.base\.generation$/,
  /^trials\.value\.\d+\.trial\.value\.steps\.\d+\.(startedAt|endedAt|message|log)$/,
  // Tidying up is no verdict; of an older trial's base and images nothing is claimed any more.
  /^trials\.value\.0\.trial\.value\.steps\.5\b/,
  /^trials\.value\.0\.trial\.value\.images\b/,
  /^trials\.value\.1\.trial\.value\.steps\.6\b/,
  // What lies in a generation is compared with these on disk, which the findings are the outcome of.
  /^generations\.\d+\.document\.value\.(secrets|manifest)\b/,
  /^generations\.1\.document\.value\.(recipe|driver|stack|domain|volumes)\b/,
  /^generations\.\d+\.(generation|folder|manifest)\b/,
  /^generations\.\d+\.findings\.\d+\.(kind|name|why|hint)$/,
  /^(recipe|enrolled|deep|upstream\.url)$/,
  // Other tags than the canonical's, and whether something could be read at all, which has tests of its own.
  /^upstream\.refs\.value\.(branch\b|tags\.0\b|tags\.\d+\.object$)/,
  /readable$/,
];

type Leaf = { path: string; value: string | number | boolean | null };

function leavesOf(value: unknown, path = ''): Leaf[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) =>
      leavesOf(inner, path === '' ? key : `${path}.${key}`),
    );
  }
  return [{ path, value: value as Leaf['value'] }];
}

function tampered(evidence: AuditEvidence, path: string, value: unknown): AuditEvidence {
  // Not structuredClone: what the parts of the evidence share would be tampered with in all of them.
  const copy = JSON.parse(JSON.stringify(evidence)) as AuditEvidence;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<Record<string, unknown>>(
    (at, key) => at[key] as Record<string, unknown>,
    copy as unknown as Record<string, unknown>,
  );
  parent[last] = value;
  return copy;
}

const STATES: ThingState[] = ['missing', 'changed', 'corrupted', 'exposed', 'unreadable'];

/** Another value that could stand in the same place. */
function otherValues({ path, value }: Leaf): fc.Arbitrary<unknown> {
  if (path.endsWith('.state')) return fc.constantFrom(...STATES);
  if (/mirror\.value\.commits\./.test(path)) return fc.constantFrom('unkept', 'missing');
  if (typeof value === 'boolean') return fc.constantFrom(!value, null);
  if (typeof value === 'number') return fc.integer({ min: 1, max: 1000 }).filter((other) => other !== value);
  const commits = fc.stringMatching(/^[0-9a-f]{40}$/);
  const texts = fc.oneof(fc.string(), commits, fc.constantFrom(V1, V2, '9.0.0+9.0'));
  return texts.filter((other) => other !== value);
}

describe('a single field that somebody changed', () => {
  const leaves = leavesOf(soundEvidence()).filter(({ path }) => !NO_CLAIM.some((each) => each.test(path)));

  it('is looked at in every part of the evidence', () => {
    const parts = new Set(leaves.map(({ path }) => path.split('.')[0]));
    expect(parts).toEqual(new Set(['generations', 'mirror', 'record', 'trials', 'upstream']));
    expect(leaves.length).toBeGreaterThan(60);
  });

  it.each(leaves.map((leaf) => [leaf.path, leaf] as const))('%s makes a claim fail', (path, leaf) => {
    fc.assert(
      fc.property(otherValues(leaf), (value) => {
        const found = faults(audit(tampered(soundEvidence(), path, value)));
        expect(found.length, `${path} = ${JSON.stringify(value)}`).toBeGreaterThan(0);
        expect(found.every(({ hint, found: words }) => hint !== null && words !== null)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('what cannot be read', () => {
  const why = 'it is on fire';
  const sound = soundEvidence();
  it.each<[string, Partial<AuditEvidence>, string[]]>([
    ['the record', { record: unreadable(why) }, ['record', 'leftovers']],
    ['upstream', { upstream: { url: 'u', refs: unreadable(why) } }, ['release']],
    ['the mirror', { mirror: unreadable(why) }, ['mirror']],
    ['the trials', { trials: unreadable(why) }, ['trial', 'generation']],
    ['what is left', { leftovers: unreadable(why) }, ['leftovers']],
    [
      'the trial that made it',
      {
        trials: readable([
          { id: greenTrial(1, V1).id, trial: readable(greenTrial(1, V1)) },
          { id: greenTrial(2, V2).id, trial: unreadable(why) },
        ]),
      },
      ['trial'],
    ],
    [
      'the trial of a kept generation',
      {
        trials: readable([
          { id: greenTrial(1, V1).id, trial: unreadable(why) },
          { id: greenTrial(2, V2).id, trial: readable(greenTrial(2, V2)) },
        ]),
      },
      ['trial-alone', 'generation'],
    ],
    [
      'a generation',
      {
        generations: sound.generations.map((each) => ({
          ...each,
          document: unreadable<GenerationDocument | null>(why),
        })),
      },
      ['generation', 'generation'],
    ],
    [
      'volumes of another driver',
      { generations: sound.generations.map((each) => ({ ...each, findings: null })) },
      ['volume', 'volume'],
    ],
    ['where upstream is', { upstream: null }, ['release']],
  ])('%s does not hold, and is told from what is wrong', (_, over, expected) => {
    const found = faults(audit(evidenceWith(over)));
    expect(found.map((claim) => claim.about)).toEqual(expected);
    const blind = found.filter(({ outcome }) => outcome === 'unchecked');
    expect(blind.length).toBe(found.filter((claim) => claim.about !== 'record').length);
    expect(blind.every(({ found: words }) => words?.startsWith('cannot be checked: ') === true)).toBe(true);
  });

  it('of a generation hides what else lies there, and claims nothing about it', () => {
    const other: Finding = { kind: 'other', name: '/x', state: 'unnamed', why: null, hint: null };
    const [canonical, ...kept] = sound.generations;
    if (canonical === undefined) throw new Error('the canonical is examined');
    const littered = { ...canonical, findings: [...(canonical.findings ?? []), other] };
    expect(about(evidenceWith({ generations: [littered, ...kept] }))).toEqual(['others']);
    const lost = { ...littered, document: unreadable<GenerationDocument | null>(why) };
    expect(about(evidenceWith({ generations: [lost, ...kept] }))).toEqual(['generation']);
  });
});

describe('what to do', () => {
  const moved = (enrolled: boolean): AuditEvidence => {
    const evidence = tampered(soundEvidence(), 'upstream.refs.value.tags.1.commit', commitOf('moved'));
    return { ...evidence, enrolled };
  };

  it('is a command for a recipe that is enrolled, and the choice for one that is not', () => {
    expect(faults(audit(moved(true)))[0]?.hint).toBe('reconcile accept app');
    expect(faults(audit(moved(false)))[0]?.hint).toBe(
      'enrol app again, or let go of it: reconcile forget app --yes',
    );
  });

  it('is never to remove what a wrong record may have named', () => {
    const left = {
      recipe: 'app',
      kind: 'generation' as const,
      where: 'app/generations/3',
      ours: true,
      why: 'no record names it',
      bytes: 1,
    };
    const hintOn = (evidence: AuditEvidence): string | null | undefined =>
      audit(evidence).find((claim) => claim.about === 'leftovers')?.hint;
    expect(hintOn(evidenceWith({ leftovers: readable([left]) }))).toBe('reconcile gc');
    const wrong = tampered(soundEvidence(), 'record.value.trial', 'another');
    expect(hintOn({ ...wrong, leftovers: readable([left]) })).toContain('settle what else is wrong first');
    const strange = { ...left, ours: false };
    expect(hintOn(evidenceWith({ leftovers: readable([strange]) }))).toContain('look at it');
  });
});

describe('an adopted record', () => {
  it('is claimed of what it says, and of nothing else', () => {
    const adopted = evidenceWith({
      record: readable(record(V2, null)),
      generations: [],
      mirror: readable(null),
      trials: readable([]),
    });
    const claims = audit(adopted);
    expect(faults(claims)).toEqual([]);
    expect(claims.filter(({ outcome }) => outcome === 'unclaimed').map((claim) => claim.about)).toEqual([
      'mirror',
      'trial',
      'generation',
    ]);
  });
});
