/** A database that counts what one invocation asks of it, as the platform does: the members of a batch one by one. */

/** What was asked so far. */
export interface Counted {
  queries: number;
  /** Batches, and single statements outside of one. */
  calls: number;
  /** Rows read and written, as D1 bills them. */
  rowsRead: number;
  rowsWritten: number;
  /** Characters of the longest text bound. */
  longestText: number;
}

/** Wraps a database; what is asked through it is counted. */
export function counting(db: D1Database): { readonly db: D1Database; readonly counted: Counted } {
  const counted: Counted = { queries: 0, calls: 0, rowsRead: 0, rowsWritten: 0, longestText: 0 };
  const originals = new WeakMap<object, D1PreparedStatement>();
  const note = (result: D1Result) => {
    counted.rowsRead += result.meta.rows_read;
    counted.rowsWritten += result.meta.rows_written;
  };
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const all = async () => {
      counted.queries++;
      counted.calls++;
      const result = await statement.all();
      note(result);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => {
        for (const value of values) {
          if (typeof value === "string") counted.longestText = Math.max(counted.longestText, value.length);
        }
        return wrap(statement.bind(...values));
      },
      all,
      run: all,
      first: async () => (await all()).results[0] ?? null,
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, statement);
    return wrapped;
  };
  const wrapped = {
    prepare: (sql: string) => wrap(db.prepare(sql)),
    batch: async (statements: D1PreparedStatement[]) => {
      counted.queries += statements.length;
      counted.calls++;
      const results = await db.batch(statements.map((statement) => originals.get(statement) ?? statement));
      for (const result of results) note(result);
      return results;
    },
  } as unknown as D1Database;
  return { db: wrapped, counted };
}

/** The environment with its database counted. */
export function countingEnv(env: Env): { readonly env: Env; readonly counted: Counted } {
  const { db, counted } = counting(env.DB);
  return { env: { ...env, DB: db }, counted };
}
