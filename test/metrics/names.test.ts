/** Code, rules, dashboard and catalogue name the same series, and every alert is tested, explained, and says what to run. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/cli/program.ts';
import {
  LEFTOVER_KINDS,
  RESULTS,
  SOURCES,
  STEPS,
  VERDICTS,
  WEBHOOK_RESULTS,
} from '../../src/metrics/label-values.ts';
import { SERIES } from '../../src/metrics/series.ts';
import { dashboardQueries } from './dashboard.ts';

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface RuleTest {
  alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[];
}

const read = (name: string) => readFile(new URL(`../../metrics/${name}`, import.meta.url), 'utf8');
const rulesFile: { groups: { rules: Rule[] }[] } = parse(await read('alerts.yaml'));
const rules = rulesFile.groups.flatMap((group) => group.rules);
const ruleTests: { tests: RuleTest[] } = parse(await read('alerts.test.yaml'));
const catalogue = await read('README.md');
const operations = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const queries = dashboardQueries(await read('dashboard.json'));
const declared = Object.entries(SERIES);

/** Every series that a text names; a histogram is read by its parts. */
function named(text: string): string[] {
  const names = text.match(/\b(?:reconciler|workqueue)_[a-z_]+/g) ?? [];
  const whole = names.map((name) =>
    Object.hasOwn(SERIES, name) ? name : name.replace(/_(bucket|sum|count)$/, ''),
  );
  return [...new Set(whole)];
}

