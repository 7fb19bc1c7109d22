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
import { eachInOrder, type PlannedRow, type PrimitiveMember } from "./ordered-members.ts";
import { inPieces } from "./pieces.ts";
import { eachMember, eachPrimitive, readBody, type TakeMember } from "./session-body.ts";
import { PLACES, SessionTable } from "./session-table.ts";
import { findInRows, groupByPlace, mergeIntoRows, removeFromRows } from "./session-walk.ts";
import type { Tables } from "./tables.ts";
import { type PlacedRow, type RowRange, UnpackedRows } from "./unpacked-rows.ts";

interface BodyRow extends Record<string, SqlStorageValue> {
  id: number;
  body: string;
}

export class Observations {
  readonly #sql: SqlStorage;
  readonly #links: Links;
  readonly #rows: SessionTable;
  readonly #unpacked: UnpackedRows;

  constructor(sql: SqlStorage, links: Links, tables: Tables) {
    this.#sql = sql;
    this.#links = links;
    this.#rows = new SessionTable(sql, links);
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
      this.#rows.load(attackerUuid, groupByPlace(group, 0).keys());
      for (const held of findInRows(this.#rows.of(attackerUuid), group)) {
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
    const attackers = this.#links.byNumber();
    const rows = this.#sql
      .exec("SELECT id, body FROM sessions WHERE size > 0")
      .raw<[id: number, body: string]>();
    for (const [id, body] of rows) {
      eachMember(body, attackerOf(attackers, id), primitives, take);
    }
  }

  /**
   * Passes stored observations on in the order of a series. Memory holds the rows whose times overlap.
   * @param primitives - those to pass on
   * @param toTs - epoch seconds; later observations are left out
   */
  eachInOrder(primitives: ReadonlySet<string>, toTs: number, take: TakeMember): void {
    const attackers = this.#links.byNumber();
    const rows = this.#sql
      .exec<PlannedRow & Record<string, SqlStorageValue>>(
        "SELECT id, first_ts AS firstTs FROM sessions WHERE size > 0 AND first_ts <= ? ORDER BY first_ts",
        toTs,
      )
      .toArray();
    const read = (ids: readonly number[]): Map<number, PrimitiveMember[]> => {
      const found = new Map<number, PrimitiveMember[]>();
      for (const { id, body } of this.#bodies(ids)) {
        const members: PrimitiveMember[] = [];
        eachMember(body, attackerOf(attackers, id), primitives, (primitive, member) => {
          if (member.ts <= toTs) members.push([primitive, member]);
        });
        found.set(id, members);
      }
      return found;
    };
    eachInOrder(rows, read, this.#unpacked.inOrder(toTs), (primitive, member) => {
      if (primitives.has(primitive)) take(primitive, member);
    });
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
    const rows = this.#sql.exec("SELECT body FROM sessions WHERE size > 0").raw<[body: string]>();
    for (const [body] of rows) eachPrimitive(body, count);
    return counts;
  }

  /** The rows in a range, ordered by attacker and place. @param beforeTs - only rows with an earlier observation (epoch seconds) */
  range(range: RowRange, beforeTs = Number.MAX_VALUE): Iterable<PlacedRow> {
    const packed = this.#packedRange(range, beforeTs);
    return this.#unpacked.exist ? this.#unpacked.among(packed, range) : packed;
  }

  /** Removes observations by key, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs = Number.MAX_VALUE): void {
    this.#unpacked.remove(keys, beforeTs);
    for (const [attackerUuid, group] of byAttacker(keys)) {
      this.#rows.load(attackerUuid, groupByPlace(group, 0).keys());
      removeFromRows(this.#rows.of(attackerUuid), group, beforeTs);
    }
    this.#rows.flush();
  }

  /** Removes an attacker's observations up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs = Number.MAX_VALUE): void {
    this.#unpacked.removeOf(attackerUuid, toTs);
    const [from, before] = this.#idsOf(attackerUuid);
    const rows = this.#rows.of(attackerUuid);
    const old = this.#sql
      .exec<{ id: number }>(
        "SELECT id FROM sessions WHERE id >= ? AND id < ? AND size > 0 AND first_ts <= ?",
        from,
        before,
        toTs,
      )
      .toArray();
    for (const { id } of toTs < Number.MAX_VALUE ? old : []) {
      const row = rows.read(id - from);
      const kept = row?.observations.filter(({ ts }) => ts > toTs);
      if (row && kept) rows.write(id - from, { ...row, observations: kept });
    }
    this.#rows.flush();
    // Rows that are full and empty lead to no observation any more.
    if (toTs < Number.MAX_VALUE && this.has(attackerUuid)) return;
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
   * @param rows - SQL that selects place, is_full, size, first_ts and body
   */
  putRows(attackerUuid: string, rows: string, ...bindings: readonly SqlStorageValue[]): void {
    const number = this.#links.giveNumber(attackerUuid);
    this.#sql.exec(
      `INSERT INTO sessions (id, is_full, size, first_ts, body) SELECT ? + place, is_full, size, first_ts, body FROM (${rows})`,
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

  #merge(observations: readonly AppliedObservation[]): void {
    for (const [attackerUuid, group] of byAttacker(observations)) {
      this.#rows.load(attackerUuid, groupByPlace(group, 0).keys());
      mergeIntoRows(this.#rows.of(attackerUuid), group);
    }
  }

  *#packedRange({ after, through }: RowRange, beforeTs: number): Generator<PlacedRow, void, undefined> {
    const bindings: SqlStorageValue[] = [beforeTs];
    let condition = "";
    if (after !== null) {
      condition += " AND (uuid > ? OR (uuid = ? AND id > number * 4294967296 + ?))";
      bindings.push(after.attackerUuid, after.attackerUuid, after.place);
    }
    if (through !== null) {
      condition += " AND (uuid < ? OR (uuid = ? AND id <= number * 4294967296 + ?))";
      bindings.push(through.attackerUuid, through.attackerUuid, through.place);
    }
    const rows = this.#sql.exec<{ uuid: string; place: number; body: string }>(
      `SELECT uuid, id - number * 4294967296 AS place, body FROM attackers CROSS JOIN sessions
         ON id >= number * 4294967296 AND id < (number + 1) * 4294967296
       WHERE size > 0 AND first_ts < ? AND uuid >= ? ${condition} ORDER BY uuid, id`,
      ...bindings.toSpliced(1, 0, after?.attackerUuid ?? ""),
    );
    for (const { uuid: attackerUuid, place, body } of rows) {
      yield {
        cursor: { attackerUuid, place },
        observations: readBody(body).map((held) => ({ ...held, attackerUuid })),
      };
    }
  }

  *#bodies(ids: readonly number[]): Generator<BodyRow, void, undefined> {
    const found: BodyRow[] = [];
    inPieces(
      ids.map((id) => [id]),
      1,
      (values, bindings) => {
        found.push(
          ...this.#sql.exec<BodyRow>(`SELECT id, body FROM sessions WHERE id IN (${values})`, ...bindings),
        );
      },
    );
    yield* found;
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

/** Observations or keys by attacker. */
export function byAttacker<K extends ObservationKey>(keys: readonly K[]): Map<string, K[]> {
  const groups = new Map<string, K[]>();
  for (const key of keys) {
    const group = groups.get(key.attackerUuid);
    if (group) group.push(key);
    else groups.set(key.attackerUuid, [key]);
  }
  return groups;
}

function attackerOf(attackers: ReadonlyMap<number, string>, id: number): string {
  const uuid = attackers.get(Math.floor(id / PLACES));
  if (uuid === undefined) throw new Error(`a session row must be of a known attacker, ${id} is of none`);
  return uuid;
}
