/**
 * Merges and unmerges in D1. One transaction changes the links, which are authoritative from then on, records the job that tells
 * the objects, and marks both identities for the sweep.
 */
import { MARK } from "./marks.ts";
import { CHANGED_LINK, type ChangedLink, rowsOf } from "./moved-links.ts";

export type MergeResult =
  | { readonly outcome: "merged"; readonly mergeId: number; readonly links: readonly ChangedLink[] }
  | { readonly outcome: "unknown"; readonly identityUuid: string }
  /** One of them is already merged into `intoUuid`. */
  | { readonly outcome: "merged_away"; readonly identityUuid: string; readonly intoUuid: string };

export type UnmergeResult =
  | {
      readonly outcome: "unmerged";
      readonly mergeId: number;
      readonly winnerUuid: string;
      readonly links: readonly ChangedLink[];
    }
  | { readonly outcome: "unknown" }
  | { readonly outcome: "not_merged" }
  /** Another merge has to be undone first. */
  | { readonly outcome: "not_latest"; readonly laterLoserUuid: string };

interface IdentityRow {
  readonly uuid: string;
  readonly mergedIntoUuid: string | null;
}

interface MergeRow {
  readonly id: number;
  readonly winnerUuid: string;
  readonly loserUuid: string;
}

const READ_IDENTITY = "SELECT uuid, merged_into_uuid AS mergedIntoUuid FROM identities WHERE uuid = ?1";

/** Both exist and neither is merged. Only then the merge is recorded, and all other statements depend on that row. */
const INSERT_MERGE = `
INSERT INTO merges (winner_uuid, loser_uuid, merged_ts, attacker_uuids)
SELECT ?1, ?2, ?3, (SELECT json_group_array(uuid) FROM attackers WHERE identity_uuid = ?2)
WHERE (SELECT count(*) FROM identities WHERE uuid IN (?1, ?2) AND merged_into_uuid IS NULL) = 2
ON CONFLICT DO NOTHING`;

/** Records the job that tells both objects. Runs directly after the statement that records the merge. */
const ADD_MERGE_JOB = `
INSERT INTO jobs (kind, subject, state, due_ts)
SELECT 'merge', id, json_object('winnerUuid', winner_uuid, 'loserUuid', loser_uuid, 'isUndone', json('false')), ?3
FROM merges WHERE winner_uuid = ?1 AND loser_uuid = ?2 AND undone_ts IS NULL AND changes() > 0`;

const MERGED_HERE =
  "EXISTS (SELECT 1 FROM merges WHERE winner_uuid = ?1 AND loser_uuid = ?2 AND undone_ts IS NULL)";

/**
 * Merges one identity into another.
 * @param nowTs - epoch seconds
 */
export async function mergeIdentities(
  db: D1Database,
  winnerUuid: string,
  loserUuid: string,
  nowTs: number,
): Promise<MergeResult> {
  const [winner, loser, inserted, , , , moved] = await db.batch<Record<string, never>>([
    db.prepare(READ_IDENTITY).bind(winnerUuid),
    db.prepare(READ_IDENTITY).bind(loserUuid),
    db.prepare(INSERT_MERGE).bind(winnerUuid, loserUuid, nowTs),
    db.prepare(ADD_MERGE_JOB).bind(winnerUuid, loserUuid, nowTs),
    db
      .prepare(
        `UPDATE identities SET merged_into_uuid = ?1 WHERE uuid = ?2 AND merged_into_uuid IS NULL AND ${MERGED_HERE}`,
      )
      .bind(winnerUuid, loserUuid),
    db
      .prepare(`UPDATE identities SET ${MARK} WHERE uuid IN (?1, ?2) AND ${MERGED_HERE}`)
      .bind(winnerUuid, loserUuid),
    db
      .prepare(
        `UPDATE attackers SET identity_uuid = ?1, link_version = link_version + 1
         WHERE identity_uuid = ?2 AND ${MERGED_HERE} RETURNING ${CHANGED_LINK}`,
      )
      .bind(winnerUuid, loserUuid),
  ]);
  if (inserted?.meta.changes === 0) {
    for (const [uuid, result] of [
      [winnerUuid, winner],
      [loserUuid, loser],
    ] as const) {
      const row = rowsOf<IdentityRow>(result)[0];
      if (!row) return { outcome: "unknown", identityUuid: uuid };
      if (row.mergedIntoUuid !== null) {
        return { outcome: "merged_away", identityUuid: uuid, intoUuid: row.mergedIntoUuid };
      }
    }
    throw new Error("a merge of two identities that stand alone must be recorded, it was not");
  }
  return { outcome: "merged", mergeId: inserted?.meta.last_row_id ?? 0, links: rowsOf<ChangedLink>(moved) };
}

