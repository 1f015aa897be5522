/**
 * Serves names in order, a bounded number at a time, each only after everything that it needs and that is served
 * too. So a recipe and its dependencies are never on trial at the same time, and no locks are needed for that.
 */
export async function serveInOrder(
  names: readonly string[],
  needs: (name: string) => readonly string[],
  limit: number,
  work: (name: string) => Promise<void>,
): Promise<void> {
  const waiting = new Set(names);
  const running = new Map<string, Promise<void>>();
  const isFree = (name: string): boolean =>
    !needs(name).some((need) => waiting.has(need) || running.has(need));
  while (waiting.size > 0 || running.size > 0) {
    const next = running.size < limit ? [...waiting].find(isFree) : undefined;
    if (next !== undefined) {
      waiting.delete(next);
      running.set(
        next,
        work(next).finally(() => running.delete(next)),
      );
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else {
      throw new Error(`these wait for each other: ${[...waiting].join(', ')}`);
    }
  }
}
