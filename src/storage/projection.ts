/**
 * Writes of the outbox drains to D1: the history of events, the read model (states for lists, the packed profile), and the
 * identities with unpublished events. Each write compares `seq`, so that a late repeat changes nothing.
 */
import { z } from "zod";
import { type HistoryEvent, type ReadEvent, readEvent } from "./history/codec.ts";
import { insertStatements, readNewestSeq } from "./history/writing.ts";
import { type PackedProfile, pageStatements, profileColumns, surplusPagesStatement } from "./profile.ts";
import { ANY_STATE } from "./profile-states.ts";

/** The fields of an envelope that the projection reads. */
const projected = z.object({
  type: z.string(),
  payload: z.object({
    primitive: z.string().optional(),
    new_state: z.string().optional(),
    ts: z.number().optional(),
  }),
});

/** Rows of changed primitives ([primitive, state, seq] each), unless they are of a later event. */
const DELETE_ATTRIBUTIONS = `
DELETE FROM attributions WHERE (state, primitive, identity_uuid) IN (
  SELECT attributions.state, attributions.primitive, attributions.identity_uuid
  FROM json_each(?2) AS changed CROSS JOIN attributions ON attributions.state IN ${ANY_STATE}
    AND attributions.primitive = changed.value ->> 0 AND identity_uuid = ?1 AND attributions.seq < changed.value ->> 2)`;

const INSERT_ATTRIBUTIONS = `
INSERT INTO attributions (state, primitive, identity_uuid, seq)
SELECT changed.value ->> 1, changed.value ->> 0, ?1, changed.value ->> 2 FROM json_each(?2) AS changed
WHERE NOT EXISTS (
  SELECT 1 FROM attributions WHERE state IN ${ANY_STATE} AND primitive = changed.value ->> 0 AND identity_uuid = ?1)`;

/** Rows of removed primitives ([primitive, seq] each), unless a later event has added them again. */
const RETRACT_ATTRIBUTIONS = `
DELETE FROM attributions WHERE (state, primitive, identity_uuid) IN (
  SELECT attributions.state, attributions.primitive, attributions.identity_uuid
  FROM json_each(?2) AS removed CROSS JOIN attributions ON attributions.state IN ${ANY_STATE}
    AND attributions.primitive = removed.value ->> 0 AND identity_uuid = ?1 AND attributions.seq <= removed.value ->> 1)`;

/**
 * What evidence indexes. A statement of its own, because an update rewrites the entries of every index whose column it names. Usually nothing
 * has changed. It comes before the update of the profile, under the same condition.
 */
const updateEvidence = (isLatest: string) => `
UPDATE identities SET evidence_changed_ts = ?2, operators = ?3
WHERE uuid = ?1 AND (evidence_changed_ts IS NOT ?2 OR operators IS NOT ?3) AND ${isLatest}`;

/** The profile may include a later event than the last one of the page. A later page then writes it again. */
const UPDATE_IDENTITY = `
UPDATE identities SET last_seq = ?2, suspected = ?3, profile = ?4, projected_ts = ?5, evidence_e = ?6 WHERE uuid = ?1 AND last_seq < ?2`;

/** The same after a transition. It writes an entry of an index as well. */
const UPDATE_CHANGED_IDENTITY = `
UPDATE identities SET last_seq = ?2, suspected = ?3, profile = ?4, projected_ts = ?5, evidence_e = ?6, last_change_ts = ?7
WHERE uuid = ?1 AND last_seq < ?2`;

/** @param ts - a parameter: when the profile was made @param seq - a parameter: number of its last event */
const isLatestProfile = (ts: string, seq: string) => `last_seq <= ${seq} AND projected_ts < ${ts}
  AND NOT EXISTS (SELECT 1 FROM profile_pages WHERE identity_uuid = ?1 AND profile_pages.projected_ts > ${ts})`;

const UPDATE_EVIDENCE_AFTER = updateEvidence("last_seq < ?4");
const UPDATE_EVIDENCE = updateEvidence(isLatestProfile("?4", "?5"));

const UPDATE_PROFILE = `
UPDATE identities SET suspected = ?2, profile = ?3, projected_ts = ?4, evidence_e = ?6
WHERE uuid = ?1 AND (profile IS NOT ?3 OR suspected IS NOT ?2 OR evidence_e IS NOT ?6) AND ${isLatestProfile("?4", "?5")}`;

/**
 * Writes a page of an identity's events and its current states in one transaction. If D1 has the first of the events already, a
 * second transaction inserts the others.
 * @param events - in `seq` order, at least one
 * @returns the number of statements
 */
export async function projectEvents(
  db: D1Database,
  identityUuid: string,
  events: readonly HistoryEvent[],
  profile: PackedProfile,
): Promise<number> {
  const read = events.map(readEvent);
  const last = read.at(-1);
  if (!last) return 0;
  const inserts = insertStatements(db, identityUuid, read);
  const batch = [...inserts, ...projectionStatements(db, identityUuid, last.seq, read, profile)];
  const results = await db.batch(batch);
  if (areInserted(results, inserts)) return batch.length;
  return batch.length + (await insertFurther(db, identityUuid, read));
}

