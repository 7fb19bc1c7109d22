/** Completes the tables of version 3: the migration's SQL leaves out a table that may be missing. */
import type { Tables } from "./tables.ts";

/** Adds the column that `staged` has since version 3. The time of a row that was there is unknown (null). */
export function completeStaged(sql: SqlStorage, tables: Tables): void {
  if (tables.has("staged") && !tables.hasColumn("staged", "last_ts")) {
    sql.exec("ALTER TABLE staged ADD last_ts REAL");
  }
}
