/** Pages of stored observations over many attackers, whole session rows in the order (attacker's UUID, place). */
import type { Observation } from "../core/index.ts";
import { decodeSession } from "./sessions/codec.ts";
import { type Holders, readRowPage, type SessionCursor, theAttackers } from "./sessions/row-pages.ts";

/** The fields of an observation that an identity needs. */
export interface StoredMember {
  readonly id: string;
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly value: string;
  readonly ts: number;
  readonly evidenceRef: string;
}

/** A session row of a page. */
export interface SessionOfPage extends SessionCursor {
  readonly observations: readonly StoredMember[];
}

/** A page of observations. */
export interface ObservationPage {
  readonly observations: readonly StoredMember[];
  /** The same, by the rows that they are stored in. */
  readonly sessions: readonly SessionOfPage[];
  /** The last row of the page, or null if there is no other page. */
  readonly next: SessionCursor | null;
}

/**
 * A page of the observations of some attackers. One query, which reads a row for each attacker from `after` on, and the rows of the page.
 * @param attackerUuids - sorted
 * @param after - the last row that was read before, or null
 * @param limit - the page ends with the row that reaches so many observations, or 2 MB of rows
 */
export function readAttackersPage(
  db: D1Database,
  attackerUuids: readonly string[],
  after: SessionCursor | null,
  limit: number,
): Promise<ObservationPage> {
  return readPage(db, theAttackers(attackerUuids), after, limit);
}

/** Like `readAttackersPage`, of every attacker that is linked to an identity. */
export function readIdentityPage(
  db: D1Database,
  identityUuid: string,
  after: SessionCursor | null,
  limit: number,
): Promise<ObservationPage> {
  const holders = { sql: "attackers WHERE attackers.identity_uuid = ?1", parameter: identityUuid };
  return readPage(db, holders, after, limit);
}

async function readPage(
  db: D1Database,
  holders: Holders,
  after: SessionCursor | null,
  limit: number,
): Promise<ObservationPage> {
  const always = { fromTs: -Number.MAX_VALUE, toTs: Number.MAX_VALUE, atLeast: null };
  const { rows, next } = await readRowPage(db, holders, { after, observations: limit, ...always });
  const sessions = rows.map(({ attackerUuid, place, body }) => ({
    attackerUuid,
    place,
    observations: decodeSession(attackerUuid, body).map(({ observation }) => toMember(observation)),
  }));
  return { observations: sessions.flatMap(({ observations }) => observations), sessions, next };
}

/** An observation without the fields that an identity does not need. */
export function toMember({ id, attackerUuid, primitive, value, ts, evidenceRef }: Observation): StoredMember {
  return { id, attackerUuid, primitive, value, ts, evidenceRef };
}
