/**
 * What people ask D1 from outside of a Worker, and how the answers are read: bodies are binary, so a query alone shows nothing. Each
 * question is one whole SQL text without parameters, as `wrangler d1 execute` takes it.
 */
import { z } from "zod";
import { decodePage, type HistoryEvent } from "./history/codec.ts";
import { idAt, OF_ATTACKER, ROW_COLUMNS, type StoredRow, toStoredRow } from "./sessions/rows.ts";

/** Session rows of a page, and bytes of their bodies at which it ends. */
const PAGE_ROWS = 500;
const PAGE_BYTES = 1_000_000;
/** Rows of a page of events; a row may have 200 KB before it is packed. */
const PAGE_EVENT_ROWS = 100;

const attackerRows = z.array(
  z.object({
    uuid: z.string(),
    identityUuid: z.string().nullable(),
    ip: z.string().nullable(),
    /** Session rows, and the observations in them. */
    rows: z.number(),
    observations: z.number(),
    /** Observations that a job has yet to move into session rows. */
    unpacked: z.number(),
  }),
);

/** An attacker, and how much is stored of it. */
export type InspectedAttacker = z.infer<typeof attackerRows>[number];

/** Asks for one attacker, or for those of an identity, by UUID. */
export function attackersQuery(
  subject: { readonly attackerUuid: string } | { readonly identityUuid: string },
): string {
  const whose =
    "attackerUuid" in subject
      ? `uuid = ${literal(subject.attackerUuid)}`
      : `identity_uuid = ${literal(subject.identityUuid)}`;
  return `SELECT uuid, identity_uuid AS identityUuid, ip,
    (SELECT count(*) FROM sessions WHERE ${OF_ATTACKER}) AS rows,
    (SELECT coalesce(sum(size), 0) FROM sessions WHERE ${OF_ATTACKER}) AS observations,
    (SELECT count(*) FROM observation_rows WHERE attacker_uuid = attackers.uuid) AS unpacked
    FROM attackers WHERE ${whose} ORDER BY uuid`;
}

/** Reads the answer to `attackersQuery`. */
export function readAttackers(answer: unknown): InspectedAttacker[] {
  return attackerRows.parse(answer);
}

const sessionRows = z.array(
  z.object({
    id: z.string(),
    place: z.number(),
    version: z.number(),
    isFull: z.number(),
    body: z.string(),
  }),
);

/** Asks for a page of an attacker's session rows. @param after - place of the last row of the page before; -1 for the first page */
export function sessionRowsQuery(attackerUuid: string, after: number): string {
  return `SELECT ${ROW_COLUMNS} FROM (
      SELECT id, version, is_full, body, sum(length(body)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) - length(body) AS before FROM (
        SELECT sessions.id, version, is_full, body FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER} AND sessions.id > ${idAt(String(after))}
        WHERE attackers.uuid = ${literal(attackerUuid)} ORDER BY sessions.id LIMIT ${PAGE_ROWS}
      )
    ) AS sessions WHERE before < ${PAGE_BYTES} ORDER BY sessions.id`;
}

/** Reads the answer to `sessionRowsQuery`, decoded; empty at the end. */
export function readSessionRows(attackerUuid: string, answer: unknown): StoredRow[] {
  return sessionRows.parse(answer).map((columns) => toStoredRow(attackerUuid, columns));
}

const eventRows = z.array(z.object({ seq: z.number(), size: z.number(), body: z.string() }));

/** Asks for a page of an identity's own history. @param afterSeq - `seq` of the last event of the page before, or 0 */
export function eventRowsQuery(identityUuid: string, afterSeq: number): string {
  return `SELECT seq, size, iif(typeof(event) = 'text', event, hex(event)) AS body FROM events
    WHERE identity_uuid = ${literal(identityUuid)} AND seq > ${afterSeq} ORDER BY seq LIMIT ${PAGE_EVENT_ROWS}`;
}

/**
 * Reads the answer to `eventRowsQuery`; empty at the end. Events stand as they are stored: of the version before, the list of a suspicion
 * may be the difference to an earlier one.
 */
export function readEventRows(identityUuid: string, answer: unknown): HistoryEvent[] {
  return eventRows
    .parse(answer)
    .flatMap(({ seq, size, body }) =>
      body.startsWith("{") ? [{ seq, event: body }] : decodePage({ identityUuid, seq, size }, body),
    );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
