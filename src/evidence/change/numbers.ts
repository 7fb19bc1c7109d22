/** Members that are numbers. They rank by value. */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Split, type SplitCounts, splitNumbers } from "./summary.ts";
import type { Values } from "./values.ts";

/** Costs a pass over the members per value. Mutable. */
export class Numbers implements Values {
  readonly #values: Float64Array;
  #size = 0;

  constructor(room: Float64Array) {
    this.#values = room;
  }

  get size(): number {
    return this.#size;
  }

  add(text: string, u: number): number {
    const values = this.#values;
    const value = numberOf(text);
    const size = this.#size;
    let lower = 0;
    let equal = 1;
    for (let i = 0; i < size; i++) {
      const member = values[i] ?? 0;
      if (member < value) lower++;
      else if (member === value) equal++;
    }
    values[size] = value;
    this.#size = size + 1;
    return (lower + u * equal) / (size + 1);
  }

  remove(index: number): void {
    this.#values.copyWithin(index, index + 1, this.#size);
    this.#size--;
  }

  split(index: number, counts: SplitCounts): Split {
    return splitNumbers(this.#values.subarray(0, index), this.#values.subarray(index, this.#size), counts);
  }

  write(writer: ByteWriter): void {
    for (let i = 0; i < this.#size; i++) writer.float(this.#values[i] ?? 0);
  }

  read(reader: ByteReader, size: number): void {
    for (let i = 0; i < size; i++) this.#values[i] = reader.finite();
    this.#size = size;
  }
}

/** The number of a canonical JSON text; booleans are 1 and 0. */
function numberOf(text: string): number {
  if (text === "true") return 1;
  if (text === "false") return 0;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new RangeError(`a numeric value must be a finite number, got ${text}`);
  return value;
}
