/** A database that is cut off at one of its calls. */

/** Where a database is cut off. */
export interface Cut {
  /** Number of the call, from 0. */
  readonly call: number;
  /** Whether the call itself still takes effect. */
  readonly isAfter: boolean;
}

/** Wraps a database; a call is a statement or a batch of them. */
export function cutOff(db: D1Database, { call, isAfter }: Cut): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  let calls = 0;
  const through = async <T>(run: () => Promise<T>): Promise<T> => {
    if (calls++ !== call) return run();
    if (isAfter) await run();
    throw new Error("cut off");
  };
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: () => through(() => statement.all()),
      run: () => through(() => statement.run()),
      first: () => through(() => statement.first()),
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(db.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) =>
      through(() => db.batch(statements.map((statement) => originals.get(statement) ?? statement))),
  } as unknown as D1Database;
}
