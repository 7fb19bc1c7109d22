/**
 * Measures bytes of D1 and of objects. SQLite's table of page counts (`dbstat`) is not available in the runtime, but D1 reports the
 * size of the database after each statement, without its free pages. So dropping a table shows how many bytes its pages had,
 * including its indexes and the unused space of the pages.
 */
import type { BenchEnv } from "./env.ts";
import type { TableBytes } from "./protocol.ts";

const TABLES = `
SELECT name FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name`;

/** Rows and bytes by table. All tables are dropped. */
export async function tableBytes(db: D1Database): Promise<TableBytes> {
  const { results, meta } = await db.prepare(TABLES).all<{ name: string }>();
  const tables: TableBytes["tables"] = {};
  let before = meta.size_after;
  for (const { name } of results) {
    const rows = await db.prepare(`SELECT count(*) AS rows FROM "${name}"`).first<number>("rows");
    const dropped = await db.prepare(`DROP TABLE "${name}"`).run();
    tables[name] = { rows: rows ?? 0, bytes: before - dropped.meta.size_after };
    before = dropped.meta.size_after;
  }
  return { total: meta.size_after, tables };
}

/** Bytes of the database of a metered object, with an alarm set. */
export function objectBytes(identityUuid: string, env: BenchEnv): Promise<number> {
  return env.METERED_IDENTITIES.getByName(identityUuid).databaseBytes();
}
