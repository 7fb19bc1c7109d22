/** The attackers linked to an identity, as far as its object has heard, and those that were erased. */
import type { LinkedAttackers } from "../../core/index.ts";

/** A link that was heard of. */
export interface HeardLink {
  readonly attackerUuid: string;
  readonly linkVersion: number;
  /** False if the attacker is linked to another identity as of this version. */
  readonly isLinked: boolean;
}

export class Links {
  readonly #sql: SqlStorage;
  readonly #versions = new Map<string, number>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Drops the cache: call it when a transaction did not commit. */
  forget(): void {
    this.#versions.clear();
  }

  /** The newest version heard of an attacker's link, or null if none was. */
  version(attackerUuid: string): number | null {
    const known = this.#versions.get(attackerUuid);
    if (known !== undefined) return known;
    const row = this.#sql
      .exec<{ link_version: number }>("SELECT link_version FROM attackers WHERE uuid = ?", attackerUuid)
      .toArray()[0];
    if (row) this.#versions.set(attackerUuid, row.link_version);
    return row?.link_version ?? null;
  }

  /** Notes that an attacker is linked here. @param firstSeenTs - epoch seconds */
  link(attackerUuid: string, linkVersion: number, firstSeenTs: number | null): void {
    this.#put(attackerUuid, linkVersion, 1, firstSeenTs);
  }

  /** Notes that an attacker is linked to another identity, as of this version. */
  release(attackerUuid: string, linkVersion: number): void {
    this.#put(attackerUuid, linkVersion, 0, null);
  }

  /** Removes a link without a trace. */
  remove(attackerUuid: string): void {
    this.#sql.exec("DELETE FROM attackers WHERE uuid = ?", attackerUuid);
    this.#versions.delete(attackerUuid);
  }

  /** Every link that was heard of. */
  all(): HeardLink[] {
    return this.#sql
      .exec<{ uuid: string; link_version: number; is_linked: number }>(
        "SELECT uuid, link_version, is_linked FROM attackers ORDER BY uuid",
      )
      .toArray()
      .map((row) => ({
        attackerUuid: row.uuid,
        linkVersion: row.link_version,
        isLinked: row.is_linked === 1,
      }));
  }

  /** How many attackers are linked here. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM attackers WHERE is_linked").one().n;
  }

  /** The attackers linked here, and the earliest time that any of them was seen. */
  linked(): LinkedAttackers {
    const rows = this.#sql
      .exec<{ uuid: string; first_seen_ts: number | null }>(
        "SELECT uuid, first_seen_ts FROM attackers WHERE is_linked ORDER BY uuid",
      )
      .toArray();
    return {
      attackerUuids: rows.map((row) => row.uuid),
      firstSeenTs: rows.reduce<number | null>(
        (first, { first_seen_ts: ts }) => (ts === null || (first !== null && first <= ts) ? first : ts),
        null,
      ),
    };
  }

  /** One of the attackers that were ever heard of, erased ones too, or null: all of them are in one shard. */
  any(): string | null {
    const row = this.#sql
      .exec<{ uuid: string }>("SELECT uuid FROM attackers UNION ALL SELECT attacker_uuid FROM erased LIMIT 1")
      .toArray()[0];
    return row?.uuid ?? null;
  }

  /** When an attacker was erased (epoch seconds), or null. */
  erasedTs(attackerUuid: string): number | null {
    const row = this.#sql
      .exec<{ erased_ts: number }>("SELECT erased_ts FROM erased WHERE attacker_uuid = ?", attackerUuid)
      .toArray()[0];
    return row?.erased_ts ?? null;
  }

  /** Notes that an attacker was erased; the latest time holds. */
  erase(attackerUuid: string, erasedTs: number): void {
    this.#sql.exec(
      `INSERT INTO erased (attacker_uuid, erased_ts) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET erased_ts = max(erased_ts, excluded.erased_ts)`,
      attackerUuid,
      erasedTs,
    );
  }

  #put(attackerUuid: string, linkVersion: number, isLinked: 0 | 1, firstSeenTs: number | null): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO attackers (uuid, link_version, is_linked, first_seen_ts) VALUES (?, ?, ?, ?)",
      attackerUuid,
      linkVersion,
      isLinked,
      firstSeenTs,
    );
    this.#versions.set(attackerUuid, linkVersion);
  }
}
