/** Some things are only done while no trial and no sync is under way; whoever wants that keeps new ones from beginning. */
export class Quiet {
  #underWay = 0;
  /** While it is not empty nothing begins. */
  readonly #wanted: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Begins as soon as nobody wants it quiet. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    while (this.#wanted.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const tell of this.#wanted) tell();
    }
  }

  /** Waits until nothing is under way. One at a time: whoever calls sees to that. */
  async quietly(work: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wanted.push(resolve);
      if (this.#underWay === 0) resolve();
    });
    try {
      await work();
    } finally {
      this.#wanted.length = 0;
      for (const go of this.#waiting.splice(0)) go();
    }
  }
}
