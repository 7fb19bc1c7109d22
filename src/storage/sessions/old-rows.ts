/**
 * Observations that the version before has stored one per row, until they are packed into session rows. A job packs all of them. Who needs
 * the observations of some attackers before, packs theirs first: then everything else reads session rows only. Each page is one
 * transaction, so it may be cut off anywhere, and several may pack the same attackers at a time.
 */
import { movePage, readRowsAt } from "./old-row-moving.ts";
import { isAnyOld, type Packed, readOldPage } from "./old-row-page.ts";
import { placeInRows } from "./placing.ts";

/**
 * Maximum queries of a page: 2 for the old rows, 3 for session rows (a session of 35,000 observations has them on three levels), 7 for the
 * transaction. It usually takes 5.
 */
export const PACK_PAGE_QUERIES = 12;
/** Maximum bytes of the session rows that a page reads: they are written again. */
const READ_BYTES = 400_000;

/** Databases without old rows. None are ever written again, so nothing is asked of these any more. */
const emptied = new WeakSet<D1Database>();

/** Whether there may be old rows. One query until there are none; none from then on. */
export async function hasOldRows(db: D1Database): Promise<boolean> {
  if (emptied.has(db)) return false;
  if (await isAnyOld(db)) return true;
  emptied.add(db);
  return false;
}

/** What became of a page. */
export interface PackedPage {
  /** Whether none of the attackers concerned has old rows any more. */
  readonly isDone: boolean;
  /** The state of the job after the page, JSON; null if the page has changed nothing. */
  readonly state: string | null;
  /** Queries that it took. */
  readonly queries: number;
}

/** Packs one page of the old rows of some attackers, or does nothing if another one was faster. At most `PACK_PAGE_QUERIES`. */
export async function packPage(db: D1Database, packed: Packed): Promise<PackedPage> {
  if (emptied.has(db)) return { isDone: true, state: null, queries: 0 };
  const { rows, hasMore, queries: readQueries } = await readOldPage(db, packed);
  if (rows.length === 0) {
    const isAny = packed !== null && (await isAnyOld(db));
    if (!isAny) emptied.add(db);
    return { isDone: true, state: null, queries: 2 };
  }
  let [left, reads] = [READ_BYTES, 0];
  const placement = await placeInRows(
    rows.filter(({ isErased }) => !isErased),
    async (places) => {
      const read = await readRowsAt(db, places, left);
      left = Math.max(0, left - read.bytes);
      reads++;
      return read;
    },
  );
  const erased = rows.filter(({ isErased }) => isErased);
  const { state, queries } = await movePage(db, { ...placement, erased });
  const isWhole = placement.placed.length + erased.length === rows.length;
  return { isDone: state !== null && isWhole && !hasMore, state, queries: readQueries + reads + queries };
}

/**
 * Packs the old rows of some attackers, so that all their observations stand in session rows. Takes no query where there are no old rows.
 * @param pages - maximum pages; at most `PACK_PAGE_QUERIES` each
 * @returns whether some of their old rows may be left: whoever must not miss an observation tries again later
 */
export async function packAttackers(
  db: D1Database,
  packed: NonNullable<Packed>,
  pages: number,
): Promise<{ readonly left: boolean }> {
  for (let page = 0; page < pages; page++) {
    if ((await packPage(db, packed)).isDone) return { left: false };
  }
  return { left: true };
}

/**
 * Whether some attackers have no old rows. If they have, a page of them is packed: a step of a job that needs their observations
 * comes back later. At most 2 queries if they have none, else `PACK_PAGE_QUERIES`; none where there are no old rows at all.
 */
export async function arePacked(db: D1Database, packed: NonNullable<Packed>): Promise<boolean> {
  if ("length" in packed && packed.length === 0) return true;
  const { isDone, state } = await packPage(db, packed);
  return isDone && state === null;
}

/** Pages that are packed before a batch of messages is stored. */
const BATCH_PAGES = 2;

const READ_LEFT = `
SELECT asked.value AS attackerUuid FROM json_each(?1) AS asked
WHERE EXISTS (SELECT 1 FROM observation_rows WHERE attacker_uuid = asked.value)`;

const PACK_FIRST = `
UPDATE jobs SET state = json_set(state, '$.first', json(?1)) WHERE kind = 'pack_observations' AND subject = ''`;

/** Attackers that the job is asked to pack first. */
const MOST_FIRST = 100;

/**
 * Packs the old rows of the attackers of a batch of messages. An observation may be stored only once its attacker has no old
 * rows, because its key may stand in one of them. The job goes on with those that have too many.
 * @returns the attackers that still have some: their messages must wait
 */
export async function packBeforeRecording(
  db: D1Database,
  attackerUuids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (emptied.has(db) || attackerUuids.length === 0) return new Set();
  if (!(await packAttackers(db, attackerUuids, BATCH_PAGES)).left) return new Set();
  const { results } = await db
    .prepare(READ_LEFT)
    .bind(JSON.stringify(attackerUuids))
    .all<{ attackerUuid: string }>();
  const left = results.map(({ attackerUuid }) => attackerUuid);
  if (left.length > 0) {
    await db
      .prepare(PACK_FIRST)
      .bind(JSON.stringify(left.slice(0, MOST_FIRST)))
      .run();
  }
  return new Set(left);
}

/** SQL: the number of old rows whose attackers wait to be registered. */
export const WAITING_OLD_ROWS = `(
  SELECT count(*) FROM attackers CROSS JOIN observation_rows ON attacker_uuid = uuid WHERE identity_uuid IS NULL)`;
