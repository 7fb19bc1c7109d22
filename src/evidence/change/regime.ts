/**
 * The change detector of one regime of one series: an e-process over ranks in a reservoir. Exact: whatever the distribution of independent
 * values, P(E ever reaches c) ≤ 1/c if it never changes (Ville's inequality). When a regime ends and what is published is the caller's.
 */
import type { MergeKind } from "../../core/index.ts";
import { CHANGE } from "../constants.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Draw } from "./draw.ts";
import { type Hypothesis, Hypotheses } from "./hypotheses.ts";
import type { Split } from "./summary.ts";
import { MOST_MEMBERS, type Values, VALUES } from "./values.ts";

/** First byte of what `write` returns. */
const VERSION = 1;
/** Second byte. */
const KIND_BYTES: Readonly<Record<MergeKind, number>> = { numeric: 1, categorical: 2, hash: 3 };
/** More than a state takes; all writers share it. */
const buffer = new ArrayBuffer(8_192);

const R = CHANGE.reservoir;
const FUNDING = CHANGE.fundingFactor * Math.sqrt(CHANGE.fundingScale);

/** E from which a change is found, and from which a series is noted. */
export interface StepConstants {
  readonly threshold: number;
  readonly notedAt: number;
}

/** Since when the members changed, and how. */
export interface RegimeSplit extends Split {
  readonly since: { readonly number: number; readonly ts: number };
}

/** The mutable state of one regime. */
export class Regime {
  readonly #kind: MergeKind;
  /** S, in order of joining; the numbers of its members in the regime beside it. */
  readonly #values: Values;
  readonly #numbers = new Float64Array(MOST_MEMBERS);
  readonly #hypotheses: Hypotheses;
  #count = 0;
  #cash = 1;
  #e = 1;
  #firstTs: number | null = null;
  #notedTs: number | null = null;
  #hasEnded = false;

  private constructor(kind: MergeKind, values: Values, hypotheses: Hypotheses) {
    this.#kind = kind;
    this.#values = values;
    this.#hypotheses = hypotheses;
  }

  /** A regime without observations. */
  static empty(kind: MergeKind): Regime {
    return new Regime(kind, VALUES[kind].empty(), new Hypotheses(sidesOf(kind)));
  }

  /**
   * Reads what `write` returned.
   * @throws RangeError if the bytes are damaged, of another version or of another kind
   */
  static read(kind: MergeKind, bytes: Uint8Array): Regime {
    if (bytes[0] !== VERSION)
      throw new RangeError(`damaged state: it should have version ${VERSION}, got ${bytes[0] ?? "no bytes"}`);
    const reader = new ByteReader(bytes);
    reader.byte();
    const kindByte = reader.byte();
    if (kindByte !== KIND_BYTES[kind])
      throw new RangeError(
        `damaged state: it should have kind ${KIND_BYTES[kind]} (${kind}), got ${kindByte}`,
      );
    const count = reader.whole();
    const cash = reader.float();
    const e = reader.float();
    const firstTs = reader.float();
    const notedTs = reader.float();
    const size = reader.byte();
    if (size !== Math.min(count, R) || !(cash > 0 && cash <= 1) || !(e >= 0 && e < Infinity))
      throw new RangeError(`damaged state: ${size} members of ${count}, cash ${cash}, E ${e}`);
    const numbers = new Float64Array(MOST_MEMBERS);
    let number = 0;
    for (let i = 0; i < size; i++) numbers[i] = number += reader.whole();
    const values = VALUES[kind].read(reader, size);
    const regime = new Regime(kind, values, Hypotheses.read(reader, sidesOf(kind)));
    reader.end();
    if (number > count) throw new RangeError(`damaged state: member ${number} of ${count}`);
    regime.#numbers.set(numbers);
    regime.#count = count;
    regime.#cash = cash;
    regime.#e = e;
    regime.#firstTs = Number.isNaN(firstTs) ? null : firstTs;
    regime.#notedTs = Number.isNaN(notedTs) ? null : notedTs;
    return regime;
  }

