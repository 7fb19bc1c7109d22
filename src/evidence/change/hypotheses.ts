/**
 * The hypotheses "changed at observation n" of a regime, oldest first. Each holds wagers on the ranks since n being extreme. Under no change
 * a wager's expectation stays what it is, so E, the cash and all wagers, is a martingale that starts at 1.
 */
import { CHANGE } from "../constants.ts";
import { type ByteReader, type ByteWriter, within } from "./bytes.ts";

const { mostD, hit, mostWager } = CHANGE;
const BETS = CHANGE.bets.length;
const BASES = Float64Array.from(CHANGE.bets, ({ base }) => base);
const PER_KEPT = Float64Array.from(CHANGE.bets, ({ perKept }) => perKept);
/** Hypotheses for a moment, before one is dropped. */
const MOST = CHANGE.hypotheses + 1;

/** Limit of m and j: m + j is at most the members and the observation. */
const MOST_SPAN = CHANGE.reservoir + 1;

/** One hypothesis, with the sum of its wagers. */
export interface Hypothesis {
  /** Number of the observation in its regime, from 1. */
  readonly number: number;
  readonly ts: number;
  readonly sum: number;
}

/** Places of a hypothesis in its cells. `M`: members when it was funded; `J`: observations since, itself included. Both shrink as members leave. */
const NUMBER = 0;
const TS = 1;
const M = 2;
const J = 3;
const SUM = 4;
/** Its wagers follow, of each bet first that on low ranks. */
const WAGERS = 5;

/** At most `CHANGE.hypotheses` of them, and one more for a moment. Mutable. */
export class Hypotheses {
  /** Bets on low ranks; for numbers also on high ones. */
  readonly #sides: 1 | 2;
  /** Wagers, and cells, of a hypothesis. */
  readonly #bets: number;
  readonly #stride: number;
  readonly #cells: Float64Array;
  #size = 0;

  /** Floats that the hypotheses need. */
  static room(sides: 1 | 2): number {
    return MOST * (WAGERS + BETS * sides);
  }

  /** @param room - `Hypotheses.room(sides)` floats */
  constructor(sides: 1 | 2, room: Float64Array) {
    this.#sides = sides;
    this.#bets = BETS * sides;
    this.#stride = WAGERS + this.#bets;
    this.#cells = room;
  }

  /**
   * Adds a hypothesis.
   * @param members - of the reservoir, without the observation
   * @param funds - is split equally over its bets
   */
  fund(number: number, ts: number, members: number, funds: number): void {
    const cells = this.#cells;
    const at = this.#size++ * this.#stride;
    cells[at + NUMBER] = number;
    cells[at + TS] = ts;
    cells[at + M] = members;
    cells[at + J] = 0;
    cells[at + SUM] = funds;
    cells.fill(funds / this.#bets, at + WAGERS, at + this.#stride);
  }

  /**
   * Plays all bets on a rank.
   * @param p - between 0 and 1
   * @returns `cash` and all wagers
   */
  play(p: number, cash: number): number {
    const cells = this.#cells;
    const sides = this.#sides;
    const end = this.#size * this.#stride;
    let total = cash;
    for (let at = 0; at < end; at += this.#stride) {
      const m = cells[at + M] ?? 0;
      const j = (cells[at + J] ?? 0) + 1;
      cells[at + J] = j;
      let sum = 0;
      let wager = at + WAGERS;
      for (let bet = 0; bet < BETS; bet++) {
        const d = Math.min(mostD, (j + (BASES[bet] ?? 0) + (PER_KEPT[bet] ?? 0) * m) / (m + j));
        const low = (cells[wager] ?? 0) * (p < d ? hit / d : (1 - hit) / (1 - d));
        cells[wager++] = low;
        sum += low;
        if (sides === 1) continue;
        const high = (cells[wager] ?? 0) * (1 - p < d ? hit / d : (1 - hit) / (1 - d));
        cells[wager++] = high;
        sum += high;
      }
      cells[at + SUM] = sum;
      total += sum;
    }
    if (total >= mostWager) this.#cut();
    return total;
  }

  /** Drops the weakest of all but the newest (tie: the oldest) if there are too many. */
  dropWeakest(): void {
    if (this.#size <= CHANGE.hypotheses) return;
    let weakest = 0;
    for (let h = 1; h < this.#size - CHANGE.newest; h++) if (this.#sum(h) < this.#sum(weakest)) weakest = h;
    const at = weakest * this.#stride;
    this.#cells.copyWithin(at, at + this.#stride, this.#size * this.#stride);
    this.#size--;
  }

  /** Multiplies every m and j, after a member has left the reservoir. */
  shrink(factor: number): void {
    const cells = this.#cells;
    const end = this.#size * this.#stride;
    for (let at = 0; at < end; at += this.#stride) {
      cells[at + M] = (cells[at + M] ?? 0) * factor;
      cells[at + J] = (cells[at + J] ?? 0) * factor;
    }
  }

  /** The hypothesis with the largest sum (tie: the oldest), or null. */
  likeliest(): Hypothesis | null {
    if (this.#size === 0) return null;
    let best = 0;
    for (let h = 1; h < this.#size; h++) if (this.#sum(h) > this.#sum(best)) best = h;
    const at = best * this.#stride;
    return { number: this.#cells[at + NUMBER] ?? 0, ts: this.#cells[at + TS] ?? 0, sum: this.#sum(best) };
  }

  write(writer: ByteWriter): void {
    const cells = this.#cells;
    writer.byte(this.#size);
    let number = 0;
    for (let h = 0; h < this.#size; h++) {
      const at = h * this.#stride;
      const next = cells[at + NUMBER] ?? 0;
      writer.whole(next - number);
      number = next;
      writer.float(cells[at + TS] ?? 0);
      writer.float(cells[at + M] ?? 0);
      writer.float(cells[at + J] ?? 0);
      for (let wager = at + WAGERS; wager < at + this.#stride; wager++) writer.float(cells[wager] ?? 0);
    }
  }

  /**
   * Reads hypotheses into an empty list.
   * @param count - observations of the regime
   * @throws RangeError if the bytes are damaged
   */
  read(reader: ByteReader, count: number): void {
    const cells = this.#cells;
    const size = within(reader.byte(), CHANGE.hypotheses);
    let number = 0;
    for (let h = 0; h < size; h++) {
      const at = h * this.#stride;
      number = within(number + reader.whole(), count);
      cells[at + NUMBER] = number;
      cells[at + TS] = reader.finite();
      cells[at + M] = within(reader.float(), MOST_SPAN);
      cells[at + J] = within(reader.float(), MOST_SPAN);
      for (let wager = at + WAGERS; wager < at + this.#stride; wager++)
        cells[wager] = within(reader.float(), mostWager);
    }
    this.#size = size;
    this.#add();
  }

  #sum(h: number): number {
    return this.#cells[h * this.#stride + SUM] ?? 0;
  }

  #cut(): void {
    const end = this.#size * this.#stride;
    for (let at = 0; at < end; at += this.#stride)
      for (let wager = at + WAGERS; wager < at + this.#stride; wager++)
        this.#cells[wager] = Math.min(this.#cells[wager] ?? 0, mostWager);
    this.#add();
  }

  /** Adds up the wagers of each hypothesis, in the order of `play`. */
  #add(): void {
    const cells = this.#cells;
    const end = this.#size * this.#stride;
    for (let at = 0; at < end; at += this.#stride) {
      let sum = 0;
      for (let wager = at + WAGERS; wager < at + this.#stride; wager++) sum += cells[wager] ?? 0;
      cells[at + SUM] = sum;
    }
  }
}
