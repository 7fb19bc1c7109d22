/** Switches that hold for the whole Worker. */

/** Whether the Worker is paused. */
export async function isPaused(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM control WHERE name = 'paused'").first()) !== null;
}

/** Pauses the Worker, or lets it go on. */
export async function setPaused(db: D1Database, paused: boolean): Promise<void> {
  await db
    .prepare(
      paused
        ? "INSERT INTO control (name, value) VALUES ('paused', '1') ON CONFLICT DO NOTHING"
        : "DELETE FROM control WHERE name = 'paused'",
    )
    .run();
}