/** Inserts those events of a page that D1 does not have, after a drain that was stopped half-way. @returns the number of statements */
async function insertFurther(
  db: D1Database,
  identityUuid: string,
  events: readonly ReadEvent[],
): Promise<number> {
  for (let statements = 1; ; statements++) {
    // oxlint-disable-next-line no-await-in-loop -- again only if another writer came between
    const newestSeq = await readNewestSeq(db, identityUuid);
    const left = events.filter(({ seq }) => seq > newestSeq);
    if (left.length === 0) return statements;
    const inserts = insertStatements(db, identityUuid, left);
    statements += inserts.length;
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (areInserted(await db.batch(inserts), inserts)) return statements;
  }
}

/** @param inserts - the first statements of the batch */
function areInserted(results: readonly D1Result[], inserts: readonly D1PreparedStatement[]): boolean {
  return inserts.every((_, i) => (results[i]?.meta.changes ?? 0) > 0);
}

/** The statements that bring the read model up to an event. */
function projectionStatements(
  db: D1Database,
  identityUuid: string,
  lastSeq: number,
  events: readonly ReadEvent[],
  profile: PackedProfile,
): D1PreparedStatement[] {
  const states = new Map<string, [string, string, number]>();
  let lastChangeTs: number | null = null;
  for (const { seq, envelope } of events) {
    const { type, payload } = projected.parse(envelope);
    if (type !== "profile.state_changed" || !payload.primitive || !payload.new_state) continue;
    states.set(payload.primitive, [payload.primitive, payload.new_state, seq]);
    lastChangeTs = payload.ts ?? lastChangeTs;
  }
  const changed = JSON.stringify([...states.values()]);
  const { profile: body, pages } = profileColumns(profile);
  const { e, indexed } = evidenceColumns(profile);
  const columns = [identityUuid, lastSeq, jsonOf(profile.suspected), body, profile.projectedTs, e];
  return [
    ...(states.size === 0 ? [] : [DELETE_ATTRIBUTIONS, INSERT_ATTRIBUTIONS]).map((sql) =>
      db.prepare(sql).bind(identityUuid, changed),
    ),
    db.prepare(UPDATE_EVIDENCE_AFTER).bind(identityUuid, ...indexed, lastSeq),
    lastChangeTs === null
      ? db.prepare(UPDATE_IDENTITY).bind(...columns)
      : db.prepare(UPDATE_CHANGED_IDENTITY).bind(...columns, lastChangeTs),
    ...pageStatements(db, identityUuid, profile, pages),
  ];
}

/** Writes an identity's profile if there is no event to project. */
export async function projectProfile(
  db: D1Database,
  identityUuid: string,
  profile: PackedProfile,
): Promise<void> {
  await db.batch(profileStatements(db, identityUuid, profile));
}

/** Removes primitives without observations from the read model, unless a later event has added them again. */
export async function retractPrimitives(
  db: D1Database,
  identityUuid: string,
  primitives: readonly { readonly primitive: string; readonly seq: number }[],
  profile: PackedProfile,
): Promise<void> {
  const rows = JSON.stringify(primitives.map(({ primitive, seq }) => [primitive, seq]));
  await db.batch([
    db.prepare(RETRACT_ATTRIBUTIONS).bind(identityUuid, rows),
    ...profileStatements(db, identityUuid, profile),
  ]);
}

function profileStatements(
  db: D1Database,
  identityUuid: string,
  profile: PackedProfile,
): D1PreparedStatement[] {
  const { profile: body, pages } = profileColumns(profile);
  const { e, indexed } = evidenceColumns(profile);
  const { seq, projectedTs } = profile;
  return [
    db.prepare(UPDATE_EVIDENCE).bind(identityUuid, ...indexed, projectedTs, seq),
    db.prepare(UPDATE_PROFILE).bind(identityUuid, jsonOf(profile.suspected), body, projectedTs, seq, e),
    ...pageStatements(db, identityUuid, profile, pages),
    surplusPagesStatement(db, identityUuid, profile, pages),
  ];
}

/** Stores that events of an identity could not be published at the last attempt. */
export async function reportBacklog(
  db: D1Database,
  identityUuid: string,
  pending: number,
  oldestTs: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO outbox_backlog (identity_uuid, pending, oldest_ts) VALUES (?1, ?2, ?3)
       ON CONFLICT (identity_uuid) DO UPDATE SET pending = excluded.pending, oldest_ts = excluded.oldest_ts`,
    )
    .bind(identityUuid, pending, oldestTs)
    .run();
}

/** Removes that note after the events were published. */
export async function clearBacklog(db: D1Database, identityUuid: string): Promise<void> {
  await db.prepare("DELETE FROM outbox_backlog WHERE identity_uuid = ?1").bind(identityUuid).run();
}

/** The columns of evidence: E, and those that are in an index and rarely change. */
function evidenceColumns({ evidence }: PackedProfile): {
  readonly e: number | null;
  readonly indexed: readonly [changedTs: number | null, operators: number | null];
} {
  return { e: evidence?.e ?? null, indexed: [evidence?.changedTs ?? null, evidence?.operators ?? null] };
}

function jsonOf(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}
