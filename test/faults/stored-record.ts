/** What the databases hold once nothing is under way, and whether they have unfinished work. */
import { env } from "cloudflare:workers";
import { shardsOf } from "../../src/shard.ts";
import { storedEvents } from "../setup/history.ts";
import { storedObservations } from "../setup/observations.ts";
import type { Expected } from "./messages.ts";

/** Everything that the databases hold and the promises are about. */
export interface StoredRecord {
  readonly observations: Expected[];
  readonly links: Map<string, string>;
  readonly erasures: Map<string, number>;
  readonly identities: Map<string, IdentityRow>;
  readonly attributions: { identity_uuid: string; primitive: string; state: string }[];
  readonly events: { identity_uuid: string; seq: number; event: string }[];
  readonly deadLetters: { id: string; code: string; body: string }[];
  readonly merges: { winner_uuid: string; loser_uuid: string; undone_ts: number | null }[];
}

interface IdentityRow {
  readonly uuid: string;
  readonly last_seq: number;
  readonly suspected: string | null;
  readonly merged_into_uuid: string | null;
  readonly is_dirty: number;
}

/** Reads the databases. What they say is unfinished is a problem. */
export async function readRecord(problems: string[]): Promise<StoredRecord> {
  const records: StoredRecord[] = [];
  for (const { db } of shardsOf(env)) records.push(await readDatabase(db, problems));
  return {
    observations: records.flatMap(({ observations }) => observations),
    links: new Map(records.flatMap(({ links }) => [...links])),
    erasures: new Map(records.flatMap(({ erasures }) => [...erasures])),
    identities: new Map(records.flatMap(({ identities }) => [...identities])),
    attributions: records.flatMap(({ attributions }) => attributions),
    events: records.flatMap(({ events }) => events),
    deadLetters: records.flatMap(({ deadLetters }) => deadLetters),
    merges: records.flatMap(({ merges }) => merges),
  };
}

async function readDatabase(db: D1Database, problems: string[]): Promise<StoredRecord> {
  const answers = await db.batch(
    [
      "SELECT count(*) AS n FROM sessions WHERE (id >> 32) NOT IN (SELECT number FROM attackers)",
      "SELECT uuid, identity_uuid, needs_backfill FROM attackers",
      "SELECT uuid, last_seq, suspected, merged_into_uuid, is_dirty FROM identities",
      "SELECT * FROM erasures",
      "SELECT value FROM counters WHERE name = 'observations'",
      "SELECT 'outbox_backlog' AS name FROM outbox_backlog UNION ALL SELECT name FROM control WHERE name NOT IN ('places', 'evidence_secret')",
      "SELECT identity_uuid, primitive, state FROM attributions",
      "SELECT id, code, body FROM dead_letters",
      "SELECT winner_uuid, loser_uuid, undone_ts FROM merges",
      "SELECT kind, subject, error FROM jobs WHERE kind IN ('erasure', 'merge')",
    ].map((sql) => db.prepare(sql)),
  );
  const rows = <T>(i: number) => (answers[i]?.results ?? []) as T[];
  const [ownerless] = rows<{ n: number }>(0);
  if (ownerless?.n !== 0) problems.push(`${ownerless?.n} session rows belong to no attacker`);
  const observations = await storedObservations(null, db);
  const events = await storedEvents(db);
  const attackers = rows<{ uuid: string; identity_uuid: string | null; needs_backfill: number }>(1);
  for (const { uuid, identity_uuid, needs_backfill } of attackers) {
    if (identity_uuid === null) problems.push(`attacker ${uuid} still waits to be registered`);
    if (needs_backfill !== 0) problems.push(`attacker ${uuid} still needs a backfill`);
  }
  const identities = rows<IdentityRow>(2);
  for (const { uuid, is_dirty } of identities) if (is_dirty !== 0) problems.push(`${uuid} is still marked`);
  const erasures = rows<{ attacker_uuid: string; erased_ts: number }>(3);
  const [counter] = rows<{ value: number }>(4);
  if (counter?.value !== observations.length) {
    problems.push(`${observations.length} observations stored, counted ${counter?.value}`);
  }
  for (const job of rows(9)) problems.push(`a job is not done: ${JSON.stringify(job)}`);
  for (const { name } of rows<{ name: string }>(5)) problems.push(`still there: ${name}`);
  return {
    observations,
    links: new Map(attackers.map(({ uuid, identity_uuid }) => [uuid, identity_uuid ?? ""])),
    erasures: new Map(erasures.map(({ attacker_uuid, erased_ts }) => [attacker_uuid, erased_ts])),
    identities: new Map(identities.map((row) => [row.uuid, row])),
    attributions: rows(6),
    events: events.map(({ identityUuid, seq, event }) => ({ identity_uuid: identityUuid, seq, event })),
    deadLetters: rows(7),
    merges: rows(8),
  };
}
