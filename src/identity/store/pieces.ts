/** Writes many rows with few statements, because a call to SQLite costs more than a row. */

/** Maximum number of parameters of a statement (platform limit). */
const MAX_PARAMETERS = 100;

/**
 * Passes rows on in groups, as many as a statement can bind.
 * @param columns - number of columns of a row
 * @param exec - takes the rows as `(?, …), (?, …)`, for a VALUES clause, and what to bind
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
