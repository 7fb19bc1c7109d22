/**
 * What the dashboard shows at a glance and no other list has: the addresses and troubled primitives of a page of
 * identities, the last observations of each primitive, and the sums of the newest events. All from projections and keys
 * that exist already: the dashboard costs no index.
 */
import { z } from "zod";
import { STATES } from "../core/index.ts";
import { WITH_WINNER } from "./identity-reads.ts";

/** Events that an overview looks back over: what bounds its rows read, whatever the history holds. */
export const OVERVIEW_EVENTS = 5_000;
/** Entries of the lists of an overview. */
const OVERVIEW_LISTED = 8;
/** Characters of a value's JSON that a strip shows; a longer one is cut, and marked as such. */
const STRIP_VALUE_CHARACTERS = 200;
/** Addresses that are read for an identity. */
const ADDRESSES = 3;

/** A primitive of an identity that is not what it was. */
export interface Troubled {
  readonly primitive: string;
  readonly state: (typeof STATES)[number];
}

/** What a row of the list shows besides the summary. */
export interface IdentityGlance {
  /** The first few of its attackers' addresses, in order. */
  readonly addresses: readonly string[];
  /** Its primitives that drift, are in conflict or look like several actors, by name. */
  readonly troubled: readonly Troubled[];
}

const states = z.enum(STATES);

interface GlanceRow {
  readonly uuid: string;
  readonly ip: string;
  readonly primitive: string;
  readonly state: string;
}

/** Addresses and troubled primitives of the identities, by UUID; each is in one of the databases. */
export async function glanceAt(
  databases: readonly D1Database[],
  uuids: readonly string[],
): Promise<ReadonlyMap<string, IdentityGlance>> {
  const list = JSON.stringify(uuids);
  const glances = new Map(
    uuids.map((uuid) => [uuid, { addresses: [] as string[], troubled: [] as Troubled[] }] as const),
  );
  for (const [addresses, troubled] of await Promise.all(databases.map((db) => readGlances(db, list)))) {
    for (const { uuid, ip } of addresses?.results ?? []) glances.get(uuid)?.addresses.push(ip);
    for (const { uuid, primitive, state } of troubled?.results ?? []) {
      glances.get(uuid)?.troubled.push({ primitive, state: states.parse(state) });
    }
  }
  return glances;
}

function readGlances(db: D1Database, list: string): Promise<D1Result<GlanceRow>[]> {
  return db.batch<GlanceRow>([
    db
      .prepare(
        `SELECT identity_uuid AS uuid, ip FROM (
           SELECT identity_uuid, ip, row_number() OVER (PARTITION BY identity_uuid ORDER BY first_seen_ts, uuid) AS place
           FROM attackers WHERE identity_uuid IN (SELECT value FROM json_each(?1)) AND ip IS NOT NULL
         ) WHERE place <= ${ADDRESSES} ORDER BY identity_uuid, place`,
      )
      .bind(list),
    db
      .prepare(
        `SELECT identity_uuid AS uuid, primitive, state FROM attributions
         WHERE identity_uuid IN (SELECT value FROM json_each(?1)) AND state IN ('drifting', 'conflicted', 'multi_actor')
         ORDER BY identity_uuid, primitive`,
      )
      .bind(list),
  ]);
}

/** One observation of a strip. */
export interface StripObservation {
  readonly primitive: string;
  /** JSON, or the beginning of one if `isCut`. */
  readonly value: string;
  readonly isCut: boolean;
  /** Epoch seconds. */
  readonly ts: number;
  readonly evidenceRef: string;
  readonly attackerUuid: string;
}

/**
 * The newest observations of every primitive of an identity (or of the one it was merged into), oldest first. Costs one
 * pass over its observations.
 * @param most - of each primitive
 */
export async function readStrips(
  db: D1Database,
  identityUuid: string,
  most: number,
): Promise<StripObservation[]> {
  const { results } = await db
    .prepare(
      `${WITH_WINNER} SELECT primitive, substr(value, 1, ${STRIP_VALUE_CHARACTERS}) AS value,
         length(value) > ${STRIP_VALUE_CHARACTERS} AS isCut, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid
       FROM (
         SELECT *, row_number() OVER (
           PARTITION BY primitive ORDER BY ts DESC, evidence_ref DESC, attacker_uuid DESC
         ) AS place
         FROM observations
         WHERE attacker_uuid IN (SELECT uuid FROM attackers WHERE identity_uuid = (SELECT uuid FROM winner))
       ) WHERE place <= ?2 ORDER BY primitive, ts, evidence_ref, attacker_uuid`,
    )
    .bind(identityUuid, most)
    .all<Omit<StripObservation, "isCut"> & { isCut: number }>();
  return results.map((row) => ({ ...row, isCut: row.isCut === 1 }));
}

