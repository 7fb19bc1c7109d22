/** One primitive's series in the identity object's SQLite, asked only where its tail cannot answer. */
import type { HashWindow, Member, MergeKind, Series } from "../core/index.ts";

interface MemberRow extends Record<string, SqlStorageValue> {
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

const MEMBER = "value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid";

/** `isInformative` of the core, as a condition on `value`. */
const INFORMATIVE: Readonly<Record<MergeKind, string>> = {
  categorical: `value <> '"unknown"'`,
  numeric: `value GLOB '[-0-9tf]*'`,
  hash: `value GLOB '"?*"'`,
};

/**
 * The series of a primitive as it is stored at the time of each question. A class, because one is made for every
 * observation and hardly ever asked anything.
 */
export class StoredSeries implements Series {
  readonly #sql: SqlStorage;
  readonly #primitive: string;
  readonly #kind: MergeKind;
  readonly #flush: () => void;

  /** @param flush - called before each question: writes what is still to be written */
  constructor(sql: SqlStorage, primitive: string, kind: MergeKind, flush: () => void) {
    this.#sql = sql;
    this.#primitive = primitive;
    this.#kind = kind;
    this.#flush = flush;
  }

  count(): number {
    return this.#totals().count;
  }

  lastTs(): number | null {
    return this.#totals().lastTs;
  }

  countInformative(): number {
    return this.#ask<{ count: number }>(
      `SELECT count(*) AS count FROM observations WHERE primitive = ? AND ${INFORMATIVE[this.#kind]}`,
    ).one().count;
  }

  newestInformative(limit: number): Member[] {
    return this.#ask<MemberRow>(
      `SELECT ${MEMBER} FROM observations WHERE primitive = ? AND ${INFORMATIVE[this.#kind]}
       ORDER BY ts DESC, evidence_ref DESC, attacker_uuid DESC LIMIT ?`,
      limit,
    )
      .toArray()
      .toReversed();
  }

  latestByValue(startTs: number): Member[] {
    const latest = new Map<string, Member>();
    const rows = this.#ask<MemberRow>(
      `SELECT ${MEMBER} FROM observations WHERE primitive = ? AND ts >= ? AND ${INFORMATIVE[this.#kind]}
       ORDER BY ts, evidence_ref, attacker_uuid`,
      startTs,
    );
    for (const row of rows) {
      // Deleted first, so that the map's order is that of the latest members.
      latest.delete(row.value);
      latest.set(row.value, row);
    }
    return [...latest.values()];
  }

  get hashWindow(): HashWindow {
    return storedHashWindow(this.#sql, this.#primitive);
  }

  #totals(): { count: number; lastTs: number | null } {
    return this.#ask<{ count: number; lastTs: number | null }>(
      "SELECT count(*) AS count, max(ts) AS lastTs FROM observations WHERE primitive = ?",
    ).one();
  }

  #ask<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]) {
    this.#flush();
    return this.#sql.exec<T>(query, this.#primitive, ...bindings);
  }
}

function storedHashWindow(sql: SqlStorage, primitive: string): HashWindow {
  const put = (member: Member): void => {
    sql.exec(
      "INSERT OR REPLACE INTO hash_window (primitive, value, ts, evidence_ref, attacker_uuid) VALUES (?, ?, ?, ?, ?)",
      primitive,
      member.value,
      member.ts,
      member.evidenceRef,
      member.attackerUuid,
    );
  };
  const clear = (): void => {
    sql.exec("DELETE FROM hash_window WHERE primitive = ?", primitive);
  };
  return {
    load(members) {
      clear();
      for (const member of members) put(member);
    },
    get: (value) =>
      sql
        .exec<MemberRow>(
          `SELECT ${MEMBER} FROM hash_window WHERE primitive = ? AND value = ?`,
          primitive,
          value,
        )
        .toArray()[0] ?? null,
    put,
    expire: (startTs) =>
      sql
        .exec("DELETE FROM hash_window WHERE primitive = ? AND ts < ? RETURNING 1", primitive, startTs)
        .toArray().length,
    clear,
  };
}
