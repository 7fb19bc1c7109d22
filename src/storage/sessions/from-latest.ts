/**
 * Observations of some attackers from the latest session rows on, for readers that need the end of a history and stop when they have it. Session
 * rows have no index by time: one query determines the latest rows by a pass over all of them without their bodies, further ones read bodies.
 */
import type { Observation } from "../../core/index.ts";
import { winnerOf } from "../winners.ts";
import { decodeSession } from "./codec.ts";
import { KnownBodies } from "./known-bodies.ts";
import { type Holders, theAttackers } from "./row-pages.ts";
import { OF_ATTACKER } from "./rows.ts";

/** Whose observations: some attackers, or those of an identity (or of the one it was merged into). */
export type LatestOf = readonly string[] | { readonly identityUuid: string };

/** Some of the observations. */
export interface LatestPage {
  /** In no particular order. */
  readonly observations: readonly Observation[];
  /** No observation of a later page is later than this, epoch seconds; null: there is no other one. */
  readonly untilTs: number | null;
}

/** Maximum rows that are read, and bytes of their packed bodies. What is left is not read: `untilTs` of the last page is not null then. */
export const LATEST_ROWS = 4_096;
const LATEST_BYTES = 6_000_000;
/** Rows of the first page, and how many times as many the next one has; maximum bytes of a page, unless one row has more. */
const FIRST_ROWS = 72;
const GROWTH = 4;
const PAGE_BYTES = 1_000_000;

const holderOf = ({ sql }: Holders) =>
  `WITH holder AS MATERIALIZED (SELECT attackers.uuid AS uuid, attackers.number AS number FROM ${sql})`;

/** @param ?1 - of the holders @param ?2 - epoch seconds: rows that begin later are left out @param ?3 - maximum rows */
const listRows = (holders: Holders, order: string) => `
${holderOf(holders)}
SELECT attackers.uuid AS attackerUuid, CAST(sessions.id AS TEXT) AS id, sessions.version AS version, min(sessions.last_ts, ?2) AS untilTs, length(sessions.body) AS bytes
FROM holder AS attackers CROSS JOIN sessions ON ${OF_ATTACKER}
WHERE sessions.size > 0 AND sessions.first_ts <= ?2 ${order} LIMIT ?3`;

/** @param ?1 - JSON list of ids as texts */
const READ_BODIES = `
SELECT CAST(sessions.id AS TEXT) AS id, sessions.version AS version, hex(sessions.body) AS body
FROM json_each(?1) AS asked CROSS JOIN sessions ON sessions.id = CAST(asked.value AS INTEGER)`;

interface ListedRow {
  readonly attackerUuid: string;
  /** Decimal digits. */
  readonly id: string;
  readonly version: number;
  readonly untilTs: number;
  readonly bytes: number;
}

/**
 * Reads observations, those of the rows with the latest observations first. One query before the first page, two if there are many rows, and one for each page; at most
 * 16, `LATEST_ROWS` rows with bodies and 6 MB of them. Observations that the version before has stored one per row are not read.
 * @param asOfTs - epoch seconds: later observations are left out; null: none
 */
export async function* readFromLatest(
  db: D1Database,
  of: LatestOf,
  asOfTs: number | null,
): AsyncGenerator<LatestPage, void, undefined> {
  const toTs = asOfTs ?? Number.MAX_VALUE;
  const holders =
    "identityUuid" in of
      ? { sql: `attackers WHERE attackers.identity_uuid = ${winnerOf("?1")}`, parameter: of.identityUuid }
      : theAttackers(of);
  const rows = await readListed(db, holders, toTs);
  let bytes = 0;
  let most = FIRST_ROWS;
  for (let first = 0; first < Math.min(rows.length, LATEST_ROWS) && bytes < LATEST_BYTES; most *= GROWTH) {
    const page = pageFrom(rows, first, most);
    first += page.length;
    bytes += bytesOf(page);
    // oxlint-disable-next-line no-await-in-loop -- the reader may have enough after each page
    const observations = await readBodies(db, page, toTs);
    yield { observations, untilTs: rows[first]?.untilTs ?? null };
  }
}

/** The latest rows, one more than are read if there are more. D1 counts rows that it sorts twice, so it sorts them only if there are many. */
async function readListed(db: D1Database, holders: Holders, toTs: number): Promise<readonly ListedRow[]> {
  const list = (order: string) =>
    db
      .prepare(listRows(holders, order))
      .bind(holders.parameter, toTs, LATEST_ROWS + 1)
      .all<ListedRow>();
  const { results: all } = await list("");
  if (all.length > LATEST_ROWS) return (await list("ORDER BY untilTs DESC, sessions.id DESC")).results;
  return all.toSorted((a, b) => b.untilTs - a.untilTs);
}

/** As many rows as fit into a page, at least one. */
function pageFrom(rows: readonly ListedRow[], first: number, most: number): readonly ListedRow[] {
  const page = rows.slice(first, Math.min(first + most, LATEST_ROWS));
  let bytes = 0;
  const cut = page.findIndex((row) => (bytes += row.bytes) > PAGE_BYTES);
  return cut === -1 ? page : page.slice(0, Math.max(1, cut));
}

function bytesOf(rows: readonly ListedRow[]): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0);
}

const knownBodies = new WeakMap<D1Database, KnownBodies>();

async function readBodies(db: D1Database, page: readonly ListedRow[], toTs: number): Promise<Observation[]> {
  const known = knownBodies.get(db) ?? new KnownBodies();
  knownBodies.set(db, known);
  const bodies = new Map(page.map(({ id, version }) => [id, known.find(id, version)]));
  const missing = page.filter(({ id }) => bodies.get(id) === null).map(({ id }) => id);
  if (missing.length > 0) {
    const { results } = await db
      .prepare(READ_BODIES)
      .bind(JSON.stringify(missing))
      .all<{ readonly id: string; readonly version: number; readonly body: string }>();
    for (const { id, version, body } of results) {
      bodies.set(id, body);
      known.keep(id, { version, body });
    }
  }
  return page.flatMap(({ id, attackerUuid }) => {
    // A row that was removed since it was listed has none.
    const body = bodies.get(id) ?? null;
    if (body === null) return [];
    return decodeSession(attackerUuid, body)
      .map(({ observation }) => observation)
      .filter(({ ts }) => ts <= toTs);
  });
}
