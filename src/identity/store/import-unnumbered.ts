/**
 * Converts stores from before the numbered migrations into version 1: their tables are renamed, the new ones are created, and the rows
 * are copied. Only the last version before is read: that version could not read what earlier ones had written. An object is
 * converted at its next call. Remove this file when no such store is left.
 */
import type { Tables } from "./tables.ts";

/** The tables of that version. */
const TABLES = [
  "head",
  "attackers",
  "observations",
  "attributions",
  "hash_window",
  "outbox",
  "backfills",
  "syncs",
  "sync_keys",
  "staged",
  "erased",
  "removed_primitives",
  "merged",
  "reported_backlog",
] as const;

/** Whether a store has that version. */
export function isUnnumbered(tables: Tables): boolean {
  return tables.has("head");
}

/**
 * Renames the tables.
 * @returns a function that copies the rows; call it after the new tables are created
 */
export function importUnnumbered(sql: SqlStorage): { copy(): void } {
  sql.exec("DROP INDEX hash_window_by_ts");
  for (const table of TABLES) sql.exec(`ALTER TABLE ${table} RENAME TO unnumbered_${table}`);
  return {
    copy() {
      sql.exec(COPY);
      for (const table of TABLES) sql.exec(`DROP TABLE unnumbered_${table}`);
    },
  };
}

/**
 * Jobs start again and read their staged observations again. A key that was done stays done, unless its job still waits.
 */
const COPY = `
INSERT INTO meta (name, value) SELECT 'head', head FROM unnumbered_head;
INSERT INTO meta (name, value)
  SELECT 'merged', json_object('winnerUuid', winner_uuid, 'mergeId', merge_id, 'isUndone', json(iif(is_undone, 'true', 'false')))
  FROM unnumbered_merged;
INSERT INTO meta (name, value)
  SELECT 'removed', json_group_object(primitive, seq) FROM unnumbered_removed_primitives HAVING count(*) > 0;
INSERT INTO meta (name, value) SELECT 'backlog', 'true' FROM unnumbered_reported_backlog;
INSERT INTO attackers SELECT uuid, link_version, is_linked, first_seen_ts FROM unnumbered_attackers;
INSERT INTO erased SELECT attacker_uuid, erased_ts FROM unnumbered_erased;
INSERT INTO observations
  SELECT attacker_uuid, primitive, evidence_ref, ts, id, value FROM unnumbered_observations ORDER BY 1, 2, 3;
INSERT INTO attributions SELECT * FROM unnumbered_attributions;
INSERT INTO hash_window SELECT * FROM unnumbered_hash_window;
INSERT INTO outbox (seq, due_ts, event) SELECT seq, due_ts, event FROM unnumbered_outbox;
INSERT INTO jobs (key, kind, position, input, progress, revision, failures, error, retry_ms)
  SELECT key, 'exchange', 0, NULL, NULL, 0, 0, NULL, 0 FROM unnumbered_sync_keys;
INSERT OR REPLACE INTO jobs (key, kind, position, input, progress, revision, failures, error, retry_ms)
  SELECT coalesce(plan ->> 'key', 'rebuild'), 'exchange', id,
    json_object('load', json(plan -> 'load'), 'drop', json(plan -> 'drop'), 'notice', json(plan -> 'announce'),
      'isWhole', json(iif(plan ->> 'key' IS NULL, 'true', 'false'))),
    NULL, 0, 0, NULL, 0
  FROM unnumbered_syncs ORDER BY id;
INSERT INTO jobs (key, kind, position, input, progress, revision, failures, error, retry_ms)
  SELECT 'backfill:' || attacker_uuid, 'backfill', (SELECT coalesce(max(id), 0) FROM unnumbered_syncs) + 1,
    json_object('attackerUuid', attacker_uuid, 'linkVersion', link_version), NULL, 0, 0, NULL, 0
  FROM unnumbered_backfills;
`;
