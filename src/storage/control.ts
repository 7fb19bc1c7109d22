/** Switches of the whole Worker. */

/** Whether the Worker is paused. */
export async function isPaused(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM control WHERE name = 'paused'").first()) !== null;
}

/** Pauses or resumes the Worker. */
export async function setPaused(db: D1Database, paused: boolean): Promise<void> {
  await db
    .prepare(
      paused
        ? "INSERT INTO control (name, value) VALUES ('paused', '1') ON CONFLICT DO NOTHING"
        : "DELETE FROM control WHERE name = 'paused'",
    )
    .run();
}

/** The secret of evidence that a migration made. @throws Error if there is none */
export async function readEvidenceSecret(db: D1Database): Promise<string> {
  const row = await db
    .prepare("SELECT value FROM control WHERE name = 'evidence_secret'")
    .first<{ value: string }>();
  if (!row)
    throw new Error("the first database must hold the secret of evidence, it has none: apply the migrations");
  return row.value;
}

/**
 * Writes down the names of the shards over which attackers are spread, unless this shard has an attacker already or has
 * the names.
 * @returns the names noted, or null if this shard's first attacker came while it was the only one
 */
export async function claimShardNames(db: D1Database, names: string): Promise<string | null> {
  const results = await db.batch<{ value: string }>([
    db
      .prepare(
        // The row is named "places" since the first release that wrote one.
        `INSERT INTO control (name, value) SELECT 'places', ?1 WHERE NOT EXISTS (SELECT 1 FROM attackers)
         ON CONFLICT DO NOTHING`,
      )
      .bind(names),
    db.prepare("SELECT value FROM control WHERE name = 'places'"),
  ]);
  return results[1]?.results[0]?.value ?? null;
}