  /** n: observations of the regime. */
  get count(): number {
    return this.#count;
  }

  /** Evidence against "this regime never changed", ≥ 0 and finite; 1 at first. */
  get e(): number {
    return this.#e;
  }

  /** Epoch seconds of the first observation, or null without any. */
  get firstTs(): number | null {
    return this.#firstTs;
  }

  /** Epoch seconds of the observation at which E first reached `notedAt`, or null. */
  get notedTs(): number | null {
    return this.#notedTs;
  }

  /** The likeliest start of a change: the hypothesis with the largest sum of wagers (tie: the oldest), or null without any. */
  likeliest(): Hypothesis | null {
    return this.#hypotheses.likeliest();
  }

  /**
   * Takes the next observation of the series.
   * @param value - canonical JSON that fits the kind and is no abstention
   * @param ts - epoch seconds
   * @returns whether E reached the threshold: the observation ends the regime, which then takes and writes no more
   * @throws RangeError if a numeric value is no number
   */
  step(value: string, ts: number, draw: Draw, constants: StepConstants): boolean {
    if (this.#hasEnded) throw new Error("the regime has ended: the next observation starts another one");
    const members = this.#values.size;
    const p = this.#values.add(value, draw.u);
    const n = ++this.#count;
    this.#numbers[members] = n;
    this.#firstTs ??= ts;
    if (n > CHANGE.firstHypothesis) {
      const k = n + CHANGE.fundingOffset;
      const funds = FUNDING / (k * Math.sqrt(k));
      this.#cash -= funds;
      this.#hypotheses.fund(n, ts, members, funds);
    }
    this.#e = this.#hypotheses.play(p, this.#cash);
    this.#hypotheses.dropWeakest();
    if (this.#e >= constants.notedAt) this.#notedTs ??= ts;
    if (this.#e >= constants.threshold) {
      this.#hasEnded = true;
      return true;
    }
    if (members === R) this.#leave(Math.floor(draw.v * (R + 1)));
    return false;
  }

  /** The members before the likeliest start and from it on; after the end of the regime with the observation that ended it. Null without hypothesis. */
  split(): RegimeSplit | null {
    const likeliest = this.likeliest();
    if (!likeliest) return null;
    const { number, ts } = likeliest;
    const members = this.#numbers.subarray(0, this.#values.size);
    const first = members.findIndex((member) => member >= number);
    const counts = { before: number - 1, after: this.#count - number + 1 };
    return { since: { number, ts }, ...this.#values.split(first < 0 ? members.length : first, counts) };
  }

  /**
   * The state as bytes, lossless: at most 2 KB, or 4 KB with long texts.
   * @throws Error if the regime has ended
   */
  write(): Uint8Array {
    if (this.#hasEnded) throw new Error("the regime has ended: it has no state to go on from");
    const writer = new ByteWriter(buffer);
    writer.byte(VERSION);
    writer.byte(KIND_BYTES[this.#kind]);
    writer.whole(this.#count);
    writer.float(this.#cash);
    writer.float(this.#e);
    writer.float(this.#firstTs ?? Number.NaN);
    writer.float(this.#notedTs ?? Number.NaN);
    writer.byte(this.#values.size);
    let number = 0;
    for (let i = 0; i < this.#values.size; i++) {
      const next = this.#numbers[i] ?? 0;
      writer.whole(next - number);
      number = next;
    }
    this.#values.write(writer);
    this.#hypotheses.write(writer);
    return writer.finish();
  }

  #leave(index: number): void {
    this.#values.remove(index);
    this.#numbers.copyWithin(index, index + 1, R + 1);
    this.#hypotheses.shrink(R / (R + 1));
  }
}

/** Numbers can be unusually low or unusually high; other values only unusually rare. */
function sidesOf(kind: MergeKind): 1 | 2 {
  return kind === "numeric" ? 2 : 1;
}
