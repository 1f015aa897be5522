/** Output of which the beginning and the end are kept, however much there is in between. */
const TAIL_BYTES = 16 * 1024;

export class BoundedText {
  readonly #limit: number;
  #head = Buffer.alloc(0);
  #headLength = 0;
  #tail = Buffer.alloc(0);
  #leftOut = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  add(chunk: Uint8Array): void {
    const fits = chunk.subarray(0, this.#limit - this.#headLength);
    this.#extendHead(fits);
    if (fits.length === chunk.length) return;
    const joined = Buffer.concat([this.#tail, chunk.subarray(fits.length)]);
    const surplus = Math.max(0, joined.length - TAIL_BYTES);
    this.#leftOut += surplus;
    this.#tail = joined.subarray(surplus);
  }

  toString(): string {
    const head = this.#head.subarray(0, this.#headLength);
    if (this.#leftOut === 0) return Buffer.concat([head, this.#tail]).toString('utf8');
    // Between words, for the reason that stands in cut.ts.
    const [before, after] = [
      head.toString('utf8').replace(/\S*$/, ''),
      this.#tail.toString('utf8').replace(/^\S*/, ''),
    ];
    return `${before}\n... ${this.#leftOut} bytes left out ...\n${after}`;
  }

  /** Grows by doubling: what is said byte by byte costs no more than what is said at once. */
  #extendHead(piece: Uint8Array): void {
    const length = this.#headLength + piece.length;
    if (length > this.#head.length) {
      const grown = Buffer.alloc(Math.min(Math.max(length, 2 * this.#head.length), this.#limit));
      this.#head.copy(grown);
      this.#head = grown;
    }
    this.#head.set(piece, this.#headLength);
    this.#headLength = length;
  }
}
