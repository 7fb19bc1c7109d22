/**
 * What the kinds of values have in common: the members of the reservoir in order of joining, the rank of a new one among them, and their
 * summary. The reservoir's numbers and who leaves it are the regime's.
 */
import type { MergeKind } from "../../core/index.ts";
import { CHANGE } from "../constants.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { Numbers } from "./numbers.ts";
import type { Split, SplitCounts } from "./summary.ts";
import { Texts } from "./texts.ts";

/** Members for a moment: all of the reservoir, and the observation that may join it. */
export const MOST_MEMBERS = CHANGE.reservoir + 1;

/** Kinds whose series are followed. Bags are not: their values are compared word by word (`../commands`). */
export type ChangeKind = Exclude<MergeKind, "bag">;

/** The members of a reservoir. Mutable. */
export interface Values {
  readonly size: number;
  /**
   * Appends a value and ranks it among all, itself included.
   * @param value - canonical JSON that fits the kind
   * @param u - between 0 and 1; spreads p evenly among equal ranks
   * @returns p: (members strictly lower + u · members equal) / members
   * @throws RangeError if a number is expected and the value is none
   */
  add(value: string, u: number): number;
  /** Removes the member at an index; the later ones move up. */
  remove(index: number): void;
  /** Compares the members before an index with the others. */
  split(index: number, counts: SplitCounts): Split;
  write(writer: ByteWriter): void;
  /**
   * Reads members into an empty list.
   * @param size - members that were written, at most `CHANGE.reservoir`
   * @throws RangeError if the bytes are damaged
   */
  read(reader: ByteReader, size: number): void;
}

/** @param room - `MOST_MEMBERS` floats */
type EmptyValues = (room: Float64Array) => Values;

/** An empty list of members, by kind. */
export const VALUES: Readonly<Record<ChangeKind, EmptyValues>> = {
  numeric: (room) => new Numbers(room),
  categorical: (room) => new Texts(room),
  hash: (room) => new Texts(room),
};
