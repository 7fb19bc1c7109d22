/**
 * Writes the record: everything in a batch of queue messages, in one transaction that is safe to repeat and to race.
 * Many rows are bound as one JSON parameter, because D1 binds at most 100 parameters.
 *
 * Queries: 6 for a common batch; 3 per MB of observations, 1 per MB of attackers, refusals or links, and 3 for counts.
 */
import { stubIdentityUuid, type Observation } from "../core/index.ts";
import { type DeadLetter, deadLetterStatements } from "./dead-letters.ts";
import {
  type AttackerRow,
  type Link,
  type LinkRow,
  linksOf,
  linkStatements,
  registerWaiting,
} from "./links.ts";
import { parameters } from "./parameters.ts";

/** An observation as it is stored. */
export interface RecordedObservation {
  readonly observation: Observation;
  readonly isUnlisted: boolean;
}

export interface RecordBatch {
  readonly observations: readonly RecordedObservation[];
  readonly deadLetters: readonly DeadLetter[];
  /** Number of bus events with another topic. */
  readonly ignored: number;
  /** Number of observations that are older than the retention. */
  readonly expired: number;
}

export type Recorded =
  | { readonly outcome: "recorded"; readonly links: Map<string, Link> }
  /** The Worker is paused: nothing was written. */
  | { readonly outcome: "paused" };

/** Seconds by which `last_seen` may lag: it saves one row written per observation. */
const LAST_SEEN_LAG_SECS = 300;

/** False while the Worker is paused: a batch writes nothing then. Checked in the transaction that would write. */
const IS_RUNNING = "NOT EXISTS (SELECT 1 FROM control WHERE name = 'paused')";
const READ_PAUSED = "SELECT count(*) AS paused FROM control WHERE name = 'paused'";

const UPSERT_ATTACKERS = `
INSERT INTO attackers (uuid, identity_uuid, link_version, first_seen_ts, last_seen_ts)
SELECT value ->> 0, value ->> 1, value ->> 1 IS NOT NULL, value ->> 2, value ->> 3 FROM json_each(?1)
WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE attacker_uuid = value ->> 0 AND erased_ts >= value ->> 3) AND ${IS_RUNNING}
ON CONFLICT (uuid) DO UPDATE SET
  first_seen_ts = min(coalesce(first_seen_ts, excluded.first_seen_ts), excluded.first_seen_ts),
  last_seen_ts = max(coalesce(last_seen_ts, excluded.last_seen_ts), excluded.last_seen_ts)
WHERE last_seen_ts IS NULL OR excluded.last_seen_ts > last_seen_ts + ${LAST_SEEN_LAG_SECS}
  OR first_seen_ts IS NULL OR excluded.first_seen_ts < first_seen_ts`;

const UPSERT_OBSERVATIONS = `
INSERT INTO observations (attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts, window_end_ts, source, identity_ref, is_unlisted)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11
FROM json_each(?1)
WHERE NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.attacker_uuid = value ->> 0 AND erased_ts >= value ->> 5) AND ${IS_RUNNING}
ON CONFLICT (attacker_uuid, primitive, evidence_ref) DO UPDATE SET
  id = excluded.id, value = excluded.value, ts = excluded.ts, confidence = excluded.confidence,
  window_start_ts = excluded.window_start_ts, window_end_ts = excluded.window_end_ts,
  source = excluded.source, identity_ref = excluded.identity_ref, is_unlisted = excluded.is_unlisted
WHERE (excluded.ts, excluded.id, excluded.value) > (ts, id, value)`;

// changes() counts the rows of the statement before, without triggers; a trigger subtracts replaced rows.
const COUNT_LISTED = `
UPDATE counters SET value = value + changes() WHERE name = 'observations' AND changes() > 0`;
const COUNT_UNLISTED = `
UPDATE counters SET value = value + changes() WHERE name IN ('observations', 'unlisted_values') AND changes() > 0`;

