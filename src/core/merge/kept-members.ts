/** What is kept of members that come in any order. Memory is bounded by what is kept, not by what came. */
import { compareMembers } from "../order.ts";
import type { Member } from "../observation.ts";

/** The newest members, by series order. */
export class NewestMembers {
  readonly #limit: number;
  /** Not sorted; at most twice the limit, so that most members are only appended. */
  #kept: Member[] = [];
  /** The oldest of the newest members at the last cut. Members before it need not be kept. */
  #floor: Member | null = null;

  /** @param limit - maximum number, at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of members in memory. */
  get size(): number {
    return this.#kept.length;
  }

  add(member: Member): void {
    if (this.#floor !== null && compareMembers(member, this.#floor) < 0) return;
    this.#kept.push(member);
    if (this.#kept.length < 2 * this.#limit) return;
    this.#kept = this.#kept.toSorted(compareMembers).slice(-this.#limit);
    this.#floor = this.#kept[0] ?? null;
  }

  /**
   * The newest `limit` members, in series order.
   * @throws RangeError if more are asked for than are kept
   */
  list(limit: number): Member[] {
    if (limit > this.#limit) {
      throw new RangeError(`at most ${this.#limit} members are kept, ${limit} were asked for`);
    }
    return limit === 0 ? [] : this.#kept.toSorted(compareMembers).slice(-limit);
  }
}

/** Size from which values that left the window are looked for. */
const FIRST_PRUNE = 64;

/** The latest member of each distinct value, of a window whose start only moves forward. */
export class LatestMembers {
  readonly #byValue = new Map<string, Member>();
  #startTs = -Infinity;
  /** Twice the number of values after the last pruning, so that a pruning is paid for by as many new values. */
  #pruneAt = FIRST_PRUNE;

  /** Number of members in memory. */
  get size(): number {
    return this.#byValue.size;
  }

  /** @param startTs - start of the window: epoch seconds, not below any before */
  add(member: Member, startTs: number): void {
    this.#startTs = startTs;
    if (member.ts < startTs) return;
    const known = this.#byValue.get(member.value);
    if (known && compareMembers(known, member) > 0) return;
    this.#byValue.set(member.value, member);
    if (!known && this.#byValue.size >= this.#pruneAt) this.#prune();
  }

  /**
   * The latest member of each value with ts not below `startTs`, in series order.
   * @throws RangeError if `startTs` is before the window
   */
  since(startTs: number): Member[] {
    if (startTs < this.#startTs) {
      throw new RangeError(`values are kept from ${this.#startTs} on, those from ${startTs} were asked for`);
    }
    return [...this.#byValue.values()].filter(({ ts }) => ts >= startTs).toSorted(compareMembers);
  }

  #prune(): void {
    for (const [value, { ts }] of this.#byValue) if (ts < this.#startTs) this.#byValue.delete(value);
    this.#pruneAt = Math.max(FIRST_PRUNE, 2 * this.#byValue.size);
  }
}
