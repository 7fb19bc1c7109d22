/**
 * Comparing what an identity object holds with what D1 does, a page at a time: by count and digest first, row by row
 * only where those differ.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { ObservationKey } from "../storage/index.ts";
import type { AppliedObservation } from "./protocol.ts";
import type { IdentityStore } from "./store.ts";

/** A stretch of an identity's observations, in the order of their keys: after one key, through another. */
export interface KeyRange {
  /** Exclusive; null: from the start. */
  readonly after: ObservationKey | null;
  /** Inclusive; null: to the end. */
  readonly through: ObservationKey | null;
}

/** What a page amounts to. */
export interface PageDigest {
  readonly count: number;
  /** SHA-256 over the rows, in order. */
  readonly digest: string;
}

/** Counts and digests a page; both sides do it alike. */
export function digestPage(rows: readonly AppliedObservation[]): PageDigest {
  const text = rows
    .map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) =>
      JSON.stringify([attackerUuid, primitive, evidenceRef, ts, id, value]),
    )
    .join("\n");
  return { count: rows.length, digest: bytesToHex(sha256(utf8ToBytes(text))) };
}

interface ObservationRow extends Record<string, SqlStorageValue> {
  primitive: string;
  evidenceRef: string;
  attackerUuid: string;
  ts: number;
  id: string;
  value: string;
}

/** The observations that an object holds in a range, of all attackers, in the order of their keys. */
export function readRange(
  sql: SqlStorage,
  { after, through }: KeyRange,
  limit: number,
): AppliedObservation[] {
  const until = through === null ? "" : "AND (attacker_uuid, primitive, evidence_ref) <= (?, ?, ?)";
  return sql
    .exec<ObservationRow>(
      `SELECT primitive, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid, ts, id, value
       FROM observations WHERE (attacker_uuid, primitive, evidence_ref) > (?, ?, ?) ${until}
       ORDER BY attacker_uuid, primitive, evidence_ref LIMIT ?`,
      after?.attackerUuid ?? "",
      after?.primitive ?? "",
      after?.evidenceRef ?? "",
      ...(through === null ? [] : [through.attackerUuid, through.primitive, through.evidenceRef]),
      limit,
    )
    .toArray();
}

/** Removes observations by key. */
export function removeKeys(sql: SqlStorage, keys: readonly ObservationKey[]): void {
  sql.exec(
    `DELETE FROM observations WHERE (attacker_uuid, primitive, evidence_ref) IN (
       SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
    JSON.stringify(
      keys.map(({ attackerUuid, primitive, evidenceRef }) => [attackerUuid, primitive, evidenceRef]),
    ),
  );
}

/** Whether every primitive's state counts as many observations as there are. */
export function areCountsRight(store: IdentityStore, sql: SqlStorage): boolean {
  const counts = new Map(
    sql
      .exec<{ primitive: string; n: number }>(
        "SELECT primitive, count(*) AS n FROM observations GROUP BY primitive",
      )
      .toArray()
      .map(({ primitive, n }) => [primitive, n]),
  );
  const states = store.attributions();
  return (
    states.length === counts.size &&
    states.every(({ primitive, observationCount }) => counts.get(primitive) === observationCount)
  );
}
