/** What is wrong with the manifests as a whole: told when it comes to be, or is another, and when it is mended. */
import type { Belief } from '../belief.ts';
import type { Trouble } from './events.ts';

const KINDS = ['unread', 'config', 'vanished', 'problems'] as const;
type Kind = (typeof KINDS)[number];

type Told = Omit<Trouble, 'type'>;

/** Whoever reads the last line about something must not take for standing what is over. */
const MENDED = {
  unread: 'the manifests can be read again',
  config: 'the Reconciler document can be used again',
  vanished: 'the manifests that vanished are there again, or gone for good',
  problems: 'no manifest is wrong any more',
} as const satisfies Record<Kind, string>;

export class Standing {
  readonly #trouble: (told: Told) => void;
  readonly #said = new Map<Kind, string>();

  constructor(trouble: (told: Told) => void) {
    this.#trouble = trouble;
  }

  /** True where anything was told. */
  tell(belief: Belief): boolean {
    const troubles = troublesOf(belief);
    return KINDS.filter((kind) => this.#tellKind(kind, troubles[kind] ?? null)).length > 0;
  }

  #tellKind(kind: Kind, told: Told | null): boolean {
    const text = told === null ? undefined : JSON.stringify(told);
    if (this.#said.get(kind) === text) return false;
    if (text === undefined) this.#said.delete(kind);
    else this.#said.set(kind, text);
    this.#trouble(told ?? { level: 'info', message: MENDED[kind], fields: {} });
    return true;
  }
}

function troublesOf({ fleet, configKept, vanished, unread }: Belief): Partial<Record<Kind, Told>> {
  const troubles: Partial<Record<Kind, Told>> = {};
  if (unread !== null)
    troubles.unread = {
      level: 'error',
      message: 'the manifests cannot be read; what they said last stands',
      fields: { why: unread },
    };
  if (configKept !== null)
    troubles.config = {
      level: 'error',
      message: 'the Reconciler document cannot be used; the last good one stays in force',
      fields: { why: configKept },
    };
  if (vanished !== null)
    troubles.vanished = {
      level: 'error',
      message: 'many manifests vanished at once; their recipes are held until that is confirmed',
      fields: { recipes: vanished.names },
    };
  const told = toldAbove({ fleet, configKept, vanished });
  const problems = fleet.problems.filter(({ file }) => !told.has(file));
  if (problems.length > 0)
    troubles.problems = { level: 'warn', message: 'some manifests are wrong', fields: { problems } };
  return troubles;
}

/** The files whose problems are those that were told of already. */
function toldAbove({
  fleet,
  configKept,
  vanished,
}: Pick<Belief, 'fleet' | 'configKept' | 'vanished'>): Set<string> {
  const gone = fleet.invalid.filter(({ name }) => vanished?.missedAt.has(name) === true);
  const files = gone.map(({ file }) => file);
  return new Set(configKept === null || fleet.configFile === null ? files : [...files, fleet.configFile]);
}
