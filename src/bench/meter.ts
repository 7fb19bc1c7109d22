/** Counts what the platform bills: rows of D1 and of objects, calls, messages. */

/** The counters. */
interface Counts {
  d1Calls: number;
  d1Read: number;
  d1Written: number;
  objectCalls: number;
  objectRead: number;
  objectWritten: number;
  /** Alarms set. Each is billed as a row written and is included in `objectWritten`. */
  alarmsSet: number;
  /** Alarms that ran. Each is billed as a request. */
  alarmsRun: number;
  eventsSent: number;
  /** Queue operations of the events that were sent. */
  eventOperations: number;
}

function noCounts(): Counts {
  return {
    d1Calls: 0,
    d1Read: 0,
    d1Written: 0,
    objectCalls: 0,
    objectRead: 0,
    objectWritten: 0,
    alarmsSet: 0,
    alarmsRun: 0,
    eventsSent: 0,
    eventOperations: 0,
  };
}

/** Counters of the Worker, and of its objects. */
export const meters = { worker: noCounts(), objects: noCounts() };

/** Rows by SQL statement. */
export const rowsByStatement = new Map<string, { read: number; written: number; runs: number }>();

const cursors: { readonly sql: string; readonly cursor: SqlStorageCursor<never> }[] = [];

/** Sets all counters to zero. */
export function resetMeters(): void {
  addCursorRows();
  meters.worker = noCounts();
  meters.objects = noCounts();
  rowsByStatement.clear();
}

/** Adds the rows of the noted cursors. A cursor knows its number of rows only after it was read to its end. */
export function addCursorRows(): void {
  for (const { sql, cursor } of cursors.splice(0)) {
    meters.objects.objectRead += cursor.rowsRead;
    meters.objects.objectWritten += cursor.rowsWritten;
    noteRows(`object: ${sql}`, cursor.rowsRead, cursor.rowsWritten);
  }
}

/** Prefix of the tables that only the local runtime keeps in an object. They do not exist in production. */
const LOCAL_TABLE = "__miniflare";

/** Keeps a cursor until `addCursorRows` reads its counts. */
export function noteCursor(sql: string, cursor: SqlStorageCursor<never>): void {
  if (!sql.includes(LOCAL_TABLE)) cursors.push({ sql, cursor });
}

function noteRows(sql: string, read: number, written: number): void {
  const name = sql.trim().replaceAll(/\s+/g, " ").slice(0, 100);
  const rows = rowsByStatement.get(name) ?? { read: 0, written: 0, runs: 0 };
  rowsByStatement.set(name, {
    read: rows.read + read,
    written: rows.written + written,
    runs: rows.runs + 1,
  });
}

const texts = new WeakMap<D1PreparedStatement, string>();

/**
 * A database that counts its calls and rows.
 * @param counts - returns the counters to add to; called at each query, because `resetMeters` replaces them
 */
export function meteredDatabase(db: D1Database, counts: () => Counts): D1Database {
  const note = (statement: D1PreparedStatement, { meta }: D1Result): void => {
    counts().d1Read += meta.rows_read;
    counts().d1Written += meta.rows_written;
    noteRows(`d1: ${texts.get(statement) ?? ""}`, meta.rows_read, meta.rows_written);
  };
  const watch = (statement: D1PreparedStatement, text: string): D1PreparedStatement => {
    texts.set(statement, text);
    const bind = statement.bind.bind(statement);
    const all = statement.all.bind(statement);
    const run = async () => {
      counts().d1Calls++;
      const result = await all();
      note(statement, result);
      return result;
    };
    Object.defineProperties(statement, {
      bind: { value: (...values: unknown[]) => watch(bind(...values), text) },
      all: { value: run },
      run: { value: run },
      first: { value: async () => (await run()).results[0] ?? null },
    });
    return statement;
  };
  return new Proxy(db, {
    get(target, name) {
      if (name === "prepare") return (text: string) => watch(target.prepare(text), text);
      if (name !== "batch") throw new Error(`the meter cannot count ${String(name)}`);
      return async (statements: D1PreparedStatement[]) => {
        counts().d1Calls++;
        const results = await target.batch(statements);
        for (const [i, statement] of statements.entries()) {
          const result = results[i];
          if (result) note(statement, result);
        }
        return results;
      };
    },
  });
}
