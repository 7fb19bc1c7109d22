/**
 * The hypotheses "changed at observation n" of a regime, oldest first. Each holds wagers on the ranks since n being extreme. Under no change
 * a wager's expectation stays what it is, so E, the cash and all wagers, is a martingale that starts at 1.
 */
import { CHANGE } from "../constants.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

const { mostD, hit, mostWager } = CHANGE;
const BETS = CHANGE.bets.length;
const BASES = Float64Array.from(CHANGE.bets, ({ base }) => base);
const PER_KEPT = Float64Array.from(CHANGE.bets, ({ perKept }) => perKept);
/** Hypotheses for a moment, before one is dropped. */
const MOST = CHANGE.hypotheses + 1;

/** One hypothesis, with the sum of its wagers. */
export interface Hypothesis {
  /** Number of the observation in its regime, from 1. */
  readonly number: number;
  readonly ts: number;
  readonly sum: number;
}

export class Hypotheses {
  /** Bets on low ranks; for numbers also on high ones. */
  readonly #sides: 1 | 2;
  readonly #stride: number;
  readonly #numbers = new Float64Array(MOST);
  readonly #ts = new Float64Array(MOST);
  /** m: members when it was funded; j: observations since, itself included. Both shrink as members leave. */
  readonly #m = new Float64Array(MOST);
  readonly #j = new Float64Array(MOST);
  readonly #sums = new Float64Array(MOST);
  /** The wagers of a hypothesis lie together; of a bet first that on low ranks. */
  readonly #wagers: Float64Array;
  #size = 0;

  constructor(sides: 1 | 2) {
    this.#sides = sides;
    this.#stride = BETS * sides;
    this.#wagers = new Float64Array(MOST * this.#stride);
  }

  static read(reader: ByteReader, sides: 1 | 2): Hypotheses {
    const read = new Hypotheses(sides);
    const size = reader.byte();
    if (size > CHANGE.hypotheses) throw new RangeError(`damaged state: ${size} hypotheses`);
    let number = 0;
    for (let h = 0; h < size; h++) {
      number += reader.whole();
      read.#numbers[h] = number;
      read.#ts[h] = finite(reader.float());
      read.#m[h] = amount(reader.float());
      read.#j[h] = amount(reader.float());
      let sum = 0;
      for (let w = 0; w < read.#stride; w++) {
        const wager = amount(reader.float());
        read.#wagers[h * read.#stride + w] = wager;
        sum += wager;
      }
      read.#sums[h] = sum;
    }
    read.#size = size;
    return read;
  }

  write(writer: ByteWriter): void {
    writer.byte(this.#size);
    let number = 0;
    for (let h = 0; h < this.#size; h++) {
      const next = this.#numbers[h] ?? 0;
      writer.whole(next - number);
      number = next;
      writer.float(this.#ts[h] ?? 0);
      writer.float(this.#m[h] ?? 0);
      writer.float(this.#j[h] ?? 0);
      for (let w = 0; w < this.#stride; w++) writer.float(this.#wagers[h * this.#stride + w] ?? 0);
    }
  }

  /**
   * Adds a hypothesis.
   * @param members - of the reservoir, without the observation
   * @param funds - is split equally over its bets
   */
  fund(number: number, ts: number, members: number, funds: number): void {
    const h = this.#size++;
    this.#numbers[h] = number;
    this.#ts[h] = ts;
    this.#m[h] = members;
    this.#j[h] = 0;
    this.#sums[h] = funds;
    this.#wagers.fill(funds / this.#stride, h * this.#stride, (h + 1) * this.#stride);
  }

  /**
   * Plays all bets on a rank.
   * @param p - between 0 and 1
   * @returns `cash` and all wagers
   */
  play(p: number, cash: number): number {
    const sides = this.#sides;
    const wagers = this.#wagers;
    let total = cash;
    let at = 0;
    for (let h = 0; h < this.#size; h++) {
      const m = this.#m[h] ?? 0;
      const j = (this.#j[h] ?? 0) + 1;
      this.#j[h] = j;
      let sum = 0;
      for (let bet = 0; bet < BETS; bet++) {
        const d = Math.min(mostD, (j + (BASES[bet] ?? 0) + (PER_KEPT[bet] ?? 0) * m) / (m + j));
        const low = (wagers[at] ?? 0) * (p < d ? hit / d : (1 - hit) / (1 - d));
        wagers[at++] = low;
        sum += low;
        if (sides === 1) continue;
        const high = (wagers[at] ?? 0) * (1 - p < d ? hit / d : (1 - hit) / (1 - d));
        wagers[at++] = high;
        sum += high;
      }
      this.#sums[h] = sum;
      total += sum;
    }
    if (total >= mostWager) this.#cut();
    return total;
  }

  /** Drops the weakest of all but the newest (tie: the oldest) if there are too many. */
  dropWeakest(): void {
    if (this.#size <= CHANGE.hypotheses) return;
    let weakest = 0;
    for (let h = 1; h < this.#size - CHANGE.newest; h++)
      if ((this.#sums[h] ?? 0) < (this.#sums[weakest] ?? 0)) weakest = h;
    for (const list of [this.#numbers, this.#ts, this.#m, this.#j, this.#sums])
      list.copyWithin(weakest, weakest + 1, this.#size);
    const stride = this.#stride;
    this.#wagers.copyWithin(weakest * stride, (weakest + 1) * stride, this.#size * stride);
    this.#size--;
  }

  /** Multiplies every m and j, after a member has left the reservoir. */
  shrink(factor: number): void {
    for (let h = 0; h < this.#size; h++) {
      this.#m[h] = (this.#m[h] ?? 0) * factor;
      this.#j[h] = (this.#j[h] ?? 0) * factor;
    }
  }

  /** The hypothesis with the largest sum (tie: the oldest), or null. */
  likeliest(): Hypothesis | null {
    if (this.#size === 0) return null;
    let best = 0;
    for (let h = 1; h < this.#size; h++) if ((this.#sums[h] ?? 0) > (this.#sums[best] ?? 0)) best = h;
    return { number: this.#numbers[best] ?? 0, ts: this.#ts[best] ?? 0, sum: this.#sums[best] ?? 0 };
  }

  #cut(): void {
    for (let h = 0, at = 0; h < this.#size; h++) {
      let sum = 0;
      for (let w = 0; w < this.#stride; w++, at++) {
        const wager = Math.min(this.#wagers[at] ?? 0, mostWager);
        this.#wagers[at] = wager;
        sum += wager;
      }
      this.#sums[h] = sum;
    }
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError("damaged state: a time is not finite");
  return value;
}

function amount(value: number): number {
  if (!(value >= 0 && value < Infinity))
    throw new RangeError("damaged state: an amount is not finite or negative");
  return value;
}
