/**
 * Stored observations as the API answers them, from D1 alone. Session rows have no index but their key, so a page costs a pass over the
 * identity's rows without their bodies, and the bodies of those that overlap in the time of the page. Memory is needed for a page.
 */
import { compareUtf8, type Observation } from "../core/index.ts";
import { hasIdentity } from "./reads.ts";
import { allObservations, readInTime, type SeriesPosition } from "./sessions/in-time.ts";
import { theAttackers } from "./sessions/row-pages.ts";
import { winnerOf } from "./winners.ts";

/** Which observations of an identity to read; null where everything will do. */
export interface SeriesFilter {
  readonly primitive: string | null;
  /** Epoch seconds, itself included. */
  readonly fromTs: number | null;
  /** Epoch seconds, itself included. */
  readonly toTs: number | null;
}

/**
 * A page of the observations of all attackers of an identity (or of the one it was merged into), oldest first, in
 * (`ts`, `evidence_ref`, `attacker_uuid`, `primitive`) order. Usually one query (see `readInTime`).
 * @returns null if the identity is not known
 */
export async function readSeries(
  db: D1Database,
  identityUuid: string,
  { primitive, fromTs, toTs }: SeriesFilter,
  after: SeriesPosition | null,
  limit: number,
): Promise<Observation[] | null> {
  const holders = {
    sql: `attackers WHERE attackers.identity_uuid = ${winnerOf("?1")}`,
    parameter: identityUuid,
  };
  const page = await readInTime(db, holders, {
    fromTs: fromTs ?? -Number.MAX_VALUE,
    toTs: toTs ?? Number.MAX_VALUE,
    after,
    primitive,
    limit,
  });
  return page.length > 0 || (await hasIdentity(db, identityUuid)) ? page : null;
}

/**
 * The latest observation of each primitive of an attacker, by primitive, from after `afterPrimitive` on. A pass over its rows, one query
 * per 2 MB; memory for a page of rows, and one observation of each primitive.
 */
export async function readLatestObservations(
  db: D1Database,
  attackerUuid: string,
  afterPrimitive: string,
  limit: number,
): Promise<Observation[]> {
  const latest = new Map<string, Observation>();
  for await (const observation of allObservations(db, theAttackers([attackerUuid]))) {
    if (compareUtf8(observation.primitive, afterPrimitive) <= 0) continue;
    const known = latest.get(observation.primitive);
    if (!known || isLater(observation, known)) latest.set(observation.primitive, observation);
  }
  return [...latest.values()].toSorted((a, b) => compareUtf8(a.primitive, b.primitive)).slice(0, limit);
}

function isLater(a: Observation, b: Observation): boolean {
  return (a.ts - b.ts || compareUtf8(a.evidenceRef, b.evidenceRef)) > 0;
}
