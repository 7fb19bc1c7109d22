/** Bytes put one behind the other. Leaves limiting how many they are to its callers. */

const FIRST_BYTES = 4_096;

/**
 * Collects pieces of bytes in one block that doubles when it is full: many small pieces take no more memory than a few
 * large ones.
 */
export class ByteBuffer {
  #block = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#block.length) {
      const block = new Uint8Array(Math.max(length, 2 * this.#block.length, FIRST_BYTES));
      block.set(this.bytes());
      this.#block = block;
    }
    this.#block.set(piece, this.#length);
    this.#length = length;
  }

  /** What was collected: a view, which holds until the next `append` or `clear`. */
  bytes(): Uint8Array {
    return this.#block.subarray(0, this.#length);
  }

  /** Forgets what was collected and keeps the block. */
  clear(): void {
    this.#length = 0;
  }
}
