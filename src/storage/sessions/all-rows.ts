/** All session rows of a shard, page by page in the order of their ids, whoever's they are. */
import { decodeValues } from "./codec.ts";

/** The values of a page of rows. */
export interface ValuePage {
  /** Of the wanted primitives, canonical JSON. */
  readonly values: readonly string[];
  /** Number of rows that were read. */
  readonly rows: number;
  /** The id of the last row, decimal digits; null if there was no row. */
  readonly lastId: string | null;
}

/** Queries of a page, at most. */
export const VALUE_PAGE_QUERIES = 2;

/** Bytes of packed bodies at which a page ends, with the row that reaches them: 2 MB as hexadecimal digits. */
const PAGE_BYTES = 1_000_000;

/**
 * Reads a page. The first query reads how long the bodies are, so that the second one reads no more than fits.
 * @param afterId - the last row of the page before; empty for the start
 * @param rows - at most so many
 */
export async function readValuePage(
  db: D1Database,
  afterId: string,
  rows: number,
  isWanted: (primitive: string) => boolean,
): Promise<ValuePage> {
  const after = afterId === "" ? "-1" : afterId;
  const sizes = await db
    .prepare(
      `SELECT CAST(id AS TEXT) AS id, length(body) AS bytes FROM sessions
       WHERE sessions.id > CAST(?1 AS INTEGER) ORDER BY sessions.id LIMIT ?2`,
    )
    .bind(after, rows)
    .all<{ id: string; bytes: number }>();
  let bytes = 0;
  let lastId: string | null = null;
  for (const row of sizes.results) {
    if (bytes >= PAGE_BYTES) break;
    ({ id: lastId } = row);
    bytes += row.bytes;
  }
  if (lastId === null) return { values: [], rows: 0, lastId };
  const { results } = await db
    .prepare(
      `SELECT hex(body) AS body FROM sessions WHERE id > CAST(?1 AS INTEGER) AND id <= CAST(?2 AS INTEGER)`,
    )
    .bind(after, lastId)
    .all<{ body: string }>();
  return {
    values: results.flatMap(({ body }) => decodeValues(body, isWanted)),
    rows: results.length,
    lastId,
  };
}
