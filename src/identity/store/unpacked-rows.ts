/**
 * Observations of a store that was converted from version 1: a row each in `observation_rows`, until a job has moved them into session
 * rows. An observation is in one of the two. Without the table every function returns at once. Remove this file, and what calls it,
 * when no such store is left.
 */
import { type AppliedObservation, type Member, type ObservationKey, placeOf } from "../../core/index.ts";
import type { SessionCursor } from "../../storage/index.ts";
import type { NextMember, PrimitiveMember } from "./ordered-members.ts";
import { compareCursors, type PlacedRow, type RowRange, type TimeRange } from "./session-passes.ts";
import type { TakeMember } from "./session-body.ts";
import type { Tables } from "./tables.ts";

interface ObservationRow extends Record<string, SqlStorageValue> {
  primitive: string;
  id: string;
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

const KEY = "attacker_uuid, primitive, evidence_ref";
/** The keys of a parameter. */
const KEYS_OF_LIST = "SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
const COLUMNS = "primitive, id, value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid";

export class UnpackedRows {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Whether there may be such rows. */
  get exist(): boolean {
    return this.#tables.has("observation_rows");
  }

  /** The stored observations with some keys. */
  find(keys: readonly ObservationKey[]): AppliedObservation[] {
    if (!this.exist) return [];
    return keyLists(keys).flatMap((list) =>
      this.#sql
        .exec<ObservationRow>(
          `SELECT ${COLUMNS} FROM observation_rows WHERE (${KEY}) IN (${KEYS_OF_LIST})`,
          list,
        )
        .toArray(),
    );
  }

  /**
   * The next observations to move: whole attackers if they are small, else a part of one, session by session.
   * @param limit - at most
   */
  first(limit: number): AppliedObservation[] {
    if (!this.exist) return [];
    const rows = this.#sql
      .exec<ObservationRow>(`SELECT ${COLUMNS} FROM observation_rows ORDER BY ${KEY} LIMIT ?`, limit)
      .toArray();
    const [first, last] = [rows[0]?.attackerUuid, rows.at(-1)?.attackerUuid];
    if (first === undefined || rows.length < limit) return rows;
    if (first !== last) return rows.filter(({ attackerUuid }) => attackerUuid !== last);
    return this.#sql
      .exec<ObservationRow>(
        `SELECT ${COLUMNS} FROM observation_rows WHERE attacker_uuid = ? ORDER BY evidence_ref, primitive LIMIT ?`,
        first,
        limit,
      )
      .toArray();
  }

  /** Passes the members on, in any order. @param primitives - null: all */
  each(primitives: ReadonlySet<string> | null, take: TakeMember): void {
    if (!this.exist) return;
    for (const row of this.#sql.exec<ObservationRow>(`SELECT ${COLUMNS} FROM observation_rows`)) {
      if (primitives === null || primitives.has(row.primitive)) take(row.primitive, toMember(row));
    }
  }

  /** The members of some primitives of a time, in the order of a series. */
  inOrder(primitives: ReadonlySet<string> | null, { fromTs, toTs }: TimeRange): NextMember {
    if (!this.exist) return () => null;
    const rows = this.#sql.exec<ObservationRow>(
      `SELECT ${COLUMNS} FROM observation_rows
       WHERE ts <= ?1 AND ts >= ?3 AND (?2 IS NULL OR primitive IN (SELECT value FROM json_each(?2)))
       ORDER BY ts, evidence_ref, attacker_uuid`,
      toTs,
      primitives && JSON.stringify([...primitives]),
      fromTs,
    );
    return (): PrimitiveMember | null => {
      const { done, value } = rows.next();
      return done === true ? null : [value.primitive, toMember(value)];
    };
  }

  /** Whether there is an observation of an attacker. */
  has(attackerUuid: string): boolean {
    return (
      this.exist &&
      this.#sql.exec("SELECT 1 FROM observation_rows WHERE attacker_uuid = ? LIMIT 1", attackerUuid).toArray()
        .length > 0
    );
  }

