/**
 * The members of many session rows in the order of a series. Rows are read in the order of their first member and merged, so only rows
 * whose times overlap are in memory together.
 */
import { compareMembers, type Member } from "../../core/index.ts";
import type { TakeMember } from "./session-body.ts";

/** A member with its primitive. */
export type PrimitiveMember = readonly [primitive: string, member: Member];

/** Returns the next member of a list, or null at its end. */
export type NextMember = () => PrimitiveMember | null;

/** A row whose members are read later. */
export interface PlannedRow {
  readonly id: number;
  readonly firstTs: number;
}

/** Rows whose bodies are read with one statement. */
const ROWS_AT_ONCE = 64;

/**
 * Passes the members of rows on, in the order of a series.
 * @param rows - by `firstTs`
 * @param read - the members of some rows, in any order within a row
 * @param others - further members, in order
 */
export function eachInOrder(
  rows: readonly PlannedRow[],
  read: (ids: readonly number[]) => ReadonlyMap<number, readonly PrimitiveMember[]>,
  others: NextMember,
  take: TakeMember,
): void {
  const heap = new Heap();
  heap.push(others);
  let [next, members]: [number, ReadonlyMap<number, readonly PrimitiveMember[]>] = [0, new Map()];
  for (;;) {
    // A row that begins at the same time as the first member may hold the member before it.
    for (let row = rows[next]; row && row.firstTs <= heap.firstTs; row = rows[++next]) {
      if (next % ROWS_AT_ONCE === 0)
        members = read(rows.slice(next, next + ROWS_AT_ONCE).map(({ id }) => id));
      const list = (members.get(row.id) ?? []).toSorted(([, a], [, b]) => compareMembers(a, b));
      let i = 0;
      heap.push(() => list[i++] ?? null);
    }
    const first = heap.pop();
    if (first === null) return;
    take(...first);
  }
}

interface Source {
  first: PrimitiveMember;
  readonly next: NextMember;
}

/** A binary heap of lists of members, ordered by the first one of each. */
class Heap {
  readonly #sources: Source[] = [];

  /** Time of the first member; Infinity if there is none. */
  get firstTs(): number {
    return this.#sources[0]?.first[1].ts ?? Infinity;
  }

  push(next: NextMember): void {
    const first = next();
    if (first === null) return;
    this.#sources.push({ first, next });
    this.#rise(this.#sources.length - 1);
  }

  /** Removes the first member, or returns null. */
  pop(): PrimitiveMember | null {
    const source = this.#sources[0];
    if (!source) return null;
    const { first } = source;
    const second = source.next();
    if (second === null) {
      const last = this.#sources.pop();
      if (last && last !== source) this.#sources[0] = last;
    } else source.first = second;
    this.#sink(0);
    return first;
  }

  #rise(from: number): void {
    for (let i = from; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!this.#swapIfBefore(i, parent)) return;
      i = parent;
    }
  }

  #sink(from: number): void {
    for (let i = from; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, i)) return;
      i = child;
    }
  }

  #swapIfBefore(a: number, b: number): boolean {
    const [one, other] = [this.#sources[a], this.#sources[b]];
    if (!one || !other || !this.#isBefore(a, b)) return false;
    this.#sources[a] = other;
    this.#sources[b] = one;
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#sources[a], this.#sources[b]];
    return one !== undefined && other !== undefined && compareMembers(one.first[1], other.first[1]) < 0;
  }
}
