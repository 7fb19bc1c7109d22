/**
 * Finds the attackers that a dead letter names, and removes an attacker from its letters. The body of a letter may be any text, so
 * every UUID in it counts as an attacker.
 */
import { parameters } from "./parameters.ts";

/** A UUID with or without dashes, in upper or lower case, that is not part of a longer text such as a digest. */
const UUID = /(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])/gi;

/** The UUIDs in a text, each once, lower-case and with dashes. */
export function attackersNamedIn(text: string): string[] {
  const named = new Set<string>();
  for (const [found] of text.matchAll(UUID)) {
    const hex = found.replaceAll("-", "").toLowerCase();
    named.add(
      [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-"),
    );
  }
  return [...named];
}

/** Letters of one page, and bytes of their bodies; both bound what one statement has to read and write. */
const PAGE_LETTERS = 500;
const PAGE_BYTES = 4_000_000;
/** Maximum number of queries of a page of an erasure. */
export const ERASE_PAGE_QUERIES = 4;

/** Whether the text of an event contains ?2, a UUID without dashes. */
const NAMES_IT = "instr(replace(lower(value), '-', ''), ?2) > 0";
/** Replaces an erased event in a list, so that the others keep their index. */
const ERASED = `'{"erased":true}'`;
const IS_LIST = "CASE WHEN json_valid(body) THEN json_type(body, '$.events') END = 'array'";
const PAGE = "id IN (SELECT value FROM json_each(?1))";

/** Whether a list entry replaces an erased event. */
export function isErasedEvent(event: unknown): boolean {
  if (typeof event !== "object" || event === null || !("erased" in event)) return false;
  return event.erased === true && Object.keys(event).length === 1;
}

/**
 * Removes the attacker's events from a page of the letters that name it. A letter without other events is removed. At most
 * `ERASE_PAGE_QUERIES` queries.
 * @returns whether there may be more of them
 */
export async function eraseFromLetters(db: D1Database, attackerUuid: string): Promise<boolean> {
  const { results } = await db
    .prepare(
      `SELECT letter_id AS id, coalesce(body_bytes, 0) AS bytes FROM dead_letter_attackers
       LEFT JOIN dead_letters ON id = letter_id WHERE attacker_uuid = ?1 LIMIT ?2`,
    )
    .bind(attackerUuid, PAGE_LETTERS)
    .all<{ id: string; bytes: number }>();
  let bytes = 0;
  const page = results.filter((letter, i) => {
    bytes += letter.bytes;
    return i === 0 || bytes <= PAGE_BYTES;
  });
  if (page.length === 0) return false;
  const ids = JSON.stringify(page.map(({ id }) => id));
  const hex = attackerUuid.replaceAll("-", "");
  await db.batch([
    db
      .prepare(
        `UPDATE dead_letters SET body = (
           SELECT json_object('events', json_group_array(json(
             CASE WHEN ${NAMES_IT} THEN ${ERASED} WHEN type IN ('object', 'array') THEN value
                  WHEN type IN ('true', 'false') THEN type ELSE json_quote(value) END)))
           FROM json_each(body, '$.events'))
         WHERE ${PAGE} AND ${IS_LIST}`,
      )
      .bind(ids, hex),
    db
      .prepare(
        `DELETE FROM dead_letters WHERE ${PAGE} AND CASE WHEN ${IS_LIST} THEN NOT EXISTS (
           SELECT 1 FROM json_each(body, '$.events') WHERE value IS NOT ${ERASED}) ELSE true END`,
      )
      .bind(ids),
    db
      .prepare(
        "DELETE FROM dead_letter_attackers WHERE attacker_uuid = ?2 AND letter_id IN (SELECT value FROM json_each(?1))",
      )
      .bind(ids, attackerUuid),
  ]);
  return page.length < results.length || results.length === PAGE_LETTERS;
}

/** Letters read at a time by `indexLetters`: a body has at most 500,000 characters. */
const INDEX_LETTERS = 50;

/**
 * Stores the attackers of a page of letters from before letters were indexed.
 * @param after - rowid of the last letter looked at, or 0
 * @param through - rowid of the last letter that was not indexed
 * @returns the next rowid, or null at the end, and the number of queries
 */
export async function indexLetters(
  db: D1Database,
  after: number,
  through: number,
): Promise<{ after: number | null; queries: number }> {
  const { results } = await db
    .prepare(
      "SELECT rowid, id, body FROM dead_letters WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid LIMIT ?3",
    )
    .bind(after, through, INDEX_LETTERS)
    .all<{ rowid: number; id: string; body: string }>();
  const rows = parameters(
    results.flatMap(({ id, body }) => attackersNamedIn(body).map((uuid) => [uuid, id])),
  );
  for (const list of rows) {
    await db
      .prepare(
        `INSERT INTO dead_letter_attackers (attacker_uuid, letter_id) SELECT value ->> 0, value ->> 1 FROM json_each(?1)
         WHERE EXISTS (SELECT 1 FROM dead_letters WHERE id = value ->> 1) ON CONFLICT DO NOTHING`,
      )
      .bind(list)
      .run();
  }
  const isLast = results.length < INDEX_LETTERS;
  return { after: isLast ? null : (results.at(-1)?.rowid ?? null), queries: 1 + rows.length };
}
