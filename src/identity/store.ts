/**
 * The identity object's SQLite, behind questions: head, links, observations and primitive records. Everything is
 * synchronous. Records and head are kept in memory as well, as a cache of what is stored.
 */
import { z } from "zod";
import {
  type Attribution,
  type IdentityHead,
  newIdentityHead,
  type PrimitiveRecord,
  STATES,
} from "../core/index.ts";
import { inPieces } from "./pieces.ts";
import type { IdentityLink, MergeStep, PrimitiveAttribution } from "./protocol.ts";
import { createTables, hasTables } from "./schema.ts";
import { readTail, writeTail } from "./tail-text.ts";

const headSchema = z.object({
  identityUuid: z.string(),
  seq: z.number(),
  isFormed: z.boolean(),
  multiActor: z.array(z.string()),
  suspected: z.array(z.string()).nullable(),
}) satisfies z.ZodType<IdentityHead>;

const stateSchema = z.enum(STATES);

interface AttributionRow extends Record<string, SqlStorageValue> {
  primitive: string;
  current_value: string;
  state: string;
  confidence: number;
  observation_count: number;
  last_change_ts: number;
  last_observation_ts: number;
}

interface RecordRow extends AttributionRow {
  tail: string;
  version: string;
}

interface WinnerRow extends Record<string, SqlStorageValue> {
  winner_uuid: string | null;
}

const ATTRIBUTION_COLUMNS =
  "primitive, current_value, state, confidence, observation_count, last_change_ts, last_observation_ts";

export class IdentityStore {
  readonly #sql: SqlStorage;
  readonly #identityUuid: string;
  #hasTables: boolean;
  #head: IdentityHead | null = null;
  /** What `merged` says; null: it was not asked. */
  #winner: WinnerRow | null = null;
  readonly #records = new Map<string, PrimitiveRecord>();
  #attributionsJson: string | null = null;
  readonly #linkVersions = new Map<string, number>();

  constructor(sql: SqlStorage, identityUuid: string) {
    this.#sql = sql;
    this.#identityUuid = identityUuid;
    this.#hasTables = hasTables(sql);
  }

  /** Whether anything was ever written here. */
  get isEmpty(): boolean {
    return !this.#hasTables;
  }

  /** Makes the tables if they are not there; call it before the first write. */
  prepare(): void {
    if (this.#hasTables) return;
    createTables(this.#sql);
    this.#hasTables = true;
  }

  /** Drops what memory holds; for after a transaction that did not commit. */
  forget(): void {
    this.#hasTables = hasTables(this.#sql);
    this.#head = null;
    this.#records.clear();
    this.#attributionsJson = null;
    this.#linkVersions.clear();
    this.#winner = null;
  }

  head(): IdentityHead {
    if (this.#head) return this.#head;
    const row = this.#sql.exec<{ head: string }>("SELECT head FROM head").toArray()[0];
    this.#head = row ? headSchema.parse(JSON.parse(row.head)) : newIdentityHead(this.#identityUuid);
    return this.#head;
  }

  saveHead(head: IdentityHead): void {
    this.#sql.exec("INSERT OR REPLACE INTO head (id, head) VALUES (1, ?)", JSON.stringify(head));
    this.#head = head;
  }

  /** The newest version heard of an attacker's link, or null if it was never linked here. */
  linkVersion(attackerUuid: string): number | null {
    const known = this.#linkVersions.get(attackerUuid);
    if (known !== undefined) return known;
    const row = this.#sql
      .exec<{ link_version: number }>("SELECT link_version FROM attackers WHERE uuid = ?", attackerUuid)
      .toArray()[0];
    if (row) this.#linkVersions.set(attackerUuid, row.link_version);
    return row?.link_version ?? null;
  }

  saveLink(link: Omit<IdentityLink, "needsBackfill">): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO attackers (uuid, link_version, is_linked, first_seen_ts) VALUES (?, ?, 1, ?)",
      link.attackerUuid,
      link.linkVersion,
      link.firstSeenTs,
    );
    this.#linkVersions.set(link.attackerUuid, link.linkVersion);
  }

  /** Remembers that an attacker went elsewhere, as of this version of its link. */
  releaseLink(attackerUuid: string, linkVersion: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO attackers (uuid, link_version, is_linked, first_seen_ts) VALUES (?, ?, 0, NULL)",
      attackerUuid,
      linkVersion,
    );
    this.#linkVersions.set(attackerUuid, linkVersion);
  }

  /** Forgets that an attacker was ever here. */
  forgetLink(attackerUuid: string): void {
    this.#sql.exec("DELETE FROM attackers WHERE uuid = ?", attackerUuid);
    this.#linkVersions.delete(attackerUuid);
  }

