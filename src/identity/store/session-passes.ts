/** Passes over many session rows of an identity object. Rows are decoded one after the other, so a pass needs little memory. */
import { type AppliedObservation, compareUtf8, type Member } from "../../core/index.ts";
import type { SessionCursor } from "../../storage/index.ts";
import type { Links } from "./links.ts";
import { eachInOrder, type NextMember, type PlannedRow, type PrimitiveMember } from "./ordered-members.ts";
import { eachMember, eachPrimitive, readBody, type TakeMember } from "./session-body.ts";
import { PLACES } from "./session-table.ts";

/** A range of session rows, ordered by attacker and place. */
export interface RowRange {
  /** Exclusive; null: from the start. */
  readonly after: SessionCursor | null;
  /** Inclusive; null: to the end. */
  readonly through: SessionCursor | null;
}

/** The observations of a session row, and where it is. */
export interface PlacedRow {
  readonly cursor: SessionCursor;
  readonly observations: readonly AppliedObservation[];
}

/** Epoch seconds, finite, both included. */
export interface TimeRange {
  readonly fromTs: number;
  readonly toTs: number;
}

/** Rows that are read with one statement. Each may have 650 KB. */
const ROWS_AT_ONCE = 32;

interface BodyRow extends Record<string, SqlStorageValue> {
  uuid: string;
  place: number;
  body: string;
}

export class SessionPasses {
  readonly #sql: SqlStorage;
  readonly #links: Links;

  constructor(sql: SqlStorage, links: Links) {
    this.#sql = sql;
    this.#links = links;
  }

  /** Passes the members on, in any order. @param primitives - null: all */
  each(primitives: ReadonlySet<string> | null, take: TakeMember): void {
    const attackers = this.#links.byNumber();
    const rows = this.#sql
      .exec("SELECT id, body FROM sessions WHERE size > 0")
      .raw<[id: number, body: string]>();
    for (const [id, body] of rows) eachMember(body, attackerOf(attackers, id), primitives, take);
  }

  /** Passes the primitive of each observation on. */
  eachPrimitive(take: (primitive: string) => void): void {
    const rows = this.#sql.exec("SELECT body FROM sessions WHERE size > 0").raw<[body: string]>();
    for (const [body] of rows) eachPrimitive(body, take);
  }

  /**
   * Passes members of a time on, in the order of a series. Memory holds the rows whose times overlap.
   * @param others - further members, in the same order
   */
  inOrder(
    primitives: ReadonlySet<string> | null,
    { fromTs, toTs }: TimeRange,
    others: NextMember,
    take: TakeMember,
  ): void {
    const attackers = this.#links.byNumber();
    // `last_ts` stands behind the body, so it is looked at only if it may leave a row out.
    const [isLate, times] =
      fromTs > -Number.MAX_VALUE ? ["AND (last_ts IS NULL OR last_ts >= ?)", [toTs, fromTs]] : ["", [toTs]];
    const rows = this.#sql
      .exec<PlannedRow & Record<string, SqlStorageValue>>(
        `SELECT id, first_ts AS firstTs FROM sessions WHERE size > 0 AND first_ts <= ? ${isLate} ORDER BY first_ts`,
        ...times,
      )
      .toArray();
    const read = (ids: readonly number[]): Map<number, PrimitiveMember[]> => {
      const bodies = this.#sql
        .exec(`SELECT id, body FROM sessions WHERE id IN (${ids.map(() => "?").join(", ")})`, ...ids)
        .raw<[id: number, body: string]>();
      const found = new Map<number, PrimitiveMember[]>();
      for (const [id, body] of bodies) {
        const members: PrimitiveMember[] = [];
        eachMember(body, attackerOf(attackers, id), primitives, (primitive, member: Member) => {
          if (member.ts >= fromTs && member.ts <= toTs) members.push([primitive, member]);
        });
        found.set(id, members);
      }
      return found;
    };
    eachInOrder(rows, read, others, take);
  }

  /** The rows in a range, by attacker and place. @param beforeTs - only rows with an earlier observation (epoch seconds) */
  *range({ after, through }: RowRange, beforeTs: number): Generator<PlacedRow, void, undefined> {
    for (const { uuid: attackerUuid, place, body } of this.#rowsAfter(after, beforeTs)) {
      const cursor = { attackerUuid, place };
      if (through !== null && compareCursors(cursor, through) > 0) return;
      yield { cursor, observations: readBody(body).map((held) => ({ ...held, attackerUuid })) };
    }
  }

  /** Reads to the end of each statement: one that a caller leaves in the middle would stay open. */
  *#rowsAfter(after: SessionCursor | null, beforeTs: number): Generator<BodyRow, void, undefined> {
    for (let last = after; ;) {
      const rows = last === null ? [] : this.#restOf(last, beforeTs);
      if (rows.length < ROWS_AT_ONCE) {
        rows.push(...this.#ofAttackersAfter(last?.attackerUuid ?? "", beforeTs, ROWS_AT_ONCE - rows.length));
      }
      yield* rows;
      const row = rows.at(-1);
      if (!row || rows.length < ROWS_AT_ONCE) return;
      last = { attackerUuid: row.uuid, place: row.place };
    }
  }

  #restOf({ attackerUuid, place }: SessionCursor, beforeTs: number): BodyRow[] {
    const number = this.#links.numberOf(attackerUuid);
    if (number === null) return [];
    return this.#sql
      .exec<BodyRow>(
        `SELECT ?1 AS uuid, id - ?2 AS place, body FROM sessions
         WHERE id > ?2 + ?3 AND id < ?2 + ${PLACES} AND size > 0 AND first_ts < ?4 ORDER BY id LIMIT ${ROWS_AT_ONCE}`,
        attackerUuid,
        number * PLACES,
        place,
        beforeTs,
      )
      .toArray();
  }

  #ofAttackersAfter(attackerUuid: string, beforeTs: number, limit: number): BodyRow[] {
    return this.#sql
      .exec<BodyRow>(
        `SELECT uuid, id - number * ${PLACES} AS place, body FROM attackers CROSS JOIN sessions
           ON id >= number * ${PLACES} AND id < (number + 1) * ${PLACES}
         WHERE uuid > ? AND size > 0 AND first_ts < ? ORDER BY uuid, id LIMIT ?`,
        attackerUuid,
        beforeTs,
        limit,
      )
      .toArray();
  }
}

/** Order of session rows: attackers by UUID, then places. */
export function compareCursors(a: SessionCursor, b: SessionCursor): number {
  return compareUtf8(a.attackerUuid, b.attackerUuid) || a.place - b.place;
}

function attackerOf(attackers: ReadonlyMap<number, string>, id: number): string {
  const uuid = attackers.get(Math.floor(id / PLACES));
  if (uuid === undefined) throw new Error(`a session row must be of a known attacker, ${id} is of none`);
  return uuid;
}
