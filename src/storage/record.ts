/**
 * Writes the record: everything in a batch of queue messages, in transactions that are safe to repeat and to race. Most batches
 * take one or two (see sessions/writing.ts). Many rows are bound as one JSON parameter, because D1 binds at most 100 parameters.
 *
 * Queries of a transaction: 6 for a common batch; 2 per MB of session rows, 1 per MB of attackers, refusals or links, and 3 for counts.
 */
import { stubIdentityUuid } from "../core/index.ts";
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
import type { RecordedObservation } from "./sessions/codec.ts";
import { nameOfPlace } from "./sessions/places.ts";
import { READ_ROWS, type ReadColumns, toReadRows } from "./sessions/reading.ts";
import { firstVersion, insertRows, type NewRow, type ReplacedRow, replaceRows } from "./sessions/rows.ts";
import { type Round, type RoundResult, SessionWriting } from "./sessions/writing.ts";

export interface RecordBatch {
  readonly observations: readonly RecordedObservation[];
  readonly deadLetters: readonly DeadLetter[];
  /** Number of bus events with another topic. */
  readonly ignored: number;
  /** Number of observations that are older than the retention. */
  readonly expired: number;
}

export type Recorded =
  | {
      readonly outcome: "recorded";
      readonly links: Map<string, Link>;
      /** Attackers of which not everything was written, because it touches too many large rows for one invocation. */
      readonly unfinished: ReadonlySet<string>;
    }
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

const READ_ERASURES = `
SELECT attacker_uuid AS attackerUuid, erased_ts AS erasedTs FROM json_each(?1) AS asked CROSS JOIN erasures ON attacker_uuid = asked.value ->> 0`;

const INSERT = insertRows(IS_RUNNING);
const REPLACE = replaceRows(IS_RUNNING);

/**
 * Rounds of one batch. Most need one or two; a row 10 levels deep, as many lost races, or 90 MB of rows that are continued need more. What is
 * left then is for the repeated delivery.
 */
const MOST_ROUNDS = 24;
/** Bytes of packed bodies that one round reads. */
const READ_BYTES = 4_000_000;

const COUNT = `UPDATE counters SET value = value + ?1 WHERE name = ?2 AND ${IS_RUNNING}`;

/**
 * Stores a batch and reads the link of every attacker in it. Each round is one transaction; the link of an attacker is read in the
 * last transaction that may write an observation of it. Attackers that were stored while registration was deferred are registered in
 * a further one. If a later transaction fails, or too much is left after `MOST_ROUNDS`, the repeated delivery continues. No attacker of the batch may have observations that are
 * not packed yet (`packBeforeRecording`).
 * @param registerUnknown - whether an attacker that is not registered gets its stub identity
 */
export async function recordBatch(
  db: D1Database,
  batch: RecordBatch,
  registerUnknown: boolean,
): Promise<Recorded> {
  const writing = new SessionWriting(batch.observations);
  const attackers = attackerRows(batch.observations, registerUnknown);
  const links = new Map<string, Link>();
  for (let rounds = 0; rounds === 0 || (writing.isOpen && rounds < MOST_ROUNDS); rounds++) {
    const isFirst = rounds === 0;
    const round = writing.plan();
    const statements = [
      ...(isFirst ? deadLetterStatements(db, batch.deadLetters, IS_RUNNING) : []),
      ...(round.erased > 0 ? [db.prepare(COUNT).bind(round.erased, "erased")] : []),
    ];
    const concerned = isFirst ? attackers : attackersOf(round, attackers);
    const ran = await runRound(db, round, concerned, statements, isFirst);
    if (ran === null) return { outcome: "paused" };
    for (const [uuid, link] of ran.links) links.set(uuid, link);
    writing.take(ran.result);
  }
  // Counted last: a batch that ended before is delivered again, and counts then.
  const counts = countStatements(db, batch);
  if (counts.length > 0) await db.batch(counts);
  const waiting = registerUnknown ? attackers.filter(([uuid]) => links.get(uuid)?.identityUuid === null) : [];
  const registered = await registerWaiting(db, waiting, IS_RUNNING);
  return {
    outcome: "recorded",
    links: new Map([...links, ...registered]),
    unfinished: writing.attackerUuids,
  };
}