  /** Every link that was heard of, with its version; those that went elsewhere too. */
  links(): { attackerUuid: string; linkVersion: number; isLinked: boolean }[] {
    if (this.isEmpty) return [];
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

  /** One of the attackers that were ever heard of, erased ones too, or null: all of them are in one database. */
  anyAttacker(): string | null {
    if (this.isEmpty) return null;
    const row = this.#sql
      .exec<{ uuid: string }>("SELECT uuid FROM attackers UNION ALL SELECT attacker_uuid FROM erased LIMIT 1")
      .toArray()[0];
    return row?.uuid ?? null;
  }

  /** The attackers linked here, and the earliest time any of them was seen (null if none says). */
  linked(): { attackerUuids: string[]; firstSeenTs: number | null } {
    const rows = this.#sql
      .exec<{ uuid: string; first_seen_ts: number | null }>(
        "SELECT uuid, first_seen_ts FROM attackers WHERE is_linked = 1 ORDER BY uuid",
      )
      .toArray();
    const times = rows.flatMap((row) => (row.first_seen_ts === null ? [] : [row.first_seen_ts]));
    return {
      attackerUuids: rows.map((row) => row.uuid),
      firstSeenTs: times.length > 0 ? Math.min(...times) : null,
    };
  }

  /** What is known of a primitive, or null. */
  record(primitive: string): PrimitiveRecord | null {
    const known = this.#records.get(primitive);
    if (known) return known;
    const row = this.#sql
      .exec<RecordRow>(
        `SELECT ${ATTRIBUTION_COLUMNS}, tail, version FROM attributions WHERE primitive = ?`,
        primitive,
      )
      .toArray()[0];
    if (!row) return null;
    const tail = readTail(row.tail);
    const record = { attribution: toAttribution(row), tail, policyId: row.version };
    this.#records.set(primitive, record);
    return record;
  }

  saveRecord(primitive: string, record: PrimitiveRecord): void {
    this.saveRecords([[primitive, record]]);
  }

  saveRecords(records: Iterable<readonly [primitive: string, record: PrimitiveRecord]>): void {
    const saved = [...records];
    if (saved.length > 0) this.#attributionsJson = null;
    inPieces(saved.map(toRecordRow), 9, (values, bindings) => {
      this.#sql.exec(
        `INSERT OR REPLACE INTO attributions (${ATTRIBUTION_COLUMNS}, tail, version) VALUES ${values}`,
        ...bindings,
      );
    });
    for (const [primitive, record] of saved) this.#records.set(primitive, record);
  }

  /** Forgets a primitive that has no observations left. */
  removeRecord(primitive: string): void {
    this.#attributionsJson = null;
    this.#sql.exec("DELETE FROM attributions WHERE primitive = ?", primitive);
    this.#records.delete(primitive);
  }

  /** The identity that this one is merged into, or null. */
  winner(): string | null {
    if (this.isEmpty) return null;
    this.#winner ??= this.#sql.exec<WinnerRow>("SELECT winner_uuid FROM merged").toArray()[0] ?? {
      winner_uuid: null,
    };
    return this.#winner.winner_uuid;
  }

  /**
   * Remembers that this identity is merged away, or (null) that it stands on its own, as of a merge or its undoing.
   * What was heard of later holds: a call that was held up changes nothing.
   */
  saveWinner(winnerUuid: string | null, { mergeId, isUndone }: MergeStep): void {
    this.#winner = null;
    this.#sql.exec(
      `INSERT INTO merged (id, winner_uuid, merge_id, is_undone) VALUES (1, ?, ?, ?)
       ON CONFLICT DO UPDATE SET winner_uuid = excluded.winner_uuid, merge_id = excluded.merge_id, is_undone = excluded.is_undone
       WHERE (excluded.merge_id, excluded.is_undone) > (merge_id, is_undone)`,
      winnerUuid,
      mergeId,
      isUndone ? 1 : 0,
    );
  }

  /** Forgets whom this identity is merged into. */
  forgetWinner(): void {
    this.#winner = null;
    this.#sql.exec("UPDATE merged SET winner_uuid = NULL");
  }

  /** When an attacker was erased, or null. */
  erasedTs(attackerUuid: string): number | null {
    const row = this.#sql
      .exec<{ erased_ts: number }>("SELECT erased_ts FROM erased WHERE attacker_uuid = ?", attackerUuid)
      .toArray()[0];
    return row?.erased_ts ?? null;
  }

  /** Every primitive's state, by primitive. */
  attributions(): PrimitiveAttribution[] {
    if (this.isEmpty) return [];
    return this.#sql
      .exec<AttributionRow>(`SELECT ${ATTRIBUTION_COLUMNS} FROM attributions ORDER BY primitive`)
      .toArray()
      .map((row) => ({ primitive: row.primitive, ...toAttribution(row) }));
  }

  /** The same as JSON, made once for as long as it holds. */
  attributionsJson(): string {
    this.#attributionsJson ??= JSON.stringify(this.attributions());
    return this.#attributionsJson;
  }
}

function toRecordRow([primitive, { attribution, tail, policyId }]: readonly [string, PrimitiveRecord]) {
  return [
    primitive,
    attribution.currentValue,
    attribution.state,
    attribution.confidence,
    attribution.observationCount,
    attribution.lastChangeTs,
    attribution.lastObservationTs,
    writeTail(tail),
    policyId,
  ];
}

function toAttribution(row: AttributionRow): Attribution {
  return {
    currentValue: row.current_value,
    state: stateSchema.parse(row.state),
    confidence: row.confidence,
    observationCount: row.observation_count,
    lastChangeTs: row.last_change_ts,
    lastObservationTs: row.last_observation_ts,
  };
}
