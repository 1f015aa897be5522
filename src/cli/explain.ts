/** `reconcile explain RECIPE`: the whole chain behind a decision, the answer first. */
import { size } from '../amounts.ts';
import type { Reader } from '../composition.ts';
import { readFailureTail } from '../observed/logs.ts';
import { oneLine, printable } from '../printable.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { explain as explainRecipe, type Explanation } from '../reconciler/explain.ts';
import { look, type Look } from '../reconciler/look.ts';
import { freezeOf } from '../reconciler/report.ts';
import type { TrialRecord } from '../reconciler/model.ts';
import { freezeText, suspensionText } from '../reconciler/pause.ts';
import type { Context, ExitCode, Output } from './context.ts';
import { outcome } from './report.ts';
import { json, paint, table } from './text.ts';

const TAGS_SHOWN = 10;

export async function explain(context: Context, recipe: string): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  await reader.inspections.anew([recipe]);
  const found = await look(reader, [recipe], { retryFailed: false }, context.stop);
  const around = { onTrial: await onTrial(recipe, found, reader), freeze: freezeOf(found.view) };
  const explanation = explainRecipe(recipe, found, around);
  if (explanation === null) throw new CannotRun(found.error ?? `no recipe is called "${recipe}"`);
  const tail = await readFailureTail(reader.layout, explanation.lastTrial);
  if (context.options.json) {
    context.out.write(
      json({ apiVersion: 'reconcile/v1', kind: 'Explanation', ...explanation, logTail: tail }),
    );
  } else {
    print(context.out, explanation, tail);
  }
  return 0;
}

/** Its newest trial, where that is open and whoever runs it is at work. */
async function onTrial(recipe: string, { view }: Look, { registry }: Reader): Promise<TrialRecord | null> {
  const trials = view.recipes.get(recipe)?.trials;
  const newest = trials?.readable === true ? trials.value[0] : undefined;
  if (newest === undefined || newest.endedAt !== null) return null;
  const atWork = await registry.atWork();
  return atWork.readable && atWork.value ? newest : null;
}

function printMirror(
  { mirror, rewrites }: Explanation,
  heading: (text: string) => void,
  line: (text: string) => void,
): void {
  if (mirror !== null) {
    heading('Mirror');
    line(mirror.state);
    if (mirror.failing !== null) line(`failing since ${mirror.failing.since}: ${mirror.failing.message}`);
    if (mirror.pullRequests !== null)
      line(`pull requests, since ${mirror.pullRequests.since}: ${mirror.pullRequests.message}`);
    for (const tag of mirror.foreignTags.slice(0, TAGS_SHOWN)) line(`people's own  ${tag}`);
    if (mirror.foreignTags.length > TAGS_SHOWN)
      line(`... and ${mirror.foreignTags.length - TAGS_SHOWN} more of people's own`);
  }
  if (rewrites.length > 0) heading('Rewritten by upstream');
  for (const { ref, from, to, at } of rewrites) line(`${at}  ${ref}: ${from} -> ${to ?? 'withdrawn'}`);
}

function pausesOf({ recipe, suspension, freeze }: Explanation): string[] {
  const now = new Date();
  return [suspensionText(recipe, suspension, now), freezeText(freeze, now)].filter((each) => each !== null);
}

function print(out: Output, explanation: Explanation, tail: readonly string[]): void {
  const { decision, rule, after, upstream, observed, lastTrial } = explanation;
  const heading = (text: string): void => out.write(`\n${paint(out, 'bold', text)}\n`);
  const line = (text: string): void => out.write(`  ${oneLine(text)}\n`);
  out.write(`${printable(explanation.answer)}\n`);

  heading('Decision');
  line(
    `${decision.decision} (${decision.reason})${decision.drift === null ? '' : `, drift: ${decision.drift}`}`,
  );
  if (decision.nextAt !== null) line(`next at ${decision.nextAt}${rule === null ? '' : `, by ${rule}`}`);
  for (const pause of pausesOf(explanation)) line(pause);
  if (after.length > 0) line(`after: ${after.join(', ')}`);
  for (const note of decision.notes) line(`note: ${note}`);
  if (explanation.plan !== null) {
    const { kind, target, base, keep } = explanation.plan;
    line(
      `${kind} to ${target.version} at ${target.commit}, from ${base ?? 'nothing'}, keeping [${keep.join(', ')}]`,
    );
  }

  heading('Conditions');
  for (const each of explanation.conditions)
    line(`${each.type}: ${each.status} (${each.reason}), since ${each.lastTransitionTime}`);

  heading('Upstream');
  line(`${upstream.url ?? 'no manifest'}: ${upstream.state}`);
  for (const { version, commit } of upstream.releases.slice(0, TAGS_SHOWN))
    line(`release  ${version}  ${commit}`);
  if (upstream.releases.length > TAGS_SHOWN)
    line(`... and ${upstream.releases.length - TAGS_SHOWN} older ones`);
  for (const { tag, rule: why } of upstream.ignored) line(`ignored  ${tag}  (${why})`);

  printMirror(explanation, heading, line);

  heading('Observed');
  line(`record: ${observed.record}`);
  for (const each of observed.generations) {
    line(
      `generation ${each.generation} (${each.role}): ${each.version ?? '?'}, ${size(each.bytes)}, ${each.state}`,
    );
  }
  for (const { where, why, ours } of observed.leftovers) {
    line(`left over${ours ? '' : ', not made by this program'}: ${where}: ${why}`);
  }
  for (const dependency of observed.dependencies) line(`dependency ${dependency}`);

  heading('Last trial');
  if (lastTrial === null) line('none');
  else printTrial(out, lastTrial, tail, heading, line);
}

function printTrial(
  out: Output,
  trial: TrialRecord,
  tail: readonly string[],
  heading: (text: string) => void,
  line: (text: string) => void,
): void {
  const { id, version, verdict, promoted, steps, program, notes, images } = trial;
  const failed = steps.find(({ ok }) => ok === false);
  line(`${id}: ${version}, ${outcome({ id, verdict, promoted, step: failed?.name ?? null, message: null })}`);
  line(`run by version ${program.version} (${program.commit})`);
  for (const note of notes) line(`note: ${note}`);
  for (const { service, reference, digest, id: image } of images)
    line(`image  ${service}: ${reference}, ${digest ?? image}`);
  const rows = steps.map(({ name, ok, message }) => [
    `  ${name}`,
    ok === null ? 'open' : ok ? 'ok' : 'failed',
    message?.split('\n')[0] ?? '',
  ]);
  out.write(table(out, ['  STEP', 'RESULT', 'MESSAGE'], rows));
  if (tail.length === 0) return;
  heading(`The end of its ${failed?.name} log`);
  for (const each of tail) line(each);
}
