/**
 * Stored observations as the API answers them, from D1 alone. `observations` has no index but its key, so a page costs
 * one pass over the series it is a page of (D1 counts up to two rows read per observation, one for sorting), and memory
 * for no more than the page.
 */
import type { Observation } from "../core/index.ts";
import { WITH_WINNER } from "./identity-reads.ts";

/** Which observations of an identity to read; null where everything will do. */
export interface SeriesFilter {
  readonly primitive: string | null;
  /** Epoch seconds, itself included. */
  readonly fromTs: number | null;
  /** Epoch seconds, itself included. */
  readonly toTs: number | null;
}

/** The order of a series: an observation's place in it. */
export interface SeriesPosition {
  readonly ts: number;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
  readonly primitive: string;
}

const COLUMNS = `id, attacker_uuid AS attackerUuid, primitive, value, confidence, window_start_ts AS windowStartTs,
  window_end_ts AS windowEndTs, source, evidence_ref AS evidenceRef, ts, identity_ref AS identityRef`;

/**
 * A page of the observations of all attackers of an identity (or of the one it was merged into), oldest first, in
 * (`ts`, `evidence_ref`, `attacker_uuid`, `primitive`) order.
 * @returns null if the identity is not known
 */
export async function readSeries(
  db: D1Database,
  identityUuid: string,
  filter: SeriesFilter,
  after: SeriesPosition | null,
  limit: number,
): Promise<Observation[] | null> {
  const parameters: (string | number)[] = [identityUuid, limit];
  const bound = (value: string | number): string => `?${parameters.push(value)}`;
  const conditions = [
    "attacker_uuid IN (SELECT uuid FROM attackers WHERE identity_uuid = (SELECT uuid FROM winner))",
  ];
  if (filter.primitive !== null) conditions.push(`primitive = ${bound(filter.primitive)}`);
  if (filter.fromTs !== null) conditions.push(`ts >= ${bound(filter.fromTs)}`);
  if (filter.toTs !== null) conditions.push(`ts <= ${bound(filter.toTs)}`);
  if (after !== null) {
    const place = [after.ts, after.evidenceRef, after.attackerUuid, after.primitive].map(bound);
    conditions.push(`(ts, evidence_ref, attacker_uuid, primitive) > (${place.join(", ")})`);
  }
  const [known, page] = await db.batch<Observation>([
    db.prepare(`${WITH_WINNER} SELECT uuid AS id FROM winner`).bind(identityUuid),
    db
      .prepare(
        `${WITH_WINNER} SELECT ${COLUMNS} FROM observations WHERE ${conditions.join(" AND ")}
         ORDER BY ts, evidence_ref, attacker_uuid, primitive LIMIT ?2`,
      )
      .bind(...parameters),
  ]);
  if (known?.results.length === 0) return null;
  return page?.results ?? [];
}

/** The latest observation of each primitive of an attacker, by primitive, from after `afterPrimitive` on. */
export async function readLatestObservations(
  db: D1Database,
  attackerUuid: string,
  afterPrimitive: string,
  limit: number,
): Promise<Observation[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM (
         SELECT *, row_number() OVER (PARTITION BY primitive ORDER BY ts DESC, evidence_ref DESC) AS place
         FROM observations WHERE attacker_uuid = ?1 AND primitive > ?2
       ) WHERE place = 1 ORDER BY primitive LIMIT ?3`,
    )
    .bind(attackerUuid, afterPrimitive, limit)
    .all<Observation>();
  return results;
}
