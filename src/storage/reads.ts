/** What the API reads from D1: identities and histories. Wakes no object. */
import { and, asc, eq, gt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { events, identities } from "./schema.ts";
import { asPublished } from "./suspicions.ts";

/** A published event, as it was sent. */
export interface HistoryEvent {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
}

/** Whether an identity exists. */
export async function hasIdentity(db: D1Database, uuid: string): Promise<boolean> {
  const row = await drizzle(db)
    .select({ uuid: identities.uuid })
    .from(identities)
    .where(eq(identities.uuid, uuid))
    .get();
  return row !== undefined;
}

/** The events of an identity with a `seq` above `afterSeq`, in `seq` order. */
export async function readHistory(
  db: D1Database,
  identityUuid: string,
  afterSeq: number,
  limit: number,
): Promise<HistoryEvent[]> {
  const rows = await drizzle(db)
    .select({ seq: events.seq, event: events.event })
    .from(events)
    .where(and(eq(events.identityUuid, identityUuid), gt(events.seq, afterSeq)))
    .orderBy(asc(events.seq))
    .limit(limit);
  const published = await asPublished(
    db,
    rows.map((row) => ({ ...row, identityUuid })),
  );
  return published.map(({ seq, event }) => ({ seq, event }));
}
