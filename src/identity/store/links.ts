/** The attackers that an identity object knows: those linked to it, those linked elsewhere, and those erased. */
import type { LinkedAttackers } from "../../core/index.ts";
import type { Tables } from "./tables.ts";

/** A known link. */
export interface HeardLink {
  readonly attackerUuid: string;
  readonly linkVersion: number;
  /** False if the attacker is linked to another identity since this version. */
  readonly isLinked: boolean;
}

/** What is cached of an attacker. */
interface Known {
  readonly version: number;
  /** Its number here: the first part of the key of its session rows. */
  readonly number: number;
}

export class Links {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #known = new Map<string, Known>();
  /** The greatest number that was given, once it was read. */
  #lastNumber: number | null = null;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#known.clear();
    this.#lastNumber = null;
  }

  /** The newest known version of an attacker's link, or null. */
  version(attackerUuid: string): number | null {
    return this.#find(attackerUuid)?.version ?? null;
  }

  /** The number of an attacker, or null if it is not known. */
  numberOf(attackerUuid: string): number | null {
    return this.#find(attackerUuid)?.number ?? null;
  }

  /** Gives an attacker a number that is not known; it is linked nowhere then. */
  giveNumber(attackerUuid: string): number {
    const known = this.numberOf(attackerUuid);
    if (known !== null) return known;
    this.#put(attackerUuid, 0, 0, null);
    return this.giveNumber(attackerUuid);
  }

  /** The attackers by number. */
  byNumber(): Map<number, string> {
    const rows = this.#sql.exec<{ number: number; uuid: string }>("SELECT number, uuid FROM attackers");
    return new Map(Array.from(rows, ({ number, uuid }) => [number, uuid]));
  }

  /** Stores that an attacker is linked here. @param firstSeenTs - epoch seconds */
  link(attackerUuid: string, linkVersion: number, firstSeenTs: number | null): void {
    this.#put(attackerUuid, linkVersion, 1, firstSeenTs);
  }

  /** Stores that an attacker is linked to another identity since this version. */
  release(attackerUuid: string, linkVersion: number): void {
    this.#put(attackerUuid, linkVersion, 0, null);
  }

  /** Removes a link completely. No session row of the attacker may be left, because its number may be given again. */
  remove(attackerUuid: string): void {
    this.#sql.exec("DELETE FROM attackers WHERE uuid = ?", attackerUuid);
    this.#known.delete(attackerUuid);
    this.#lastNumber = null;
  }

  /** Every known link. */
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

  /** Number of attackers linked here. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM attackers WHERE is_linked").one().n;
  }

  /** The attackers linked here, and the earliest time at which one of them was seen. */
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

  /** Any known attacker, also an erased one, or null. All of them are in the same shard. */
  any(): string | null {
    const erased = this.#tables.has("erased") ? "UNION ALL SELECT attacker_uuid FROM erased" : "";
    const row = this.#sql.exec<{ uuid: string }>(`SELECT uuid FROM attackers ${erased} LIMIT 1`).toArray()[0];
    return row?.uuid ?? null;
  }

  /** Time at which an attacker was erased (epoch seconds), or null. */
  erasedTs(attackerUuid: string): number | null {
    if (!this.#tables.has("erased")) return null;
    const row = this.#sql
      .exec<{ erased_ts: number }>("SELECT erased_ts FROM erased WHERE attacker_uuid = ?", attackerUuid)
      .toArray()[0];
    return row?.erased_ts ?? null;
  }

  /** Stores that an attacker was erased. The latest time is kept. */
  erase(attackerUuid: string, erasedTs: number): void {
    this.#tables.need("erased");
    this.#sql.exec(
      `INSERT INTO erased (attacker_uuid, erased_ts) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET erased_ts = max(erased_ts, excluded.erased_ts)`,
      attackerUuid,
      erasedTs,
    );
  }

  #find(attackerUuid: string): Known | null {
    const known = this.#known.get(attackerUuid);
    if (known) return known;
    const row = this.#sql
      .exec<{ version: number; number: number }>(
        "SELECT link_version AS version, number FROM attackers WHERE uuid = ?",
        attackerUuid,
      )
      .toArray()[0];
    if (row) this.#known.set(attackerUuid, row);
    return row ?? null;
  }

  #put(attackerUuid: string, version: number, isLinked: 0 | 1, firstSeenTs: number | null): void {
    const number = this.numberOf(attackerUuid) ?? this.#nextNumber();
    this.#sql.exec(
      "INSERT OR REPLACE INTO attackers (uuid, number, link_version, is_linked, first_seen_ts) VALUES (?, ?, ?, ?, ?)",
      attackerUuid,
      number,
      version,
      isLinked,
      firstSeenTs,
    );
    this.#known.set(attackerUuid, { version, number });
  }

  #nextNumber(): number {
    this.#lastNumber ??= this.#sql
      .exec<{ last: number }>("SELECT coalesce(max(number), 0) AS last FROM attackers")
      .one().last;
    return ++this.#lastNumber;
  }
}
