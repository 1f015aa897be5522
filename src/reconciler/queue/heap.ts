/** A binary heap whose items know where they lie, so that one can be moved or taken out from the middle. */
export interface HeapItem {
  /** Its index in the heap; -1 where it lies in none. */
  slot: number;
}

export class Heap<T extends HeapItem> {
  /** No item comes before the one at half its index (counted from 1), and each knows its own index. */
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  take(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(item: T): void {
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#put(last, item.slot);
      this.reorder(last);
    }
    item.slot = -1;
  }

  /** After its rank has changed. */
  reorder(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  #rise(item: T): void {
    while (item.slot > 0) {
      const above = this.#items[(item.slot - 1) >> 1];
      if (above === undefined || !this.#before(item, above)) return;
      this.#swap(item, above);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.slot + 1];
      const right = this.#items[2 * item.slot + 2];
      const below = right !== undefined && left !== undefined && this.#before(right, left) ? right : left;
      if (below === undefined || !this.#before(below, item)) return;
      this.#swap(item, below);
    }
  }

  #swap(a: T, b: T): void {
    const slot = a.slot;
    this.#put(a, b.slot);
    this.#put(b, slot);
  }

  #put(item: T, slot: number): void {
    this.#items[slot] = item;
    item.slot = slot;
  }
}
