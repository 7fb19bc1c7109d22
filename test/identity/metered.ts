/** Counts the rows that statements on an object's SQLite read and write. */

export interface Rows {
  readonly read: number;
  readonly written: number;
}

/** A SqlStorage that counts; `take` returns what was counted since it was called last. */
export function metered(sql: SqlStorage): { readonly sql: SqlStorage; readonly take: () => Rows } {
  const cursors: SqlStorageCursor<never>[] = [];
  const proxy = new Proxy(sql, {
    get(target, name) {
      if (name !== "exec") return Reflect.get(target, name);
      return (query: string, ...bindings: unknown[]) => {
        const cursor = target.exec<never>(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      };
    },
  });
  return {
    sql: proxy,
    take: () =>
      cursors.splice(0).reduce<Rows>(
        (sum, cursor) => ({
          read: sum.read + cursor.rowsRead,
          written: sum.written + cursor.rowsWritten,
        }),
        { read: 0, written: 0 },
      ),
  };
}
