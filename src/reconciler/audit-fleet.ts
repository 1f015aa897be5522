/** Audits every canonical of a fleet, and what lies in the state folder besides them. */
import { audit, leftoverClaims } from './audit.ts';
import { gatherEvidence, type AuditPorts } from './audit-evidence.ts';
import { mapBounded } from './bounded.ts';
import { CannotRun } from './errors.ts';
import { takeInventory } from './inventory.ts';
import type { Claim, ClaimOutcome } from './model.ts';
import type { Registry } from './ports.ts';

export interface AuditRequest {
  /** All recipes that have a record where none are named; only then what lies besides is judged too. */
  only: readonly string[];
  deep: boolean;
  /** The state folder, for messages. */
  state: string;
}

export interface AuditReport {
  exitCode: 0 | 2;
  summary: Record<ClaimOutcome, number>;
  recipes: { recipe: string; claims: readonly Claim[] }[];
  /** About what is no recipe's. */
  besides: readonly Claim[];
}

/** Volumes are read in one go each: more at once only makes a disk seek. */
const CONCURRENCY = 4;

/** Throws `CannotRun` where there is nothing to audit. */
export async function auditFleet(
  request: AuditRequest,
  ports: AuditPorts,
  signal: AbortSignal,
): Promise<AuditReport> {
  const scope = await scopeOf(request, ports.registry);
  const fleet = await ports.fleet.load();
  const gathering = { ports, fleet, deep: request.deep, signal };
  const audited = new Map<string, readonly Claim[]>();
  await mapBounded(scope, CONCURRENCY, async (recipe) => {
    audited.set(recipe, audit(await gatherEvidence(recipe, gathering)));
  });
  const canonicals = scope.map((recipe) => ({ recipe, claims: audited.get(recipe) ?? [] }));
  if (request.only.length > 0) return reportOf(canonicals, []);
  const inventory = await takeInventory(ports.registry);
  const others = [...inventory.recipes]
    .filter(([recipe]) => !audited.has(recipe))
    .map(([recipe, leftovers]) => ({ recipe, claims: leftoverClaims(`of ${recipe}`, leftovers, false) }));
  return reportOf([...canonicals, ...others], leftoverClaims('besides', inventory.strays, false));
}

/** Loud emptiness (invariant I6): no canonical at all is no success. */
async function scopeOf({ only, state }: AuditRequest, registry: Registry): Promise<string[]> {
  const recorded = await registry.recorded();
  if (!recorded.readable) throw new CannotRun(`could not audit ${state}: ${recorded.why}`);
  const stranger = only.find((name) => !recorded.value.includes(name));
  if (stranger !== undefined) {
    const hint = 'see "reconcile status" for the recipes that there are';
    throw new CannotRun(`could not audit "${stranger}": no canonical of that name in ${state}`, { hint });
  }
  if (recorded.value.length === 0) {
    const hint = 'is that the right --state? "reconcile --once" makes canonicals';
    throw new CannotRun(`there is nothing to audit: no recipe has a canonical in ${state}`, { hint });
  }
  return only.length === 0 ? recorded.value : [...new Set(only)].toSorted();
}

function reportOf(recipes: AuditReport['recipes'], besides: readonly Claim[]): AuditReport {
  const summary = { ok: 0, wrong: 0, unchecked: 0, unclaimed: 0 };
  for (const { outcome } of [...recipes.flatMap(({ claims }) => claims), ...besides]) summary[outcome] += 1;
  const exitCode = summary.wrong + summary.unchecked === 0 ? 0 : 2;
  const sorted = recipes.toSorted((a, b) => (a.recipe < b.recipe ? -1 : 1));
  return { exitCode, summary, recipes: sorted, besides };
}
