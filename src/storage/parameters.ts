/** Rows as JSON: one bound parameter holds many rows, because D1 binds at most 100 parameters per statement. */
import { Buffer } from "node:buffer";

/** UTF-8 bytes of one JSON parameter: half of what D1 accepts, so that a single long row fits as well. */
const PARAMETER_BYTES = 1_000_000;

/**
 * Rows as JSON lists, each short enough for one parameter. A row that is longer than a parameter gets a list of its own.
 * @param rows - each at most 2 MB as JSON
 */
export function parameters(rows: readonly (readonly unknown[])[]): string[] {
  const lists: string[][] = [];
  let bytes = 0;
  for (const row of rows.map((members) => JSON.stringify(members))) {
    const length = Buffer.byteLength(row) + 1;
    const list = lists.at(-1);
    if (list && bytes + length <= PARAMETER_BYTES) {
      list.push(row);
      bytes += length;
    } else {
      lists.push([row]);
      bytes = length;
    }
  }
  return lists.map((list) => `[${list.join(",")}]`);
}
