/**
 * The change detector of one regime of one series: an e-process over ranks in a reservoir. Exact: whatever the distribution of independent
 * values, P(E ever reaches c) ≤ 1/c if it never changes (Ville's inequality). When a regime ends and what is published is the caller's.
 */
import { CHANGE } from "../constants.ts";
import { ByteReader, ByteWriter, within } from "./bytes.ts";
import type { Draw } from "./draw.ts";
import { type Hypothesis, Hypotheses } from "./hypotheses.ts";
import type { Split } from "./summary.ts";
import { type ChangeKind, MOST_MEMBERS, type Values, VALUES } from "./values.ts";

/** First byte of what `write` returns. */
const VERSION = 1;
/** Second byte. */
const KIND_BYTES: Readonly<Record<ChangeKind, number>> = { numeric: 1, categorical: 2, hash: 3 };
const writer = new ByteWriter();

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
  readonly #kind: ChangeKind;
  /** S, in order of joining; the numbers of its members in the regime beside it. */
  readonly #values: Values;
  readonly #numbers: Float64Array;
  readonly #hypotheses: Hypotheses;
  #count = 0;
  #cash = 1;
  #e = 1;
  #firstTs: number | null = null;
  #notedTs: number | null = null;
  #hasEnded = false;

  private constructor(kind: ChangeKind) {
    // Numbers can be unusually low or unusually high; other values only unusually rare.
    const sides = kind === "numeric" ? 2 : 1;
    // One allocation for all lists: an allocation for each would cost more than a step.
    const room = new Float64Array(2 * MOST_MEMBERS + Hypotheses.room(sides));
    this.#kind = kind;
    this.#numbers = room.subarray(0, MOST_MEMBERS);
    this.#values = VALUES[kind](room.subarray(MOST_MEMBERS, 2 * MOST_MEMBERS));
    this.#hypotheses = new Hypotheses(sides, room.subarray(2 * MOST_MEMBERS));
  }

  /** A regime without observations. */
  static empty(kind: ChangeKind): Regime {
    return new Regime(kind);
  }

  /**
   * Reads what `write` returned.
   * @throws RangeError if the bytes are damaged, of another version or of another kind
   */
  static read(kind: ChangeKind, bytes: Uint8Array): Regime {
    if (bytes[0] !== VERSION)
      throw new RangeError(`damaged state: it should have version ${VERSION}, got ${bytes[0] ?? "no bytes"}`);
    const reader = new ByteReader(bytes);
    reader.byte();
    const kindByte = reader.byte();
    if (kindByte !== KIND_BYTES[kind])
      throw new RangeError(
        `damaged state: it should have kind ${KIND_BYTES[kind]} (${kind}), got ${kindByte}`,
      );
    const regime = new Regime(kind);
    regime.#read(reader);
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
    writer.start();
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

  #read(reader: ByteReader): void {
    const count = reader.whole();
    this.#count = count;
    this.#cash = within(reader.float(), 1);
    this.#e = within(reader.float(), Number.MAX_VALUE);
    this.#firstTs = reader.floatOrNull();
    this.#notedTs = reader.floatOrNull();
    const size = within(reader.byte(), Math.min(count, R));
    let number = 0;
    for (let i = 0; i < size; i++) {
      number = within(number + reader.whole(), count);
      this.#numbers[i] = number;
    }
    this.#values.read(reader, size);
    this.#hypotheses.read(reader, count);
    reader.end();
  }
}