/** The catalogue's rows: series, type, labels. */
function catalogued(): Map<string, { type: string; labels: string[] }> {
  const rows = [...catalogue.matchAll(/^\| `((?:reconciler|workqueue)_[a-z_]+)` *\| (\w+) *\| ([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ]),
  );
}

describe('the catalogue', () => {
  it('lists every series that the code declares, with its type and labels, and no other', () => {
    const expected = declared.map(([name, { type, labels }]) => [name, { type, labels: [...labels] }]);
    expect(Object.fromEntries(catalogued())).toEqual(Object.fromEntries(expected));
    expect(catalogued().size).toBe(declared.length);
  });

  it.each([
    ['results', RESULTS],
    ['kinds of leftovers', LEFTOVER_KINDS],
    ['results of webhooks', WEBHOOK_RESULTS],
  ])('names all %s', (_, values) => {
    for (const value of values) expect(catalogue).toContain(`\`${value}\``);
  });

  it('explains every alert under its own heading, with the command to run, and no other', () => {
    const alerts = [...new Set(rules.map(({ alert }) => alert))].toSorted();
    const explained = [...catalogue.matchAll(/^### ([A-Z]\w+)\n([^#]*)/gm)]
      .filter(([, heading = '']) => /^[A-Z][a-z]+[A-Z]/.test(heading))
      .map(([, heading = '', text = '']) => ({ heading, text }));
    expect(explained.map(({ heading }) => heading).toSorted()).toEqual(alerts);
    for (const { text } of explained) expect(text).toMatch(/\*\*Run\*\*\s+`reconcile/);
  });
});

describe('the guide for operators', () => {
  const [, section = ''] = /^## Answering alerts\n([^]*?)^## /m.exec(operations) ?? [];
  const rows = [...section.matchAll(/^\| `(\w+)` *\|(.*)\|$/gm)].map(([, alert = '', text = '']) => ({
    alert,
    cells: text.split(' | ').map((cell) => cell.trim()),
  }));

  it('has a row for every alert of the rules, and for no other', () => {
    const alerts = [...new Set(rules.map(({ alert }) => alert))].toSorted();
    expect(rows.map(({ alert }) => alert).toSorted()).toEqual(alerts);
  });

  it.each(rows.map((row) => [row.alert, row] as const))(
    'says of %s what it means, what to look at and what to do, with commands that exist',
    (_, { cells }) => {
      expect(cells).toHaveLength(3);
      for (const cell of cells) expect(cell.length).toBeGreaterThan(10);
      expect(cells[1]).toContain('`reconcile ');
      const commands = cells.flatMap((cell) =>
        [...cell.matchAll(/`reconcile ([^`]*)`/g)].map(([, said = '']) => said),
      );
      const silent = { out: () => undefined, err: () => undefined };
      for (const command of commands)
        expect(parseCommandLine(command.replace('RECIPE', 'shop').split(' '), {}, silent).kind).toBe('run');
    },
  );
});

describe('rules and dashboard', () => {
  it.each([
    ['alert rules', rules.map(({ expr }) => expr).join('\n')],
    ['dashboard', queries.join('\n')],
    ['catalogue', catalogue],
  ])('of the %s name only series that the code declares', (_, text) => {
    expect(named(text).filter((name) => !Object.hasOwn(SERIES, name))).toEqual([]);
    expect(named(text).length).toBeGreaterThan(10);
  });

  it('leave out no series: each is looked at by a rule or a panel, or said to be for other uses', () => {
    const used = named([...rules.map(({ expr }) => expr), ...queries].join('\n'));
    const forOthers = [
      'reconciler_recipe_promoted_timestamp_seconds',
      'reconciler_reconcile_total',
      'reconciler_reconcile_duration_seconds',
    ];
    expect(
      Object.keys(SERIES)
        .filter((name) => !used.includes(name))
        .toSorted(),
    ).toEqual(forOthers.toSorted());
  });

  it('select by labels that the series have, and by values that these can take', () => {
    const words = new Set<string>([...RESULTS, ...SOURCES, ...STEPS, ...VERDICTS, ...LEFTOVER_KINDS]);
    for (const { expr } of rules) {
      for (const [, name = '', selectors = ''] of expr.matchAll(/\b([a-z_]+)\{([^}]*)\}/g)) {
        const labels = [...selectors.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)];
        const series = declared.find(([each]) => each === name)?.[1];
        if (series === undefined) continue;
        const known: readonly string[] = series.labels;
        for (const [, label = '', value = ''] of labels) {
          expect(known).toContain(label);
          if (label === 'verdict') for (const each of value.split('|')) expect(words).toContain(each);
        }
      }
    }
  });
});

describe('every alert', () => {
  it('has a test in which it fires, and one in which it does not', () => {
    const cases = ruleTests.tests.flatMap((test) => test.alert_rule_test);
    const tested = (fires: boolean) => (alert: string) =>
      cases.some(({ alertname, exp_alerts = [] }) => alertname === alert && exp_alerts.length > 0 === fires);
    const alerts = [...new Set(rules.map(({ alert }) => alert))];
    expect(alerts.filter((alert) => !tested(true)(alert))).toEqual([]);
    // What is decided about one recipe and not about the other is tested in one case.
    const bothInOne = ['RecipeHeldRed', 'TagMoved', 'DiskBudgetNear'];
    expect(alerts.filter((alert) => !tested(false)(alert)).toSorted()).toEqual(bothInOne.toSorted());
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s has a severity, a summary, and a command that exists',
    (_, { expr, labels, annotations }) => {
      expect(labels['severity']).toMatch(/^(warning|critical)$/);
      expect(annotations['description']).toBeTruthy();
      expect(annotations['summary']).toBeTruthy();
      const isOfRecipe = /recipe/.test(expr) && !/enrolled_recipes/.test(expr);
      if (isOfRecipe) expect(annotations['summary']).toContain('{{ $labels.recipe }}');
      if (isOfRecipe) expect(annotations['command']).toContain('{{ $labels.recipe }}');
      const words = (annotations['command'] ?? '').replace('{{ $labels.recipe }}', 'shop').split(' ');
      expect(words[0]).toBe('reconcile');
      const silent = { out: () => undefined, err: () => undefined };
      expect(parseCommandLine(words.slice(1), {}, silent).kind).toBe('run');
    },
  );
});
