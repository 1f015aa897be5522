/** The queries of a Grafana dashboard. */

interface Panel {
  targets?: { expr: string }[];
  panels?: Panel[];
}

export function dashboardQueries(json: string): string[] {
  const dashboard: Panel = JSON.parse(json);
  return queriesIn(dashboard);
}

function queriesIn({ targets = [], panels = [] }: Panel): string[] {
  return [...targets.map(({ expr }) => expr), ...panels.flatMap(queriesIn)];
}
