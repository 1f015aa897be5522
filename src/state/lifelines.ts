/**
 * Files that what a term starts inherits open, by which it is found though it cleared its environment. Each that runs at a
 * time has one of its own: ending one must not end the others. They are used again, so that there are no more of them than
 * ever ran at once.
 */
export class Lifelines {
  readonly #prefix: string;
  readonly #taken = new Set<number>();

  /** `prefix`: a path that all of them begin with. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async lend<T>(use: (lifeline: string) => Promise<T>): Promise<T> {
    let number = 0;
    while (this.#taken.has(number)) number++;
    this.#taken.add(number);
    try {
      return await use(`${this.#prefix}-${number}`);
    } finally {
      this.#taken.delete(number);
    }
  }
}
