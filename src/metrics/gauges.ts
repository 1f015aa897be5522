/** What is true now, as values of gauges: of one recipe, from its row, and of the whole fleet. */
import { paused } from '../reconciler/pause.ts';
import type { Fleet, Leftover } from '../reconciler/model.ts';
import { LEFTOVER_KINDS } from './label-values.ts';
import type { GaugeSample } from './series.ts';

/** The part of a row that is shown; a stored row has it as much as one made just now. */
export interface ShownRow {
  recipe: string;
  decision: string;
  drift: string | null;
  reason: string;
  latest: { version: string; commit: string } | null;
  canonical: { version: string; commit: string; generation: number | null } | null;
  mirror: { state: string; failingSince: string | null } | null;
  suspended: { until: string | null } | null;
  suspensionEnded: string | null;
  driftSince: string | null;
  promotedAt: string | null;
  lastVerdict: { verdict: string } | null;
  damage: number;
  allocatedBytes: number;
  leftovers: readonly { kind: string }[] | null;
}

export function recipeGauges(row: ShownRow): GaugeSample[] {
  const { recipe, decision, reason, drift, canonical, latest, lastVerdict } = row;
  const known: GaugeSample[] = [
    { name: 'reconciler_recipe_drift', labels: { recipe }, value: Number(drift !== null) },
    {
      name: 'reconciler_recipe_drift_since_timestamp_seconds',
      labels: { recipe },
      value: drift === null ? 0 : seconds(row.driftSince),
    },
    { name: 'reconciler_recipe_state', labels: { recipe, decision, reason }, value: 1 },
    {
      name: 'reconciler_recipe_promoted_timestamp_seconds',
      labels: { recipe },
      value: seconds(row.promotedAt),
    },
    { name: 'reconciler_recipe_damage', labels: { recipe }, value: row.damage },
    { name: 'reconciler_mirror_failing', labels: { recipe }, value: Number(isMirrorFailing(row)) },
    { name: 'reconciler_warm_volume_bytes', labels: { recipe }, value: row.allocatedBytes },
    { name: 'reconciler_recipe_suspended', labels: { recipe }, value: Number(row.suspended !== null) },
    {
      name: 'reconciler_suspended_until_timestamp_seconds',
      labels: { recipe },
      value: seconds(row.suspended?.until ?? row.suspensionEnded),
    },
  ];
  if (canonical !== null) {
    const { version, commit } = canonical;
    const labels = { recipe, version, commit, generation: String(canonical.generation ?? '') };
    known.push({ name: 'reconciler_recipe_canonical_info', labels, value: 1 });
  }
  if (latest !== null) {
    const labels = { recipe, version: latest.version, commit: latest.commit };
    known.push({ name: 'reconciler_recipe_latest_release_info', labels, value: 1 });
  }
  if (lastVerdict !== null) {
    const labels = { recipe, verdict: lastVerdict.verdict };
    known.push({ name: 'reconciler_recipe_last_verdict', labels, value: 1 });
  }
  return known;
}

function isMirrorFailing({ mirror }: ShownRow): boolean {
  return (
    mirror !== null && (mirror.failingSince !== null || ['failing', 'unreadable'].includes(mirror.state))
  );
}

export interface ShownFleet {
  fleet: Pick<Fleet, 'config' | 'problems'>;
  enrolled: readonly string[];
  disk: { allocatedBytes: number; budgetBytes: number | null };
}

export function fleetGauges({ fleet, enrolled, disk }: ShownFleet, now: Date): GaugeSample[] {
  const faulty = [...new Set(fleet.problems.map(({ file }) => file))];
  return [
    { name: 'reconciler_enrolled_recipes', labels: {}, value: enrolled.length },
    { name: 'reconciler_disk_allocated_bytes', labels: {}, value: disk.allocatedBytes },
    { name: 'reconciler_disk_budget_bytes', labels: {}, value: disk.budgetBytes ?? 0 },
    ...faulty.map((file) => ({ name: 'reconciler_manifest_invalid', labels: { file }, value: 1 }) as const),
    ...configGauges(fleet, now),
  ];
}

/** Of a configuration that cannot be read nothing is said: what this process said of the last one stands. */
function configGauges({ config }: ShownFleet['fleet'], now: Date): GaugeSample[] {
  if (!config.readable) return [];
  const { freeze, intervalMs } = config.value;
  return [
    { name: 'reconciler_interval_seconds', labels: {}, value: intervalMs / 1000 },
    { name: 'reconciler_frozen', labels: {}, value: Number(paused(freeze, now) !== null) },
    {
      name: 'reconciler_frozen_until_timestamp_seconds',
      labels: {},
      value: seconds(freeze?.until ?? null),
    },
  ];
}

/** Of all recipes together, and of what is no recipe's. */
export function leftoverGauges(
  rows: Iterable<Pick<ShownRow, 'leftovers'>>,
  strays: readonly Pick<Leftover, 'kind'>[],
): GaugeSample[] {
  const found = [...rows].flatMap(({ leftovers }) => leftovers ?? []);
  const kinds = [...found, ...strays].map(({ kind }) => kind);
  return LEFTOVER_KINDS.map((kind) => {
    const value = kinds.filter((each) => each === kind).length;
    return { name: 'reconciler_leftovers', labels: { kind }, value };
  });
}

export function seconds(time: string | null): number {
  const at = time === null ? 0 : Date.parse(time);
  return Number.isNaN(at) ? 0 : at / 1000;
}
