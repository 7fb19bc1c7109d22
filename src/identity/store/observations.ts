/** The stored observations of an identity object, in the order of D1's key: attacker, primitive, evidence pointer. */
import type { AppliedObservation, Member, ObservationKey, Precedence } from "../../core/index.ts";
import { inPieces } from "./pieces.ts";

/** A range of observations in the order of their keys. */
export interface KeyRange {
  /** Exclusive; null: from the start. */
  readonly after: ObservationKey | null;
  /** Inclusive; null: to the end. */
  readonly through: ObservationKey | null;
}

interface MemberRow extends Record<string, SqlStorageValue> {
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

interface ObservationRow extends MemberRow {
  primitive: string;
  id: string;
}

const KEY = "attacker_uuid, primitive, evidence_ref";
const MEMBER = "value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid";
const COLUMNS = `primitive, id, ${MEMBER}`;
const SERIES_ORDER = "ts, evidence_ref, attacker_uuid";

/** The attackers with stored observations. It costs two look-ups per attacker. */
const HOLDERS = `holders (uuid) AS (
  SELECT min(attacker_uuid) FROM observations
  UNION ALL
  SELECT (SELECT min(attacker_uuid) FROM observations WHERE attacker_uuid > uuid) FROM holders WHERE uuid IS NOT NULL
)`;

export class Observations {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The stored observations with the keys of the given ones, by `nameOf` of each; missing ones are left out. */
  standing(keys: readonly ObservationKey[]): Map<string, Precedence> {
    const standing = new Map<string, Precedence>();
    const rows = keys.map((key) => [key.attackerUuid, key.primitive, key.evidenceRef]);
    inPieces(rows, 3, (values, bindings) => {
      const found = this.#sql.exec<ObservationRow>(
        `SELECT ${COLUMNS} FROM (VALUES ${values}) AS sought CROSS JOIN observations
           ON attacker_uuid = sought.column1 AND primitive = sought.column2 AND evidence_ref = sought.column3`,
        ...bindings,
      );
      for (const row of found) standing.set(nameOf(row), row);
    });
    return standing;
  }

