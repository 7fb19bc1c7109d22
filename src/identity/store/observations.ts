/**
 * The stored observations of an identity object, in session rows. In a store that was converted from version 1 some may still stand in
 * rows of their own (see unpacked-rows.ts); both are answered for as one set.
 */
import {
  type AppliedObservation,
  compareMembers,
  type Member,
  type ObservationKey,
  type Precedence,
} from "../../core/index.ts";
import type { Links } from "./links.ts";
import type { TakeMember } from "./session-body.ts";
import { type PlacedRow, type RowRange, SessionPasses, type TimeRange } from "./session-passes.ts";
import { PLACES, SessionTable } from "./session-table.ts";
import { byAttacker, byFirstPlace, findInRows, mergeIntoRows, removeFromRows } from "./session-walk.ts";
import type { Tables } from "./tables.ts";
import { UnpackedRows } from "./unpacked-rows.ts";

export class Observations {
  readonly #sql: SqlStorage;
  readonly #links: Links;
  readonly #rows: SessionTable;
  readonly #passes: SessionPasses;
  readonly #unpacked: UnpackedRows;

  constructor(sql: SqlStorage, links: Links, tables: Tables) {
    this.#sql = sql;
    this.#links = links;
    this.#rows = new SessionTable(sql, links);
    this.#passes = new SessionPasses(sql, links);
    this.#unpacked = new UnpackedRows(sql, tables);
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#rows.forget();
  }

