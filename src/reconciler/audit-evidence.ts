/**
 * Gathers what an audit judges, through ports. It reads only, takes no lease, and asks each upstream once. A pass may
 * be at work meanwhile: where the record was replaced while the rest was read, all of it is read again.
 */
import type {
  AuditEvidence,
  CanonicalRecord,
  ExaminedGeneration,
  Fleet,
  Reading,
  StoredGeneration,
  StoredTrial,
  TrialRecord,
} from './model.ts';
import { observeLeftovers } from './observe.ts';
import type { Driver, FleetSource, MirrorReader, Registry, Upstream } from './ports.ts';
import { parseVersion } from './releases.ts';

export interface AuditPorts {
  fleet: FleetSource;
  upstream: Upstream;
  registry: Registry;
  driver: Pick<Driver, 'kind' | 'examine'>;
  mirrors: MirrorReader;
}

export interface Gathering {
  ports: AuditPorts;
  fleet: Fleet;
  deep: boolean;
  signal: AbortSignal;
}

const ATTEMPTS = 3;

export async function gatherEvidence(recipe: string, gathering: Gathering): Promise<AuditEvidence> {
  const { registry } = gathering.ports;
  for (let attempt = 1; ; attempt++) {
    const record = await registry.record(recipe);
    const evidence = await gatherAround(recipe, record, gathering);
    gathering.signal.throwIfAborted();
    const same = JSON.stringify(await registry.record(recipe)) === JSON.stringify(record);
    if (same || attempt === ATTEMPTS) return evidence;
  }
}

async function gatherAround(
  recipe: string,
  record: Reading<CanonicalRecord | null>,
  { ports, fleet, deep, signal }: Gathering,
): Promise<AuditEvidence> {
  const { registry, upstream, mirrors, driver } = ports;
  const known = record.readable ? record.value : null;
  const manifest = fleet.manifests.find(({ name }) => name === recipe) ?? null;
  const stored = known === null ? [] : await storedGenerations(known, registry);
  const asked = manifest ?? stored[0]?.manifest ?? null;
  const trials = await registry.trialFolders(recipe);
  const generations: ExaminedGeneration[] = [];
  for (const each of stored) generations.push(await examine(each, known, driver, { deep, signal }));
  return {
    recipe,
    // While a file cannot be read, nothing counts as de-enrolled.
    enrolled: manifest?.enrolled ?? fleet.invalid.length > 0,
    deep,
    record,
    upstream:
      known === null || asked === null
        ? null
        : {
            url: asked.upstream,
            refs: await upstream.refs(asked, { signal, concurrency: Number.POSITIVE_INFINITY }),
          },
    mirror: await mirrors.facts(recipe, askedOf(known, stored), signal),
    trials,
    generations,
    leftovers: await observeLeftovers(recipe, registry, {
      record,
      trials: readable(trials),
      atWork: await registry.atWork(),
    }),
  };
}

async function storedGenerations(
  { recipe, generation, kept }: CanonicalRecord,
  registry: Registry,
): Promise<StoredGeneration[]> {
  if (generation === null) return [];
  const numbers = [...new Set([generation, ...kept])];
  return await Promise.all(numbers.map((number) => registry.generation(recipe, number)));
}

/** A text that is no release's name is not asked for: git would take it for something else. */
function askedOf(record: CanonicalRecord | null, stored: readonly StoredGeneration[]) {
  const commits = stored.flatMap(({ document }) => (document.readable ? (document.value?.commit ?? []) : []));
  const tag = record === null || parseVersion(record.version) === null ? null : record.version;
  return { tag, commits: record === null ? commits : [record.commit, ...commits] };
}

/** Of the canonical the record is the word on its volumes, of a kept generation its own document. */
async function examine(
  stored: StoredGeneration,
  record: CanonicalRecord | null,
  driver: AuditPorts['driver'],
  { deep, signal }: Pick<Gathering, 'deep' | 'signal'>,
): Promise<ExaminedGeneration> {
  const { generation, folder } = stored;
  const document = stored.document.readable ? stored.document.value : null;
  const canonical = generation === record?.generation ? record : null;
  const madeBy = canonical?.driver ?? document?.driver ?? driver.kind;
  if (madeBy !== driver.kind) return { ...stored, findings: null };
  const home = { stack: document?.stack ?? canonical?.stack ?? '', folder };
  const volumes = canonical?.volumes ?? document?.volumes ?? [];
  const expected = { volumes, secrets: document?.secrets ?? [] };
  const contents = deep ? 'always' : 'where-doubtful';
  return { ...stored, findings: await driver.examine(home, expected, { contents, signal }) };
}

/** The damaged ones have a claim of their own. */
function readable(folders: Reading<readonly StoredTrial[]>): Reading<readonly TrialRecord[]> {
  if (!folders.readable) return folders;
  const trials = folders.value.flatMap(({ trial }) =>
    trial.readable && trial.value !== null ? [trial.value] : [],
  );
  return { readable: true, value: trials };
}