  get isEmpty(): boolean {
    return !this.exist || this.#sql.exec("SELECT 1 FROM observation_rows LIMIT 1").toArray().length === 0;
  }

  /**
   * Adds the observations in a range to session rows of the range, as if each was in its first row. Costs a digest for each observation
   * of the range's attackers.
   * @param packed - ordered by attacker and place
   */
  *among(packed: Iterable<PlacedRow>, { after, through }: RowRange): Generator<PlacedRow, void, undefined> {
    const rows = this.#sql.exec<ObservationRow>(
      `SELECT ${COLUMNS} FROM observation_rows WHERE attacker_uuid >= ? ${through === null ? "" : "AND attacker_uuid <= ?"}`,
      after?.attackerUuid ?? "",
      ...(through === null ? [] : [through.attackerUuid]),
    );
    const groups = new Map<string, { cursor: SessionCursor; observations: AppliedObservation[] }>();
    for (const row of rows) {
      const cursor = { attackerUuid: row.attackerUuid, place: placeOf(row, 0) };
      const isInRange =
        (after === null || compareCursors(cursor, after) > 0) &&
        (through === null || compareCursors(cursor, through) <= 0);
      if (!isInRange) continue;
      const name = `${cursor.attackerUuid} ${cursor.place}`;
      const group = groups.get(name) ?? { cursor, observations: [] };
      groups.set(name, group);
      group.observations.push(row);
    }
    const own = [...groups.values()].toSorted((a, b) => compareCursors(a.cursor, b.cursor));
    let next = 0;
    for (const row of packed) {
      for (let one = own[next]; one && compareCursors(one.cursor, row.cursor) < 0; one = own[++next])
        yield one;
      const same = own[next];
      if (same && compareCursors(same.cursor, row.cursor) === 0) {
        next++;
        yield { ...row, observations: [...row.observations, ...same.observations] };
      } else yield row;
    }
    yield* own.slice(next);
  }

  /** Removes observations by key, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs: number): void {
    if (!this.exist) return;
    for (const list of keyLists(keys)) {
      this.#sql.exec(
        `DELETE FROM observation_rows WHERE ts < ? AND (${KEY}) IN (${KEYS_OF_LIST})`,
        beforeTs,
        list,
      );
    }
  }

  /** Removes an attacker's observations up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs: number): void {
    if (!this.exist) return;
    this.#sql.exec("DELETE FROM observation_rows WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, toTs);
  }

  /** Removes every observation whose attacker is not linked here. */
  removeStrangers(): void {
    if (!this.exist) return;
    this.#sql.exec(
      "DELETE FROM observation_rows WHERE attacker_uuid NOT IN (SELECT uuid FROM attackers WHERE is_linked)",
    );
  }

  /** Removes the table, which is empty. */
  drop(): void {
    if (this.exist) this.#tables.drop("observation_rows");
  }
}

function toMember({ value, ts, evidenceRef, attackerUuid }: ObservationRow): Member {
  return { value, ts, evidenceRef, attackerUuid };
}

/** Maximum number of keys in one parameter. The longest key (an escaped pointer of 512 bytes) has about 3 KB. */
const KEYS_AT_ONCE = 500;

/** Keys as JSON lists, each below the 2 MB of a parameter. */
function keyLists(keys: readonly ObservationKey[]): string[] {
  const pages = Array.from({ length: Math.ceil(keys.length / KEYS_AT_ONCE) }, (_, i) =>
    keys.slice(i * KEYS_AT_ONCE, (i + 1) * KEYS_AT_ONCE),
  );
  return pages.map((page) =>
    JSON.stringify(
      page.map(({ attackerUuid, primitive, evidenceRef }) => [attackerUuid, primitive, evidenceRef]),
    ),
  );
}
