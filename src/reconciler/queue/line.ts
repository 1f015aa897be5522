/**
 * The keys whose time has come, in the order in which they are to be given out, and which of them may be.
 *
 * What may not go yet keeps its place and claims what it waits for: those behind it go first only where that does not
 * make it wait longer. So a stream of recipes that need a dependency cannot keep that dependency from its own trial.
 */
import { Heap, type HeapItem } from './heap.ts';
import { Locks } from './locks.ts';

export interface Standing extends HeapItem {
  key: string;
  /** Whose is earliest goes first. */
  due: number;
  /** Breaks ties; no two have the same. */
  order: number;
  /** What it needs that already went before it; null where nothing did. */
  letPass: Set<string> | null;
}

export class Line<T extends Standing> {
  readonly #needsOf: (key: string) => readonly string[];
  /** Everyone who stands in line, twice: in order, and by key. Nobody in it has gone and not come back. */
  readonly #ordered = new Heap<T>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order));
  readonly #byKey = new Map<string, T>();
  /** What those who have gone keep from going, and with which needs each of them went: those may be other ones by now. */
  readonly #locks = new Locks();
  readonly #gone = new Map<string, readonly string[]>();

  constructor(needsOf: (key: string) => readonly string[]) {
    this.#needsOf = needsOf;
  }

  join(standing: T): void {
    this.#ordered.push(standing);
    this.#byKey.set(standing.key, standing);
  }

  /** After it came to be due earlier. */
  moveUp(standing: T): void {
    this.#ordered.reorder(standing);
  }

  /** The first that may go, which goes; null where none may. */
  next(): T | null {
    const passedOver: T[] = [];
    let claims: Locks | null = null;
    let chosen: T | null = null;
    for (let head = this.#ordered.take(); head !== undefined; head = this.#ordered.take()) {
      const first = this.#goesBefore(head) ?? head;
      chosen = this.#mayGo(first, claims) ? first : null;
      if (chosen === head) break;
      passedOver.push(head);
      if (chosen !== null) {
        head.letPass = (head.letPass ?? new Set()).add(chosen.key);
        this.#ordered.remove(chosen);
        break;
      }
      claims ??= new Locks();
      for (const each of new Set([first, head])) claims.take(each.key, this.#needsOf(each.key));
    }
    for (const each of passedOver) this.#ordered.push(each);
    if (chosen !== null) this.#go(chosen.key);
    return chosen;
  }

  /** Whoever has gone is done: what it kept from going may go, it may stand in line again. */
  comeBack(key: string): void {
    this.#locks.release(key, this.#gone.get(key) ?? []);
    this.#gone.delete(key);
  }

  #mayGo({ key }: T, claims: Locks | null): boolean {
    const needs = this.#needsOf(key);
    return this.#locks.isFree(key, needs) && (claims === null || claims.isFree(key, needs));
  }

  #go(key: string): void {
    const needs = this.#needsOf(key);
    this.#byKey.delete(key);
    this.#gone.set(key, needs);
    this.#locks.take(key, needs);
  }

  /**
   * Of what a key needs and is in line too, one that needs nothing itself that is. Each goes before it only once, or a
   * dependency with something new every hour would keep it waiting for ever.
   */
  #goesBefore(head: T): T | null {
    if (this.#needsOf(head.key).length === 0) return null;
    const seen = new Set([head.key, ...(head.letPass ?? [])]);
    let before: T | null = null;
    for (let need = this.#neededBy(head, seen); need !== null; need = this.#neededBy(need, seen)) {
      seen.add(need.key);
      before = need;
    }
    return before;
  }

  /** The first that it needs and that stands in line behind what was passed over. */
  #neededBy({ key }: T, seen: ReadonlySet<string>): T | null {
    for (const name of this.#needsOf(key)) {
      const need = seen.has(name) ? undefined : this.#byKey.get(name);
      if (need !== undefined && need.slot >= 0) return need;
    }
    return null;
  }
}
