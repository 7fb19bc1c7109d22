/**
 * Restores suspicions that a version before stored in the history: the list may stand as the difference to the suspicion before it.
 * Such rows hold one event as text. Every reader of events uses these functions.
 */
import { z } from "zod";
import { applyDifference } from "../core/index.ts";

/** An event as it is stored. */
interface StoredEvent {
  readonly identityUuid: string;
  readonly seq: number;
  readonly event: string;
}

const storedSchema = z.looseObject({
  payload: z.looseObject({ identity_uuid: z.string(), primitives: z.array(z.string()).optional() }),
  difference: z
    .object({ previous: z.number(), added: z.array(z.string()), removed: z.array(z.string()) })
    .optional(),
});
type Stored = z.infer<typeof storedSchema>;

/** Text that marks a stored difference; no other event has this member. */
const MARK = '"difference":{"previous":';

/** From an event back to the one that holds its whole list; at most 32 of them. */
const READ_CHAINS = `
WITH RECURSIVE chain (start, identity_uuid, seq, event, previous) AS (
  SELECT asked.key, identity_uuid, seq, event, event ->> '$.difference.previous'
  FROM json_each(?1) AS asked CROSS JOIN events
    ON identity_uuid = asked.value ->> 0 AND seq = asked.value ->> 1 AND typeof(event) = 'text'
  UNION ALL
  SELECT start, events.identity_uuid, events.seq, events.event, events.event ->> '$.difference.previous'
  FROM chain JOIN events ON events.identity_uuid = chain.identity_uuid AND events.seq = chain.previous
    AND typeof(events.event) = 'text'
)
SELECT identity_uuid AS identityUuid, seq, event FROM chain ORDER BY start, seq`;

/**
 * Events as they were published. It needs a query only if a list is stored as the difference to a suspicion outside of `rows`.
 * If retention has removed the suspicion with the whole list, the list has only the known entries, and `truncated` is set
 * beside the payload.
 * @param rows - of each identity in `seq` order
 */
export async function asPublished<T extends StoredEvent>(db: D1Database, rows: readonly T[]): Promise<T[]> {
  if (!rows.some(({ event }) => event.includes(MARK))) return [...rows];
  const known = new Map<string, KnownList>();
  const earlier = await readChains(db, rows);
  for (const row of earlier) known.set(nameOf(row), listOf(row, readStored(row), known));
  return rows.map((row) => {
    if (!row.event.includes(SUSPICION)) return row;
    const stored = readStored(row);
    const list = listOf(row, stored, known);
    known.set(nameOf(row), list);
    return stored.difference ? { ...row, event: completed(stored, list) } : row;
  });
}

const SUSPICION = '"type":"profile.multi_actor_suspected"';

interface KnownList {
  readonly primitives: readonly string[];
  /** Whether the whole list could be restored. */
  readonly isWhole: boolean;
}

/** The suspicions before the rows with differences, oldest first, back to the last whole lists. */
async function readChains(db: D1Database, rows: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const isHere = new Set(rows.map(nameOf));
  const missing = new Map<string, readonly [string, number]>();
  for (const row of rows) {
    if (!row.event.includes(MARK)) continue;
    const { difference } = readStored(row);
    if (!difference) continue;
    const name = nameOf({ ...row, seq: difference.previous });
    if (!isHere.has(name)) missing.set(name, [row.identityUuid, difference.previous]);
  }
  if (missing.size === 0) return [];
  const asked = JSON.stringify([...missing.values()]);
  return (await db.prepare(READ_CHAINS).bind(asked).all<StoredEvent>()).results;
}

function readStored({ event }: StoredEvent): Stored {
  return storedSchema.parse(JSON.parse(event));
}

function listOf(
  row: StoredEvent,
  { payload, difference }: Stored,
  known: ReadonlyMap<string, KnownList>,
): KnownList {
  if (!difference) return { primitives: payload.primitives ?? [], isWhole: true };
  const before = known.get(nameOf({ ...row, seq: difference.previous }));
  return {
    primitives: applyDifference(before?.primitives ?? [], difference),
    isWhole: before?.isWhole ?? false,
  };
}

/** The event with its list; its fields are in the order in which they were published. */
function completed(stored: Stored, { primitives, isWhole }: KnownList): string {
  const { difference: _, payload, v, id, seq, topic, type, ts, ...beside } = stored;
  const { identity_uuid, ...rest } = payload;
  const envelope = { v, id, seq, topic, type, ts, payload: { identity_uuid, primitives, ...rest } };
  return JSON.stringify({ ...envelope, ...(isWhole ? {} : { truncated: true }), ...beside });
}

function nameOf({ identityUuid, seq }: Pick<StoredEvent, "identityUuid" | "seq">): string {
  return `${identityUuid} ${seq}`;
}
