/**
 * What people ask of the loop by the command line. What concerns one recipe's memory is obeyed by the look at it, so
 * that nobody else writes that meanwhile; what removes things, while no trial and no sync is under way. Requests to cancel
 * are obeyed beside trials (cancellations.ts).
 */
import type { OperatorRequest } from '../model.ts';
import { obeyRequest, type ObeyPorts } from '../obey.ts';
import type { Clock } from '../ports.ts';

export interface RequestsOptions {
  ports: ObeyPorts & { clock: Clock };
  /** A request for a recipe waits: it is to be looked at. */
  wanted: (recipe: string) => void;
  /** Does something while nothing is under way. */
  quietly: (work: () => Promise<void>) => Promise<void>;
  /** What there is of recipes may have changed. */
  changed: () => void;
  failed: (error: unknown) => void;
}

/** A person waits for this, and a look at a folder that is mostly not there costs nothing. */
const LOOK_AGAIN_MS = 250;

export class Requests {
  readonly #options: RequestsOptions;
  /** By recipe, oldest first, until the look at it has obeyed them. */
  readonly #forLooks = new Map<string, Map<string, OperatorRequest>>();
  #obeying: Promise<void> | null = null;
  #ended = false;
  #silence: (() => void) | null = null;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  watch(): void {
    const look = (): void => {
      this.#look()
        .catch(this.#options.failed)
        .finally(() => this.#again(look));
    };
    look();
  }

  /** Obeys what waits for a look at this recipe. */
  async obeyFor(recipe: string): Promise<void> {
    const waiting = this.#forLooks.get(recipe);
    if (waiting === undefined) return;
    this.#forLooks.delete(recipe);
    for (const request of waiting.values()) await obeyRequest(request, this.#options.ports);
  }

  async stop(): Promise<void> {
    this.#ended = true;
    this.#silence?.();
    await this.#obeying;
  }

  #again(look: () => void): void {
    if (!this.#ended) this.#silence = this.#options.ports.clock.alarm(LOOK_AGAIN_MS, look);
  }

  async #look(): Promise<void> {
    const removing: OperatorRequest[] = [];
    for (const request of await this.#options.ports.desk.pending()) {
      const { wish } = request;
      if (wish.verb === 'accept' || wish.verb === 'rebuild') this.#leaveToLook(wish.recipe, request);
      if (wish.verb === 'forget' || wish.verb === 'gc') removing.push(request);
    }
    if (removing.length === 0 || this.#obeying !== null) return;
    // Trials may take an hour to get out of the way, and other requests do not wait for that.
    this.#obeying = this.#remove(removing)
      .catch(this.#options.failed)
      .finally(() => (this.#obeying = null));
  }

  #leaveToLook(recipe: string, request: OperatorRequest): void {
    const waiting = this.#forLooks.get(recipe) ?? new Map<string, OperatorRequest>();
    waiting.set(request.id, request);
    this.#forLooks.set(recipe, waiting);
    this.#options.wanted(recipe);
  }

  async #remove(requests: readonly OperatorRequest[]): Promise<void> {
    const { ports, quietly, changed } = this.#options;
    await quietly(async () => {
      if (this.#ended) return;
      for (const request of requests) await obeyRequest(request, ports);
    });
    changed();
  }
}