/** How many states of primitives turned from one into another in an hour of observations. */
export interface Turn {
  /** Start of the hour, epoch seconds. */
  readonly hourTs: number;
  /** Null where it was the first. */
  readonly oldState: string | null;
  readonly newState: string;
  readonly count: number;
}

/** The newest events, summed up. */
export interface Overview {
  readonly turns: readonly Turn[];
  /** Those with the most transitions, most first. */
  readonly active: readonly {
    readonly uuid: string;
    readonly transitions: number;
    readonly lastTs: number;
  }[];
  /** The last of each identity, newest first. */
  readonly suspicions: readonly {
    readonly uuid: string;
    readonly primitives: readonly string[];
    readonly ts: number;
  }[];
}

const NEWEST = `newest AS MATERIALIZED (
  SELECT cursor, identity_uuid, event ->> 'type' AS type, event FROM events ORDER BY cursor DESC LIMIT ${OVERVIEW_EVENTS}
)`;
const names = z.array(z.string());

/** Reads an overview over the newest events of each database. */
export async function readOverview(databases: readonly D1Database[]): Promise<Overview> {
  const parts = await Promise.all(databases.map(readPart));
  const [only, ...others] = parts;
  if (only && others.length === 0) return only;
  const turns = new Map<string, Turn>();
  for (const turn of parts.flatMap((part) => part.turns)) {
    const key = `${turn.hourTs} ${turn.oldState} ${turn.newState}`;
    turns.set(key, { ...turn, count: turn.count + (turns.get(key)?.count ?? 0) });
  }
  return {
    turns: [...turns.values()].toSorted((a, b) => a.hourTs - b.hourTs),
    active: parts
      .flatMap(({ active }) => active)
      .toSorted((a, b) => b.transitions - a.transitions || b.lastTs - a.lastTs)
      .slice(0, OVERVIEW_LISTED),
    suspicions: parts
      .flatMap(({ suspicions }) => suspicions)
      .toSorted((a, b) => b.ts - a.ts)
      .slice(0, OVERVIEW_LISTED),
  };
}

async function readPart(db: D1Database): Promise<Overview> {
  const [turns, active, suspicions] = await Promise.all([
    db
      .prepare(
        `WITH ${NEWEST} SELECT CAST((event ->> '$.payload.ts') / 3600 AS INTEGER) * 3600 AS hourTs,
           event ->> '$.payload.old_state' AS oldState, event ->> '$.payload.new_state' AS newState, count(*) AS count
         FROM newest WHERE type = 'profile.state_changed' GROUP BY 1, 2, 3 ORDER BY 1`,
      )
      .all<Turn>(),
    db
      .prepare(
        `WITH ${NEWEST} SELECT identity_uuid AS uuid, count(*) AS transitions, max(event ->> '$.payload.ts') AS lastTs
         FROM newest WHERE type = 'profile.state_changed'
         GROUP BY identity_uuid ORDER BY transitions DESC, lastTs DESC LIMIT ${OVERVIEW_LISTED}`,
      )
      .all<{ uuid: string; transitions: number; lastTs: number }>(),
    db
      .prepare(
        `WITH ${NEWEST} SELECT identity_uuid AS uuid, event ->> '$.payload.primitives' AS primitives,
           event ->> '$.payload.ts' AS ts
         FROM newest WHERE cursor IN (
           SELECT max(cursor) FROM newest WHERE type = 'profile.multi_actor_suspected' GROUP BY identity_uuid
         ) ORDER BY cursor DESC LIMIT ${OVERVIEW_LISTED}`,
      )
      .all<{ uuid: string; primitives: string; ts: number }>(),
  ]);
  return {
    turns: turns.results,
    active: active.results,
    suspicions: suspicions.results.map(({ uuid, primitives, ts }) => ({
      uuid,
      primitives: names.parse(JSON.parse(primitives)),
      ts,
    })),
  };
}
