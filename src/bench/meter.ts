/** Counting what is billed: rows of D1 and of objects, calls, messages. */

/** What was counted. */
export interface Counts {
  d1Calls: number;
  d1Read: number;
  d1Written: number;
  objectCalls: number;
  objectRead: number;
  objectWritten: number;
  /** Alarms set; each is billed as a row written and is among `objectWritten`. */
  alarmsSet: number;
  /** Alarms that went off; each is billed as a request. */
  alarmsRun: number;
  eventsSent: number;
  /** Queue operations of what was sent. */
  eventOperations: number;
}

export function noCounts(): Counts {
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

/** What the Worker itself did, and what its objects did besides. */
export const meters = { worker: noCounts(), objects: noCounts() };

/** Rows by statement, to see where they come from. */
export const rowsByStatement = new Map<string, { read: number; written: number; runs: number }>();

const cursors: { readonly sql: string; readonly cursor: SqlStorageCursor<never> }[] = [];

/** Starts counting from nothing. */
export function resetMeters(): void {
  settleCursors();
  meters.worker = noCounts();
  meters.objects = noCounts();
  rowsByStatement.clear();
}

/** Adds what the cursors say; they know only when they have been read. */
export function settleCursors(): void {
  for (const { sql, cursor } of cursors.splice(0)) {
    meters.objects.objectRead += cursor.rowsRead;
    meters.objects.objectWritten += cursor.rowsWritten;
    noteRows(`object: ${sql}`, cursor.rowsRead, cursor.rowsWritten);
  }
}

/** What the local runtime notes in an object for itself; there is no such thing in production. */
const LOCAL_TABLE = "__miniflare";

/** Remembers a cursor until the rows are added up. */
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
 * @param counts - asked for at each call, so that meters can be reset
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
      if (name !== "batch") throw new Error(`the meter must know how to count ${String(name)}`);
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
