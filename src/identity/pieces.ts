/** Many rows in few statements: each call to SQLite costs more than the row it is for. */

/** What a statement binds at most. */
const MAX_PARAMETERS = 100;

/**
 * Hands rows over, as many at a time as can be bound.
 * @param columns - of each row
 * @param exec - is given the rows as `(?, …), (?, …)`, for a VALUES clause, and what to bind
 */
export function inPieces(
  rows: readonly (readonly SqlStorageValue[])[],
  columns: number,
  exec: (values: string, bindings: readonly SqlStorageValue[]) => void,
): void {
  const atOnce = Math.floor(MAX_PARAMETERS / columns);
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  for (let i = 0; i < rows.length; i += atOnce) {
    const piece = rows.slice(i, i + atOnce);
    exec(piece.map(() => row).join(", "), piece.flat());
  }
}
