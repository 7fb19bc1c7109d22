/** Rows as JSON: one parameter for many, because D1 binds at most 100. */

/** Characters of one JSON parameter: at three bytes each still under the 1 MB at which parameters are cut. */
const PARAMETER_CHARACTERS = 300_000;

/** Rows as JSON lists, each short enough for one parameter. */
export function parameters(rows: readonly unknown[][]): string[] {
  const lists: string[] = [];
  let list: string[] = [];
  let characters = 0;
  for (const row of rows.map((members) => JSON.stringify(members))) {
    if (list.length > 0 && characters + row.length > PARAMETER_CHARACTERS) {
      lists.push(`[${list.join(",")}]`);
      list = [];
      characters = 0;
    }
    list.push(row);
    characters += row.length + 1;
  }
  if (list.length > 0) lists.push(`[${list.join(",")}]`);
  return lists;
}