/** The winner of the merge that holds for the loser ?1. */
const WINNER = "(SELECT winner_uuid FROM merges WHERE loser_uuid = ?1 AND undone_ts IS NULL)";

/** The latest merge that the winner of this one takes part in, on either side: only the latest may be undone. */
const LATEST_AROUND = `
SELECT id, winner_uuid AS winnerUuid, loser_uuid AS loserUuid FROM merges
WHERE (winner_uuid = ${WINNER} OR loser_uuid = ${WINNER}) AND undone_ts IS NULL
ORDER BY id DESC LIMIT 1`;

const IS_LATEST = `EXISTS (SELECT 1 FROM (${LATEST_AROUND}) WHERE loserUuid = ?1)`;

/** Records the job that tells both objects of an unmerge. It replaces the job of a merge that they were not told of yet. */
const ADD_UNMERGE_JOB = `
INSERT INTO jobs (kind, subject, state, due_ts)
SELECT 'merge', id, json_object('winnerUuid', winner_uuid, 'loserUuid', loser_uuid, 'isUndone', json('true')), ?2
FROM merges WHERE loser_uuid = ?1 AND undone_ts IS NULL AND ${IS_LATEST}
ON CONFLICT DO UPDATE SET state = excluded.state, due_ts = excluded.due_ts, failures = 0, error = NULL`;

/**
 * Gives an identity back the attackers it brought into the latest merge of its winner.
 * @param nowTs - epoch seconds
 */
export async function unmergeIdentity(
  db: D1Database,
  loserUuid: string,
  nowTs: number,
): Promise<UnmergeResult> {
  const [identity, latest, , , moved, , undone] = await db.batch<Record<string, never>>([
    db.prepare(READ_IDENTITY).bind(loserUuid),
    db.prepare(LATEST_AROUND).bind(loserUuid),
    db.prepare(ADD_UNMERGE_JOB).bind(loserUuid, nowTs),
    db
      .prepare(`UPDATE identities SET ${MARK} WHERE ${IS_LATEST} AND uuid IN (?1, ${WINNER})`)
      .bind(loserUuid),
    db
      .prepare(
        `UPDATE attackers SET identity_uuid = ?1, link_version = link_version + 1
         WHERE ${IS_LATEST} AND identity_uuid = ${WINNER}
           AND uuid IN (SELECT value FROM merges, json_each(merges.attacker_uuids)
                        WHERE loser_uuid = ?1 AND undone_ts IS NULL)
         RETURNING ${CHANGED_LINK}`,
      )
      .bind(loserUuid),
    db
      .prepare(`UPDATE identities SET merged_into_uuid = NULL WHERE uuid = ?1 AND ${IS_LATEST}`)
      .bind(loserUuid),
    db
      .prepare(
        `UPDATE merges SET undone_ts = ?2 WHERE loser_uuid = ?1 AND undone_ts IS NULL AND ${IS_LATEST}`,
      )
      .bind(loserUuid, nowTs),
  ]);
  const row = rowsOf<IdentityRow>(identity)[0];
  if (!row) return { outcome: "unknown" };
  const around = rowsOf<MergeRow>(latest)[0];
  if (!around) return { outcome: "not_merged" };
  if (undone?.meta.changes === 0) return { outcome: "not_latest", laterLoserUuid: around.loserUuid };
  return {
    outcome: "unmerged",
    mergeId: around.id,
    winnerUuid: around.winnerUuid,
    links: rowsOf<ChangedLink>(moved),
  };
}

/** A merge or an unmerge. */
export interface MergeOrUndoing {
  readonly id: number;
  readonly winnerUuid: string;
  readonly loserUuid: string;
  readonly isUndone: boolean;
}

/** The latest merge or unmerge of two identities, or null. One query. */
export async function readLatestMerge(
  db: D1Database,
  winnerUuid: string,
  loserUuid: string,
): Promise<MergeOrUndoing | null> {
  const row = await db
    .prepare(
      `SELECT id, winner_uuid AS winnerUuid, loser_uuid AS loserUuid, undone_ts IS NOT NULL AS isUndone FROM merges
       WHERE winner_uuid = ?1 AND loser_uuid = ?2 ORDER BY id DESC LIMIT 1`,
    )
    .bind(winnerUuid, loserUuid)
    .first<Omit<MergeOrUndoing, "isUndone"> & { isUndone: number }>();
  return row ? { ...row, isUndone: row.isUndone === 1 } : null;
}
