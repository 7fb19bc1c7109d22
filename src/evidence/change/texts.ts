/** Members that are texts, equal or not. They rank by how often their value occurs among the members, the rarest lowest. */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { keptText, readKept, writeKept } from "./digest.ts";
import { type Split, type SplitCounts, splitTexts } from "./summary.ts";
import type { Values } from "./values.ts";

/** Each distinct value has a slot. A slot without members is free and is given to the next new value. */
export class Texts implements Values {
  /** Slot of each member. */
  readonly #slots: Float64Array;
  /** Text and number of members of each slot. */
  readonly #texts: string[] = [];
  readonly #counts: number[] = [];
  readonly #slotOf = new Map<string, number>();
  #size = 0;

  constructor(room: Float64Array) {
    this.#slots = room;
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
    const order: number[] = [];
    const numbers: number[] = [];
    for (let i = 0; i < this.#size; i++) {
      const slot = this.#slots[i] ?? 0;
      let number = order.indexOf(slot);
      if (number < 0) number = order.push(slot) - 1;
      numbers.push(number);
    }
    writer.byte(order.length);
    for (const slot of order) writeKept(writer, this.#texts[slot] ?? "");
    for (const number of numbers) writer.byte(number);
  }

  read(reader: ByteReader, size: number): void {
    const distinct = reader.byte();
    for (let slot = 0; slot < distinct; slot++) {
      const text = readKept(reader);
      this.#texts.push(text);
      this.#counts.push(0);
      this.#slotOf.set(text, slot);
    }
    if (this.#slotOf.size !== distinct) throw new RangeError("damaged state: a value is listed twice");
    for (let i = 0; i < size; i++) {
      const slot = reader.byte();
      const count = this.#counts[slot];
      if (count === undefined) throw new RangeError(`damaged state: value ${slot} of ${distinct}`);
      this.#slots[i] = slot;
      this.#counts[slot] = count + 1;
    }
    if (this.#counts.includes(0)) throw new RangeError("damaged state: a value without members");
    this.#size = size;
  }

  #slotFor(text: string): number {
    const known = this.#slotOf.get(text);
    if (known !== undefined) return known;
    const isFull = this.#slotOf.size === this.#texts.length;
    const slot = isFull ? this.#texts.length : this.#counts.indexOf(0);
    this.#texts[slot] = text;
    this.#counts[slot] = 0;
    this.#slotOf.set(text, slot);
    return slot;
  }
}
