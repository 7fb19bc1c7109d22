/** Members that are texts, equal or not. They rank by how often their value occurs among the members, the rarest lowest. */
import { CHANGE } from "../constants.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { keptText } from "./digest.ts";
import { type Split, type SplitCounts, splitTexts } from "./summary.ts";
import type { Values } from "./values.ts";

/** Each distinct value has a slot. A slot without members is free and is given to the next new value. */
export class Texts implements Values {
  /** Slot of each member. */
  readonly #slots = new Uint8Array(CHANGE.reservoir + 1);
  /** Members of each slot. */
  readonly #counts = new Uint8Array(CHANGE.reservoir + 1);
  readonly #texts: string[] = [];
  readonly #slotOf = new Map<string, number>();
  #size = 0;

  static read(reader: ByteReader, size: number): Texts {
    const texts = new Texts();
    const distinct = reader.byte();
    for (let slot = 0; slot < distinct; slot++) {
      const text = reader.text();
      texts.#texts.push(text);
      texts.#slotOf.set(text, slot);
    }
    if (texts.#slotOf.size !== distinct) throw new RangeError("damaged state: a value is listed twice");
    for (let i = 0; i < size; i++) {
      const slot = reader.byte();
      if (slot >= distinct) throw new RangeError(`damaged state: value ${slot} of ${distinct}`);
      texts.#slots[i] = slot;
      texts.#counts[slot] = (texts.#counts[slot] ?? 0) + 1;
    }
    if (texts.#counts.subarray(0, distinct).includes(0))
      throw new RangeError("damaged state: a value without members");
    texts.#size = size;
    return texts;
  }

  get size(): number {
    return this.#size;
  }

  add(value: string, u: number): number {
    const counts = this.#counts;
    const slot = this.#slotFor(keptText(value));
    const own = (counts[slot] ?? 0) + 1;
    counts[slot] = own;
    this.#slots[this.#size++] = slot;
    let lower = 0;
    let equal = 0;
    for (let i = 0; i < this.#texts.length; i++) {
      const count = counts[i] ?? 0;
      if (count < own) lower += count;
      else if (count === own) equal += count;
    }
    return (lower + u * equal) / this.#size;
  }

  remove(index: number): void {
    const slot = this.#slots[index] ?? 0;
    this.#slots.copyWithin(index, index + 1, this.#size);
    this.#size--;
    const left = (this.#counts[slot] ?? 0) - 1;
    this.#counts[slot] = left;
    if (left === 0) this.#slotOf.delete(this.#texts[slot] ?? "");
  }

  split(index: number, counts: SplitCounts): Split {
    const members = Array.from(this.#slots.subarray(0, this.#size), (slot) => this.#texts[slot] ?? "");
    return splitTexts(members.slice(0, index), members.slice(index), counts);
  }

  /** Slots are numbered anew by first appearance, so that equal members have equal bytes. */
  write(writer: ByteWriter): void {
    const order = [...new Set(this.#slots.subarray(0, this.#size))];
    const numbers = new Uint8Array(CHANGE.reservoir + 1);
    writer.byte(order.length);
    for (const [number, slot] of order.entries()) {
      writer.text(this.#texts[slot] ?? "");
      numbers[slot] = number;
    }
    for (let i = 0; i < this.#size; i++) writer.byte(numbers[this.#slots[i] ?? 0] ?? 0);
  }

  #slotFor(text: string): number {
    const known = this.#slotOf.get(text);
    if (known !== undefined) return known;
    const isFull = this.#slotOf.size === this.#texts.length;
    const slot = isFull ? this.#texts.length : this.#counts.indexOf(0);
    this.#texts[slot] = text;
    this.#slotOf.set(text, slot);
    return slot;
  }
}
