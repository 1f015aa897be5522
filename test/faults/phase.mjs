/** In which step of a trial the program is, as the trial's own file says, which is written when a step begins. */
export class Phase {
  #now = 'start';

  /** The lease is renewed beside everything else. */
  of(what) {
    return what.includes('holder.json') ? 'lease' : this.#now;
  }

  notice(contents) {
    if (typeof contents !== 'string' || !contents.includes('"steps"')) return;
    const { steps, endedAt } = JSON.parse(contents);
    // What is closed before anything was begun is a predecessor's trial.
    if (endedAt !== null && this.#now === 'start') return;
    this.#now = endedAt === null ? (steps.at(-1)?.name ?? 'open') : 'close';
  }
}
