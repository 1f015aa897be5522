/**
 * Which keys exclude each other. A key in process has itself to itself, and shares what it needs with others that
 * need it too: trials clone a dependency's canonical, which only a trial of that dependency replaces.
 *
 * A key gets all its locks at once or none, in one thread, so nobody ever waits while holding some: no order of
 * locking is needed to rule out deadlocks.
 */
export class Locks {
  readonly #taken = new Set<string>();
  /** By how many it is needed at the moment; never 0. */
  readonly #shared = new Map<string, number>();

  isFree(key: string, needs: readonly string[]): boolean {
    return !this.#taken.has(key) && !this.#shared.has(key) && !needs.some((need) => this.#taken.has(need));
  }

  take(key: string, needs: readonly string[]): void {
    this.#taken.add(key);
    for (const need of needs) this.#shared.set(need, (this.#shared.get(need) ?? 0) + 1);
  }

  release(key: string, needs: readonly string[]): void {
    this.#taken.delete(key);
    for (const need of needs) {
      const left = (this.#shared.get(need) ?? 0) - 1;
      if (left > 0) this.#shared.set(need, left);
      else this.#shared.delete(need);
    }
  }
}
