/**
 * What people ask D1 from outside of a Worker, and how the answers are read: bodies are binary, so a query alone shows nothing. Each
 * question is one whole SQL text without parameters, as `wrangler d1 execute` takes it.
 */
import { z } from "zod";
import { decodePage, type HistoryEvent } from "./history/codec.ts";
import {
  idAt,
  OF_ATTACKER,
  ROW_COLUMNS,
  type RowPlace,
  type StoredRow,
  toStoredRow,
} from "./sessions/rows.ts";

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

/** Whose rows are asked for: an attacker's, those of the attackers of an identity, or both. */
export interface Subject {
  readonly attackerUuid: string | null;
  readonly identityUuid: string | null;
}

/** Asks for the attackers, by UUID. */
export function attackersQuery(subject: Subject): string {
  return `SELECT uuid, identity_uuid AS identityUuid, ip,
    (SELECT count(*) FROM sessions WHERE ${OF_ATTACKER}) AS rows,
    (SELECT coalesce(sum(size), 0) FROM sessions WHERE ${OF_ATTACKER}) AS observations,
    (SELECT count(*) FROM observation_rows WHERE attacker_uuid = attackers.uuid) AS unpacked
    FROM attackers WHERE ${isOf(subject)} ORDER BY uuid`;
}

/** Reads the answer to `attackersQuery`. */
export function readAttackers(answer: unknown): InspectedAttacker[] {
  return attackerRows.parse(answer);
}

const sessionRows = z.array(
  z.object({
    attackerUuid: z.string(),
    id: z.string(),
    place: z.number(),
    version: z.number(),
    isFull: z.number(),
    body: z.string(),
  }),
);

/** Asks for a page of session rows, by attacker and place. @param after - the last row of the page before; null for the first page */
export function sessionRowsQuery(subject: Subject, after: RowPlace | null): string {
  const uuid = literal(after?.attackerUuid ?? "");
  const place = `iif(attackers.uuid = ${uuid}, ${after?.place ?? -1}, -1)`;
  return `SELECT page.uuid AS attackerUuid, ${ROW_COLUMNS} FROM (
      SELECT uuid, id, sum(bytes) OVER (ORDER BY uuid, id ROWS UNBOUNDED PRECEDING) - bytes AS before FROM (
        SELECT attackers.uuid AS uuid, sessions.id AS id, length(body) AS bytes
        FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER} AND sessions.id > ${idAt(place)}
        WHERE (${isOf(subject)}) AND attackers.uuid >= ${uuid} ORDER BY attackers.uuid, sessions.id LIMIT ${PAGE_ROWS}
      )
    ) AS page CROSS JOIN sessions ON sessions.id = page.id WHERE before < ${PAGE_BYTES} ORDER BY page.uuid, sessions.id`;
}

/** Reads the answer to `sessionRowsQuery`, decoded; empty at the end. */
export function readSessionRows(answer: unknown): StoredRow[] {
  return sessionRows.parse(answer).map((columns) => toStoredRow(columns.attackerUuid, columns));
}

const eventRows = z.array(z.object({ seq: z.number(), size: z.number(), body: z.string() }));

/** Asks for a page of an identity's own history. @param afterSeq - `seq` of the last event of the page before, or 0 */
export function eventRowsQuery(identityUuid: string, afterSeq: number): string {
  return `SELECT seq, size, iif(typeof(event) = 'text', event, hex(event)) AS body FROM events
    WHERE identity_uuid = ${literal(identityUuid)} AND seq > ${afterSeq} ORDER BY seq LIMIT ${PAGE_EVENT_ROWS}`;
}

/**
 * Reads the answer to `eventRowsQuery`. Events stand as they are stored: of the version before, the list of a suspicion may be the difference
 * to an earlier one.
 */
export function readEventRows(
  identityUuid: string,
  answer: unknown,
): { readonly events: readonly HistoryEvent[]; readonly isLast: boolean } {
  const rows = eventRows.parse(answer);
  const events = rows.flatMap(({ seq, size, body }) =>
    body.startsWith("{") ? [{ seq, event: body }] : decodePage({ identityUuid, seq, size }, body),
  );
  return { events, isLast: rows.length < PAGE_EVENT_ROWS };
}

/** SQL: whether a row of `attackers` is asked for. */
function isOf({ attackerUuid, identityUuid }: Subject): string {
  const conditions = [
    ...(attackerUuid === null ? [] : [`attackers.uuid = ${literal(attackerUuid)}`]),
    ...(identityUuid === null ? [] : [`attackers.identity_uuid = ${literal(identityUuid)}`]),
  ];
  return conditions.length === 0 ? "false" : conditions.join(" OR ");
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
