/** The history of an identity, as the API shows it. */
import { WITH_WINNER } from "../identity-reads.ts";
import { asPublished } from "../suspicions.ts";
import type { HistoryEvent } from "./codec.ts";
import { type PageRow, readPageRows, readRange, selectPages } from "./pages.ts";

/** A page of an identity's history, and whose it is. */
export interface HistoryPage {
  readonly identityUuid: string;
  /** In `seq` order. */
  readonly events: readonly HistoryEvent[];
}

/** @param identity - SQL for the UUID; parameter ?2 is the `seq` to start after, ?3 the number of events */
const readAfter = (identity: string) =>
  selectPages({ by: "seq", of: `identity_uuid = ${identity}`, after: "?2", most: "?3" });

const READ_HISTORY = readAfter("?1");

/** The events of an identity with a `seq` above `afterSeq`, in `seq` order. One query, and one for suspicions of before. */
export async function readHistory(
  db: D1Database,
  identityUuid: string,
  afterSeq: number,
  limit: number,
): Promise<HistoryEvent[]> {
  return readOn(db, identityUuid, afterSeq, limit, null);
}

/**
 * The events with a `seq` above `afterSeq` of an identity, or of the one it was merged into.
 * @param isOwn - of this identity itself, though it may be merged away
 * @returns null if the identity is not known
 */
export async function readTransitions(
  db: D1Database,
  uuid: string,
  isOwn: boolean,
  afterSeq: number,
  limit: number,
): Promise<HistoryPage | null> {
  const subject = isOwn
    ? "SELECT uuid FROM identities WHERE uuid = ?1"
    : `${WITH_WINNER} SELECT uuid FROM winner`;
  const [identities, rows] = await db.batch<{ uuid: string }>([
    db.prepare(subject).bind(uuid),
    db.prepare(readAfter(`(${subject})`)).bind(uuid, afterSeq, limit),
  ]);
  const identity = identities?.results[0];
  if (!identity) return null;
  const events = await readOn(db, identity.uuid, afterSeq, limit, readPageRows(rows));
  return { identityUuid: identity.uuid, events };
}

/** @param first - the rows of the first reading, or null if they are to be read */
async function readOn(
  db: D1Database,
  identityUuid: string,
  afterSeq: number,
  limit: number,
  first: PageRow[] | null,
): Promise<HistoryEvent[]> {
  const placed = await readRange("seq", afterSeq, limit, async (after) => {
    if (first !== null && after === afterSeq) return first;
    return readPageRows(await db.prepare(READ_HISTORY).bind(identityUuid, after, limit).all());
  });
  const events = await asPublished(db, placed);
  return events.map(({ seq, event }) => ({ seq, event }));
}
