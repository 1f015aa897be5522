/** Output of which the beginning and the end are kept, however much there is in between. */
const TAIL_BYTES = 16 * 1024;

export class BoundedText {
  readonly #limit: number;
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #tail = Buffer.alloc(0);
  #leftOut = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  add(chunk: Uint8Array): void {
    const room = Math.max(0, this.#limit - this.#headLength);
    const fits = chunk.subarray(0, room);
    if (fits.length > 0) this.#head.push(Buffer.from(fits));
    this.#headLength += fits.length;
    if (fits.length === chunk.length) return;
    const joined = Buffer.concat([this.#tail, chunk.subarray(room)]);
    const surplus = Math.max(0, joined.length - TAIL_BYTES);
    this.#leftOut += surplus;
    this.#tail = joined.subarray(surplus);
  }

  toString(): string {
    const head = Buffer.concat(this.#head).toString('utf8');
    if (this.#tail.length === 0) return head;
    const gap = this.#leftOut === 0 ? '' : `\n... ${this.#leftOut} bytes left out ...\n`;
    return `${head}${gap}${this.#tail.toString('utf8')}`;
  }
}
