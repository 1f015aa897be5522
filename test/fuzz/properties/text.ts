/** Whatever came from outside: printed for people, it neither steers their terminal nor breaks a line (I12). */
import { expect } from 'vitest';
import { table } from '../../../src/cli/text.ts';
import { printReport, type PrintedRow } from '../../../src/cli/report.ts';
import { excerpt } from '../../../src/desired/excerpt.ts';
import { firstLine, oneLine, printable } from '../../../src/printable.ts';
import { oddText, STEERS_A_TERMINAL } from '../arbitraries.ts';
import { property } from '../property.ts';

export const text = property<string>({
  name: 'text for people: steers no terminal and breaks no line',
  runs: 500,
  share: 0.3,
  corpus: {
    'a sequence that clears the screen': '\u001b[2J',
    'the same, in one character': '\u009b2J',
    'a title for the window': '\u001b]0;title\u0007',
    'a line over another': 'unknown\rin-sync',
    'a second line': 'shop\nblog  in-sync',
    'text in another order': '\u202etxt.exe\u2066',
    'separators of lines': 'one\u2028two\u2029three',
    'what every object has': 'constructor',
    'a replacement pattern': "$& $' $` $1",
  },
  cases: oddText,
  open: async () => ({
    holds: (odd) => {
      for (const line of [oneLine(odd), firstLine(odd), excerpt(odd)]) {
        expect(line).not.toMatch(STEERS_A_TERMINAL);
        expect(line).not.toContain('\n');
      }
      expect(printable(odd)).not.toMatch(STEERS_A_TERMINAL);
      const plain = { write: () => undefined, terminal: false, color: false, columns: Infinity };
      const rows = table(
        plain,
        ['A', 'B'],
        [
          [odd, 'x'],
          [odd, odd],
        ],
      );
      expect(rows).not.toMatch(STEERS_A_TERMINAL);
      expect(rows.split('\n')).toHaveLength(4);
      expect(printed(odd, false)).not.toMatch(STEERS_A_TERMINAL);
      // oxlint-disable-next-line no-control-regex -- these are our own colours
      expect(printed(odd, true).replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(STEERS_A_TERMINAL);
    },
  }),
});

/** A report in which everything that may come from outside is this text. */
function printed(odd: string, color: boolean): string {
  let said = '';
  const output = { write: (piece: string) => void (said += piece), terminal: color, color, columns: 200 };
  const row: PrintedRow = {
    recipe: odd,
    decision: odd,
    message: odd,
    latest: { version: odd },
    canonical: { version: `${odd}x` },
    after: [odd],
    nextAt: odd,
    trial: { id: odd, verdict: odd, step: odd, message: odd, promoted: false },
    mirror: { state: odd, message: odd, due: true, pullRequests: odd },
    suspended: { reason: odd, by: odd, until: null },
    suspensionEnded: null,
    notes: [odd],
    leftovers: [{ ours: true, bytes: 1 }],
    bytes: 1,
  };
  const ended: PrintedRow = { ...row, suspended: null, suspensionEnded: odd };
  const report = {
    kind: 'Status',
    exitCode: 0,
    error: odd,
    observedAt: new Date(0).toISOString(),
    freeze: { reason: odd, by: odd, until: null },
    summary: { [odd]: 1 },
    recipes: [row, ended],
  };
  printReport(output, output, report, false);
  return said;
}
