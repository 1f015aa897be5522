import type { Problem } from '../reconciler/model.ts';

/** `FILE:LINE:COLUMN: message`, as editors and terminals follow it. */
export function formatProblem(problem: Problem): string {
  return `${placeInFile(problem)}: ${problem.message}`;
}

export function placeInFile({ file, line, column }: Omit<Problem, 'message'>): string {
  return `${file}:${line}:${column}`;
}

/** By place, each once; the same whatever order the files were found in. */
export function sortProblems(problems: Iterable<Problem>): Problem[] {
  const distinct = new Map([...problems].map((problem) => [formatProblem(problem), problem]));
  return [...distinct.values()].toSorted(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.message, b.message),
  );
}

/** By code unit, so that it is the same in every locale. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
