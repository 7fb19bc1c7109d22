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
 * The series of a primitive as it is stored at the time of each question.
 * @param flush - called before each: writes what is still to be written
 */
export function storedSeries(
  sql: SqlStorage,
  primitive: string,
  kind: MergeKind,
  flush: () => void = () => {},
): Series {
  const ask = <T extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]) => {
    flush();
    return sql.exec<T>(query, ...bindings);
  };
  const informative = INFORMATIVE[kind];
  const totals = () =>
    ask<{ count: number; lastTs: number | null }>(
      "SELECT count(*) AS count, max(ts) AS lastTs FROM observations WHERE primitive = ?",
      primitive,
    ).one();
  return {
    count: () => totals().count,
    lastTs: () => totals().lastTs,
    countInformative: () =>
      ask<{ count: number }>(
        `SELECT count(*) AS count FROM observations WHERE primitive = ? AND ${informative}`,
        primitive,
      ).one().count,
    newestInformative: (limit) =>
      ask<MemberRow>(
        `SELECT ${MEMBER} FROM observations WHERE primitive = ? AND ${informative}
           ORDER BY ts DESC, evidence_ref DESC, attacker_uuid DESC LIMIT ?`,
        primitive,
        limit,
      )
        .toArray()
        .toReversed(),
    latestByValue(startTs) {
      const latest = new Map<string, Member>();
      const rows = ask<MemberRow>(
        `SELECT ${MEMBER} FROM observations WHERE primitive = ? AND ts >= ? AND ${informative}
         ORDER BY ts, evidence_ref, attacker_uuid`,
        primitive,
        startTs,
      );
      for (const row of rows) {
        // Deleted first, so that the map's order is that of the latest members.
        latest.delete(row.value);
        latest.set(row.value, row);
      }
      return [...latest.values()];
    },
    hashWindow: storedHashWindow(sql, primitive),
  };
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