  /** The stored observations with the keys of the given ones, by `nameOf` of each; missing ones are left out. */
  standing(keys: readonly ObservationKey[]): Map<string, Precedence> {
    const standing = new Map<string, Precedence>();
    for (const [attackerUuid, group] of byAttacker(keys)) {
      const wanted = byFirstPlace(group);
      this.#rows.load(attackerUuid, wanted.keys());
      for (const held of findInRows(this.#rows.of(attackerUuid), wanted)) {
        standing.set(nameOf({ ...held, attackerUuid }), held);
      }
    }
    for (const held of this.#unpacked.find(keys)) standing.set(nameOf(held), held);
    return standing;
  }

  /** Stores observations. Of two with the same key the greater is kept. Each row that changes is written once. */
  put(observations: readonly AppliedObservation[]): void {
    if (this.#unpacked.exist) {
      // A smaller one that arrives does not replace the stored one.
      const held = this.#unpacked.find(observations);
      this.#unpacked.remove(held, Number.MAX_VALUE);
      this.#merge(held);
    }
    this.#merge(observations);
    this.#rows.flush();
  }

  /**
   * Passes every stored observation on, one per key, in any order. Rows are decoded one after the other.
   * @param primitives - those to pass on; null: all
   */
  eachStored(primitives: ReadonlySet<string> | null, take: TakeMember): void {
    if (primitives?.size === 0) return;
    this.#unpacked.each(primitives, take);
    this.#passes.each(primitives, take);
  }

  /**
   * Passes stored observations of a time on, in the order of a series. Memory holds the rows whose times overlap. Rows that end before
   * the time are not decoded.
   * @param primitives - those to pass on; null: all
   */
  eachInOrder(primitives: ReadonlySet<string> | null, times: TimeRange, take: TakeMember): void {
    if (primitives?.size === 0) return;
    this.#passes.inOrder(primitives, times, this.#unpacked.inOrder(primitives, times), take);
  }

  /** The newest observations of a primitive, in series order. Costs one pass. @param limit - at most */
  newest(primitive: string, limit: number): Member[] {
    let newest: Member[] = [];
    this.eachStored(new Set([primitive]), (_, member) => {
      newest.push(member);
      if (newest.length >= 2 * limit + 100) newest = newest.toSorted(compareMembers).slice(-limit);
    });
    return newest.toSorted(compareMembers).slice(-limit);
  }

  /** Whether all are in session rows. */
  get arePacked(): boolean {
    return !this.#unpacked.exist;
  }

  /** Whether there is any observation. */
  get isEmpty(): boolean {
    const rows = this.#sql.exec("SELECT 1 FROM sessions WHERE size > 0 LIMIT 1").toArray();
    return rows.length === 0 && this.#unpacked.isEmpty;
  }

  /** Whether there is an observation of an attacker. */
  has(attackerUuid: string): boolean {
    const [from, before] = this.#idsOf(attackerUuid);
    const rows = this.#sql
      .exec("SELECT 1 FROM sessions WHERE id >= ? AND id < ? AND size > 0 LIMIT 1", from, before)
      .toArray();
    return rows.length > 0 || this.#unpacked.has(attackerUuid);
  }

  /** Number of observations per primitive. Costs one pass. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    const count = (primitive: string) => counts.set(primitive, (counts.get(primitive) ?? 0) + 1);
    this.#unpacked.each(null, count);
    this.#passes.eachPrimitive(count);
    return counts;
  }

  /** The rows in a range, ordered by attacker and place. @param beforeTs - only rows with an earlier observation (epoch seconds) */
  range(range: RowRange, beforeTs = Number.MAX_VALUE): Iterable<PlacedRow> {
    const packed = this.#passes.range(range, beforeTs);
    return this.#unpacked.exist ? this.#unpacked.among(packed, range) : packed;
  }

  /** Removes observations by key, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs = Number.MAX_VALUE): void {
    this.#unpacked.remove(keys, beforeTs);
    for (const [attackerUuid, group] of byAttacker(keys)) {
      const wanted = byFirstPlace(group);
      this.#rows.load(attackerUuid, wanted.keys());
      removeFromRows(this.#rows.of(attackerUuid), wanted, beforeTs);
    }
    this.#rows.flush();
  }

  /** Removes an attacker's observations up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs = Number.MAX_VALUE): void {
    this.#unpacked.removeOf(attackerUuid, toTs);
    const [from, before] = this.#idsOf(attackerUuid);
    if (toTs < Number.MAX_VALUE) {
      this.#trim(attackerUuid, toTs);
      if (this.has(attackerUuid)) return;
    }
    // With them go rows that are full and empty: they lead to no observation any more.
    this.#sql.exec("DELETE FROM sessions WHERE id >= ? AND id < ?", from, before);
    this.#rows.forget();
  }

  /** Removes every observation whose attacker is not linked here. */
  removeStrangers(): void {
    this.#unpacked.removeStrangers();
    for (const { attackerUuid, isLinked } of this.#links.all()) if (!isLinked) this.removeOf(attackerUuid);
  }

  /**
   * Stores rows of an attacker that has none.
   * @param rows - SQL that selects place, is_full, size, first_ts, body and last_ts
   */
  putRows(attackerUuid: string, rows: string, ...bindings: readonly SqlStorageValue[]): void {
    const number = this.#links.giveNumber(attackerUuid);
    this.#sql.exec(
      `INSERT INTO sessions (id, is_full, size, first_ts, body, last_ts)
       SELECT ? + place, is_full, size, first_ts, body, last_ts FROM (${rows})`,
      number * PLACES,
      ...bindings,
    );
    this.#rows.forget();
  }

  /** Moves observations of a store of version 1 into session rows. @param limit - at most @returns whether some are left */
  pack(limit: number): boolean {
    const page = this.#unpacked.first(limit);
    this.#unpacked.remove(page, Number.MAX_VALUE);
    this.#merge(page);
    this.#rows.flush();
    const isDone = this.#unpacked.isEmpty;
    if (isDone) this.#unpacked.drop();
    return !isDone;
  }

  #trim(attackerUuid: string, toTs: number): void {
    const [from, before] = this.#idsOf(attackerUuid);
    const old = this.#sql
      .exec<{ id: number }>(
        "SELECT id FROM sessions WHERE id >= ? AND id < ? AND size > 0 AND first_ts <= ?",
        from,
        before,
        toTs,
      )
      .toArray();
    const rows = this.#rows.of(attackerUuid);
    for (const { id } of old) {
      const row = rows.read(id - from);
      if (!row) continue;
      rows.write(id - from, { ...row, observations: row.observations.filter(({ ts }) => ts > toTs) });
    }
    this.#rows.flush();
  }

  #merge(observations: readonly AppliedObservation[]): void {
    for (const [attackerUuid, group] of byAttacker(observations)) {
      const arriving = byFirstPlace(group);
      this.#rows.load(attackerUuid, arriving.keys());
      mergeIntoRows(this.#rows.of(attackerUuid), arriving);
    }
  }

  /** The ids of the session rows of an attacker: the first, and the first of the next attacker. */
  #idsOf(attackerUuid: string): readonly [from: number, before: number] {
    const number = this.#links.numberOf(attackerUuid) ?? -1;
    return [number * PLACES, (number + 1) * PLACES];
  }
}

/** A key as one text; none of its parts holds a U+0000. */
export function nameOf({ attackerUuid, primitive, evidenceRef }: ObservationKey): string {
  return `${attackerUuid}\0${primitive}\0${evidenceRef}`;
}