  /** Stores observations. Each replaces the one with its key. */
  put(observations: readonly AppliedObservation[]): void {
    const rows = observations.map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) => [
      attackerUuid,
      primitive,
      evidenceRef,
      ts,
      id,
      value,
    ]);
    inPieces(rows, 6, (values, bindings) => {
      this.#sql.exec(
        `INSERT OR REPLACE INTO observations (${KEY}, ts, id, value) VALUES ${values}`,
        ...bindings,
      );
    });
  }

  /** A primitive's series, in series order, row by row. */
  members(primitive: string): Iterable<Member> {
    return this.#sql.exec<MemberRow>(
      `WITH RECURSIVE ${HOLDERS}
       SELECT ${MEMBER} FROM holders CROSS JOIN observations ON attacker_uuid = uuid AND primitive = ?
       ORDER BY ${SERIES_ORDER}`,
      primitive,
    );
  }

  /** The newest observations of a primitive, in series order. Costs one pass over its series. @param limit - at most */
  newest(primitive: string, limit: number): Member[] {
    return this.#sql
      .exec<MemberRow>(
        `WITH RECURSIVE ${HOLDERS}
         SELECT ${MEMBER} FROM holders CROSS JOIN observations ON attacker_uuid = uuid AND primitive = ?
         ORDER BY ts DESC, evidence_ref DESC, attacker_uuid DESC LIMIT ?`,
        primitive,
        limit,
      )
      .toArray()
      .toReversed();
  }

  /**
   * Every series, by primitive in ASCII order, in one pass. The reader must finish one before the next.
   * @param toTs - epoch seconds; later observations are left out
   */
  *allMembers(toTs = Number.MAX_VALUE): Generator<readonly [string, Iterable<Member>], void, undefined> {
    const rows = this.#sql.exec<ObservationRow>(
      `SELECT ${COLUMNS} FROM observations WHERE ts <= ? ORDER BY primitive, ${SERIES_ORDER}`,
      toTs,
    );
    let row = rows.next();
    while (!row.done) {
      const { primitive } = row.value;
      yield [
        primitive,
        (function* series() {
          for (; !row.done && row.value.primitive === primitive; row = rows.next()) yield row.value;
        })(),
      ];
      // Skips the members that were not read.
      while (!row.done && row.value.primitive === primitive) row = rows.next();
    }
  }

  /** Whether there is any observation. */
  get isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM observations LIMIT 1").toArray().length === 0;
  }

  /** Whether there is an observation of an attacker. */
  has(attackerUuid: string): boolean {
    return (
      this.#sql.exec("SELECT 1 FROM observations WHERE attacker_uuid = ? LIMIT 1", attackerUuid).toArray()
        .length > 0
    );
  }

  /** Number of observations per primitive. */
  counts(): Map<string, number> {
    const rows = this.#sql
      .exec<{ primitive: string; n: number }>(
        "SELECT primitive, count(*) AS n FROM observations GROUP BY primitive",
      )
      .toArray();
    return new Map(rows.map(({ primitive, n }) => [primitive, n]));
  }

  /** The first observations in a range, in the order of their keys. */
  range({ after, through }: KeyRange, limit: number): AppliedObservation[] {
    const until = through === null ? "" : `AND (${KEY}) <= (?, ?, ?)`;
    return this.#sql
      .exec<ObservationRow>(
        `SELECT ${COLUMNS} FROM observations WHERE (${KEY}) > (?, ?, ?) ${until} ORDER BY ${KEY} LIMIT ?`,
        ...keyParts(after),
        ...(through === null ? [] : keyParts(through)),
        limit,
      )
      .toArray();
  }

  /**
   * The observations before a time and after a key, in the order of their keys, without those in a hash window.
   * @param beforeTs - epoch seconds
   * @param after - exclusive; null: from the start
   */
  *olderThan(
    beforeTs: number,
    after: ObservationKey | null,
  ): Generator<ObservationKey & { readonly ts: number }, void, undefined> {
    yield* this.#sql.exec<{ primitive: string; evidenceRef: string; attackerUuid: string; ts: number }>(
      `SELECT primitive, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid, ts FROM observations
       WHERE ts < ? AND (${KEY}) > (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM hash_window WHERE hash_window.primitive = observations.primitive
         AND hash_window.evidence_ref = observations.evidence_ref AND hash_window.attacker_uuid = observations.attacker_uuid)
       ORDER BY ${KEY}`,
      beforeTs,
      ...keyParts(after),
    );
  }

  /** Removes observations by key, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs = Number.MAX_VALUE): void {
    for (const list of lists(keys)) {
      this.#sql.exec(
        `DELETE FROM observations WHERE ts < ? AND (${KEY}) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
        beforeTs,
        list,
      );
    }
  }

  /** Removes an attacker's observations up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs = Number.MAX_VALUE): void {
    this.#sql.exec("DELETE FROM observations WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, toTs);
  }

  /** Removes every observation whose attacker is not linked here. */
  removeStrangers(): void {
    this.#sql.exec(
      "DELETE FROM observations WHERE attacker_uuid NOT IN (SELECT uuid FROM attackers WHERE is_linked)",
    );
  }
}

/** A key as one text; none of its parts holds a U+0000. */
export function nameOf({ attackerUuid, primitive, evidenceRef }: ObservationKey): string {
  return `${attackerUuid}\0${primitive}\0${evidenceRef}`;
}

/** Maximum number of keys in one parameter. The longest key (an escaped pointer of 512 bytes) has about 3 KB. */
const KEYS_AT_ONCE = 500;

/** Keys as JSON lists, each below the 2 MB of a parameter. */
export function lists(keys: readonly ObservationKey[]): string[] {
  const pages = Array.from({ length: Math.ceil(keys.length / KEYS_AT_ONCE) }, (_, i) =>
    keys.slice(i * KEYS_AT_ONCE, (i + 1) * KEYS_AT_ONCE),
  );
  return pages.map((page) => JSON.stringify(page.map(keyParts)));
}

function keyParts(key: ObservationKey | null): string[] {
  return [key?.attackerUuid ?? "", key?.primitive ?? "", key?.evidenceRef ?? ""];
}