function countStatements(db: D1Database, batch: RecordBatch): D1PreparedStatement[] {
  return [
    ...(batch.ignored > 0 ? [db.prepare(COUNT).bind(batch.ignored, "ignored")] : []),
    ...(batch.expired > 0 ? [db.prepare(COUNT).bind(batch.expired, "expired")] : []),
  ];
}

/** The attackers of a later round. */
function attackersOf({ read, refused, replaced }: Round, attackers: readonly AttackerRow[]): AttackerRow[] {
  const concerned = new Set([
    ...read.map(([uuid]) => uuid),
    ...refused,
    ...replaced.map(([, , uuid]) => uuid),
  ]);
  return attackers.filter(([uuid]) => concerned.has(uuid));
}

/**
 * Runs a round in one transaction.
 * @param others - statements that belong to the same transaction
 * @returns null if the Worker is paused
 */
async function runRound(
  db: D1Database,
  round: Round,
  attackers: readonly AttackerRow[],
  others: readonly D1PreparedStatement[],
  isFirst: boolean,
): Promise<{ readonly result: RoundResult; readonly links: Map<string, Link> } | null> {
  const insertedVersion = firstVersion();
  const statements: D1PreparedStatement[] = [];
  const add = (...added: readonly D1PreparedStatement[]) => {
    statements.push(...added);
    return statements.length - 1;
  };
  add(db.prepare(READ_PAUSED));
  // In a later round the attackers of rows that are replaced are stored already.
  const inserting = new Set([...round.refused, ...round.read.map(([uuid]) => uuid)]);
  const upserted = isFirst ? attackers : attackers.filter(([uuid]) => inserting.has(uuid));
  for (const rows of parameters(upserted)) add(db.prepare(UPSERT_ATTACKERS).bind(rows));
  for (const rows of parameters(round.replaced.map(withoutBody))) add(db.prepare(REPLACE.count).bind(rows));
  const replaced = parameters(round.replaced).map((rows) => add(db.prepare(REPLACE.replace).bind(rows)));
  const erasures = parameters(round.refused.map((uuid) => [uuid])).map((uuids) =>
    add(db.prepare(READ_ERASURES).bind(uuids)),
  );
  // Read before the inserts of this round: what is found was there before.
  const stored = parameters(round.read).map((places) =>
    add(db.prepare(READ_ROWS).bind(places, READ_BYTES, null)),
  );
  for (const rows of parameters(round.inserted.map(withoutBody))) add(db.prepare(INSERT.count).bind(rows));
  const inserted = parameters(round.inserted).map((rows) =>
    add(db.prepare(INSERT.insert).bind(rows, insertedVersion)),
  );
  add(...others);
  const firstLink = statements.length;
  add(
    ...linkStatements(
      db,
      attackers.map(([uuid]) => uuid),
    ),
  );
  const results = await db.batch<Found>(statements);
  const rowsAt = (places: readonly number[]) => places.flatMap((place) => results[place]?.results ?? []);
  if (results[0]?.results[0]?.paused !== 0) return null;
  const links = linksOf(results.slice(firstLink));
  const uuids = new Map([...links.values()].map(({ attackerUuid, number }) => [number, attackerUuid]));
  return {
    links,
    result: {
      replaced: new Set(rowsAt(replaced).map(({ id }) => id)),
      erasures: new Map(rowsAt(erasures).map(({ attackerUuid, erasedTs }) => [attackerUuid, erasedTs ?? 0])),
      ...toReadRows(rowsAt(stored)),
      inserted: new Map(
        rowsAt(inserted).map(({ id, number, place }) => [
          nameOfPlace({ attackerUuid: uuids.get(number) ?? "", place }),
          id,
        ]),
      ),
      insertedVersion,
    },
  };
}

/** What a statement that counts needs of a row: all but its body, which is last and is most of it. */
function withoutBody(row: NewRow | ReplacedRow): readonly unknown[] {
  return row.slice(0, -1);
}

/** A row of any of the statements of a round; each statement's are read by their own type. */
type Found = LinkRow & ReadColumns & { readonly paused: number };

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
