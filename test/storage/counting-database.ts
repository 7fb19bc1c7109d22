/** A database that adds up the rows that D1 says it read. */

/** A counting database, and what it has counted. */
export interface CountingDatabase {
  readonly db: D1Database;
  /** Rows read since the last call of `take`, which begins anew. */
  readonly take: () => number;
}

/** Counts in front of a database. */
export function countingDatabase(inner: D1Database): CountingDatabase {
  let rows = 0;
  const inners = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const note = <T>(result: D1Result<T>): D1Result<T> => {
    rows += result.meta.rows_read;
    return result;
  };
  const statement = (own: D1PreparedStatement): D1PreparedStatement => {
    const counted = {
      bind: (...values: unknown[]) => statement(own.bind(...values)),
      all: async () => note(await own.all()),
      run: async () => note(await own.run()),
      first: async () => note(await own.all()).results[0] ?? null,
      raw: async () => note(await own.all<object>()).results.map((row) => Object.values(row)),
    } as unknown as D1PreparedStatement;
    inners.set(counted, own);
    return counted;
  };
  const db = {
    prepare: (query: string) => statement(inner.prepare(query)),
    batch: async (statements: D1PreparedStatement[]) =>
      (await inner.batch(statements.map((each) => inners.get(each) ?? each))).map(note),
  } as unknown as D1Database;
  return {
    db,
    take: () => {
      const taken = rows;
      rows = 0;
      return taken;
    },
  };
}
