/**
 * Takes an erased attacker out of the history. The events of a packed row are redacted in the Worker and written back, but only over
 * the row that was read.
 */
import { unpack } from "../packed.ts";
import { redactEvent, textsToRedact } from "../redaction.ts";
import { encodePage, readEvent } from "./codec.ts";
import { BODY, isText, type StoredPage, textsOf } from "./pages.ts";

/** Rows read at a time. */
const PAGE_ROWS = 500;
/**
 * Bytes of bodies read at a time, and one row more. They are written back behind what they were, as hexadecimal digits, in one
 * parameter of at most 2 MB.
 */
const PAGE_BYTES = 250_000;

/** Of texts, only those that have the attacker (?3) or a type (?4) in them are answered; packed bodies have to be looked into. */
const READ_PAGE = `
SELECT cursor, identity_uuid AS identityUuid, seq, size, iif(bytes > 0, ${BODY}, NULL) AS body,
  (SELECT max(seq) FROM events WHERE identity_uuid = ?1) AS newestSeq
FROM (
  SELECT *, sum(bytes) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - bytes AS before FROM (
    SELECT cursor, identity_uuid, seq, size, event,
      iif(typeof(event) = 'blob' OR instr(event, ?3) > 0 OR instr(event, ?4) > 0, octet_length(event), 0) AS bytes
    FROM events WHERE identity_uuid = ?1 AND seq > ?2 ORDER BY seq LIMIT ${PAGE_ROWS}
  )
) WHERE before <= ${PAGE_BYTES} ORDER BY seq`;

const WRITE_PAGE = `
WITH changed AS MATERIALIZED (
  SELECT value ->> 0 AS cursor, iif(value ->> 3, value ->> 1, unhex(value ->> 1)) AS before,
    iif(value ->> 3, value ->> 2, unhex(value ->> 2)) AS after FROM json_each(?1)
)
UPDATE events SET event = changed.after FROM changed
WHERE events.cursor = changed.cursor AND events.event = changed.before`;

interface ReadRow extends Omit<StoredPage, "body"> {
  /** Null if nothing is to be taken out. */
  readonly body: string | null;
  readonly newestSeq: number;
}

/**
 * Takes an attacker out of a page of an identity's events. At most two queries.
 * @param afterSeq - number of the last event looked at, or 0
 * @returns the number of the last event looked at, or null when all were
 */
export async function redactHistory(
  db: D1Database,
  attackerUuid: string,
  identityUuid: string,
  afterSeq: number,
): Promise<number | null> {
  const { results } = await db
    .prepare(READ_PAGE)
    .bind(identityUuid, afterSeq, ...textsToRedact(attackerUuid))
    .all<ReadRow>();
  const changed = results.flatMap(({ body, ...row }) => {
    const redacted = body === null ? null : redactRow({ ...row, body }, attackerUuid);
    return redacted === null ? [] : [[row.cursor, body, redacted, Number(isText(redacted))]];
  });
  if (changed.length > 0) {
    const { meta } = await db.prepare(WRITE_PAGE).bind(JSON.stringify(changed)).run();
    // Another erasure was faster: the page is looked at again.
    if (meta.changes < changed.length) return afterSeq;
  }
  const last = results.at(-1);
  return last && last.seq < last.newestSeq ? last.seq : null;
}

/** The body without the attacker, or null if it stays as it is. */
function redactRow(row: StoredPage, attackerUuid: string): string | null {
  const text = isText(row.body) ? row.body : unpack(row.body);
  if (!textsToRedact(attackerUuid).some((part) => text.includes(part))) return null;
  let isChanged = false;
  const events = textsOf(row).map((stored) => {
    const read = readEvent(stored);
    const envelope = redactEvent(read.envelope, attackerUuid);
    if (envelope === read.envelope) return read;
    isChanged = true;
    return { seq: read.seq, event: JSON.stringify(envelope), envelope };
  });
  if (!isChanged) return null;
  return isText(row.body) ? (events[0]?.event ?? null) : encodePage(row.identityUuid, events);
}
