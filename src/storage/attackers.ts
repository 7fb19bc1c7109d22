/** Attackers: registration, links to identities, and look-up. */
import { stubIdentityUuid } from "../core/index.ts";
import { OF_ATTACKER } from "./sessions/rows.ts";
import { winnerOf } from "./winners.ts";

/** What is known of a registered attacker. Times are epoch seconds. */
export interface Attacker {
  readonly uuid: string;
  /** Null while it waits to be registered. */
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  readonly needsBackfill: boolean;
  readonly ip: string | null;
  readonly firstSeenTs: number | null;
  readonly lastSeenTs: number | null;
}

/** What a registration says of an attacker; null where it says nothing. */
export interface Registration {
  readonly uuid: string;
  readonly ip: string | null;
  readonly firstSeenTs: number | null;
  readonly lastSeenTs: number | null;
  /** The identity to link it to; null: the one that it has, or its stub identity. */
  readonly identityUuid: string | null;
}

export type Registered =
  | {
      readonly outcome: "created" | "updated";
      readonly attacker: Attacker;
      readonly leftIdentityUuid: string | null;
    }
  /** It is linked to another identity, which holds observations of it. */
  | { readonly outcome: "linked_elsewhere"; readonly attacker: Attacker };

interface AttackerRow {
  readonly uuid: string;
  readonly identityUuid: string | null;
  readonly linkVersion: number;
  readonly needsBackfill: number;
  readonly ip: string | null;
  readonly firstSeenTs: number | null;
  readonly lastSeenTs: number | null;
}

const READ_ATTACKER = `
SELECT uuid, identity_uuid AS identityUuid, link_version AS linkVersion, needs_backfill AS needsBackfill,
  ip, first_seen_ts AS firstSeenTs, last_seen_ts AS lastSeenTs
FROM attackers WHERE uuid = ?1`;

/** The identity ?2, or the last winner that it was merged into: no attacker is linked to a merged-away identity. */
const TARGET = `coalesce(${winnerOf("?2")}, ?2)`;

const INSERT_ATTACKER = `
INSERT INTO attackers (uuid, identity_uuid, link_version, ip, first_seen_ts, last_seen_ts)
VALUES (?1, ${TARGET}, 1, ?3, ?4, ?5) ON CONFLICT (uuid) DO NOTHING`;

const UPDATE_FACTS = `
UPDATE attackers SET
  ip = coalesce(?2, ip),
  first_seen_ts = min(coalesce(first_seen_ts, ?3), coalesce(?3, first_seen_ts)),
  last_seen_ts = max(coalesce(last_seen_ts, ?4), coalesce(?4, last_seen_ts))
WHERE uuid = ?1 AND (
  (?2 IS NOT NULL AND ip IS NOT ?2)
  OR (?3 IS NOT NULL AND (first_seen_ts IS NULL OR ?3 < first_seen_ts))
  OR (?4 IS NOT NULL AND (last_seen_ts IS NULL OR ?4 > last_seen_ts)))`;

/** An attacker that waited gets its identity; its stored observations are to be applied. */
const LINK_WAITING = `
UPDATE attackers SET identity_uuid = ${TARGET}, link_version = link_version + 1, needs_backfill = 1
WHERE uuid = ?1 AND identity_uuid IS NULL`;

/** SQL: whether the attacker ?1 has observations. */
export const HAS_OBSERVATIONS = `(EXISTS (
  SELECT 1 FROM attackers CROSS JOIN sessions ON ${OF_ATTACKER} WHERE attackers.uuid = ?1 AND sessions.size > 0)
  OR EXISTS (SELECT 1 FROM observation_rows WHERE attacker_uuid = ?1))`;

/** A link may be changed while no observation of the attacker is stored. */
const RELINK = `
UPDATE attackers SET identity_uuid = ${TARGET}, link_version = link_version + 1
WHERE uuid = ?1 AND identity_uuid <> ${TARGET}
  AND NOT ${HAS_OBSERVATIONS}`;

/**
 * Registers an attacker, or adds to what is known of it; a repeat changes nothing. It is one transaction, so that a
 * first observation at the same time gets the same identity.
 */
export async function registerAttacker(db: D1Database, registration: Registration): Promise<Registered> {
  const { uuid, ip, firstSeenTs, lastSeenTs, identityUuid } = registration;
  const target = identityUuid ?? stubIdentityUuid(uuid);
  const read = db.prepare(READ_ATTACKER).bind(uuid);
  const relink = identityUuid === null ? [] : [db.prepare(RELINK).bind(uuid, identityUuid)];
  const results = await db.batch<AttackerRow & { readonly target?: string }>([
    read,
    db.prepare(INSERT_ATTACKER).bind(uuid, target, ip, firstSeenTs, lastSeenTs),
    db.prepare(UPDATE_FACTS).bind(uuid, ip, firstSeenTs, lastSeenTs),
    db.prepare(LINK_WAITING).bind(uuid, target),
    ...relink,
    db.prepare(`SELECT ${TARGET} AS target WHERE ?1 IS NOT NULL`).bind(uuid, target),
    read,
  ]);
  const wanted = results.at(-2)?.results[0]?.target;
  const before = results[0]?.results[0];
  const after = results.at(-1)?.results[0];
  if (!after) throw new Error("an attacker must be there after it was inserted, found none");
  const attacker = toAttacker(after);
  if (identityUuid !== null && attacker.identityUuid !== wanted) {
    return { outcome: "linked_elsewhere", attacker };
  }
  const isMoved = before && before.identityUuid !== null && before.identityUuid !== attacker.identityUuid;
  return {
    outcome: before && before.identityUuid !== null ? "updated" : "created",
    attacker,
    leftIdentityUuid: isMoved ? before.identityUuid : null,
  };
}

/** An attacker, registered or waiting, or null. */
export async function findAttacker(db: D1Database, uuid: string): Promise<Attacker | null> {
  const row = await db.prepare(READ_ATTACKER).bind(uuid).first<AttackerRow>();
  return row ? toAttacker(row) : null;
}

function toAttacker(row: AttackerRow): Attacker {
  return { ...row, needsBackfill: row.needsBackfill === 1 };
}