/** Reads at most one row while nothing was ever erased. */
const COUNT_ERASED = `
UPDATE counters SET value = value + (
  SELECT count(*) FROM json_each(?1) JOIN erasures ON attacker_uuid = json_each.value ->> 0 AND erased_ts >= json_each.value ->> 5)
WHERE name = 'erased' AND ${IS_RUNNING} AND EXISTS (SELECT 1 FROM erasures) AND EXISTS (
  SELECT 1 FROM json_each(?1) JOIN erasures ON attacker_uuid = json_each.value ->> 0 AND erased_ts >= json_each.value ->> 5)`;

const COUNT = `UPDATE counters SET value = value + ?1 WHERE name = ?2 AND ${IS_RUNNING}`;

/**
 * Stores a batch and reads the link of every attacker in it, in one transaction. Attackers that were stored while
 * registration was deferred are registered in a second transaction; if that fails, the repeated delivery does it.
 * @param registerUnknown - whether an attacker that is not registered gets its stub identity
 */
export async function recordBatch(
  db: D1Database,
  batch: RecordBatch,
  registerUnknown: boolean,
): Promise<Recorded> {
  const statements: D1PreparedStatement[] = [db.prepare(READ_PAUSED)];
  const attackers = attackerRows(batch.observations, registerUnknown);
  for (const rows of parameters(attackers)) statements.push(db.prepare(UPSERT_ATTACKERS).bind(rows));
  const listed = batch.observations.filter(({ isUnlisted }) => !isUnlisted);
  const unlisted = batch.observations.filter(({ isUnlisted }) => isUnlisted);
  statements.push(...observationStatements(db, listed, COUNT_LISTED));
  statements.push(...observationStatements(db, unlisted, COUNT_UNLISTED));
  statements.push(...deadLetterStatements(db, batch.deadLetters, IS_RUNNING));
  if (batch.ignored > 0) statements.push(db.prepare(COUNT).bind(batch.ignored, "ignored"));
  if (batch.expired > 0) statements.push(db.prepare(COUNT).bind(batch.expired, "expired"));
  const links = linkStatements(
    db,
    attackers.map(([uuid]) => uuid),
  );
  const results = await db.batch<LinkRow & { readonly paused: number }>([...statements, ...links]);
  if (results[0]?.results[0]?.paused !== 0) return { outcome: "paused" };
  const known = linksOf(results.slice(statements.length));
  const waiting = registerUnknown ? attackers.filter(([uuid]) => known.get(uuid)?.identityUuid === null) : [];
  const registered = await registerWaiting(db, waiting, IS_RUNNING);
  return { outcome: "recorded", links: new Map([...known, ...registered]) };
}

/** Stores observations whose values are all listed in the registry, or all unlisted, and counts them so. */
function observationStatements(
  db: D1Database,
  recorded: readonly RecordedObservation[],
  count: string,
): D1PreparedStatement[] {
  return parameters(recorded.map(toObservationRow)).flatMap((rows) => [
    db.prepare(UPSERT_OBSERVATIONS).bind(rows),
    db.prepare(count),
    db.prepare(COUNT_ERASED).bind(rows),
  ]);
}

/** One row per attacker: its stub identity (or null), and the first and last time of its observations in the batch. */
function attackerRows(recorded: readonly RecordedObservation[], registerUnknown: boolean): AttackerRow[] {
  const spans = new Map<string, { first: number; last: number }>();
  for (const { observation } of recorded) {
    const span = spans.get(observation.attackerUuid);
    spans.set(observation.attackerUuid, {
      first: Math.min(span?.first ?? observation.ts, observation.ts),
      last: Math.max(span?.last ?? observation.ts, observation.ts),
    });
  }
  return [...spans].map(([uuid, { first, last }]) => [
    uuid,
    registerUnknown ? stubIdentityUuid(uuid) : null,
    first,
    last,
  ]);
}

function toObservationRow({ observation, isUnlisted }: RecordedObservation): unknown[] {
  return [
    observation.attackerUuid,
    observation.primitive,
    observation.evidenceRef,
    observation.id,
    observation.value,
    observation.ts,
    observation.confidence,
    observation.windowStartTs,
    observation.windowEndTs,
    observation.source,
    observation.identityRef,
    isUnlisted ? 1 : 0,
  ];
}
