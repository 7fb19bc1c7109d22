/**
 * Suspicions in the history: the list of one may stand as the difference to the list of the suspicion before it. Whoever
 * reads events makes them complete here.
 */
import { z } from "zod";
import { applyDifference, type ListDifference } from "../core/index.ts";

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

/** What a stored difference looks like from outside; no other event has such a member. */
const MARK = '"difference":{"previous":';

/** From an event back to the one that holds its whole list; at most 32 of them. */
const READ_CHAINS = `
WITH RECURSIVE chain (start, identity_uuid, seq, event, previous) AS (
  SELECT asked.key, identity_uuid, seq, event, event ->> '$.difference.previous'
  FROM json_each(?1) AS asked CROSS JOIN events
    ON identity_uuid = asked.value ->> 0 AND seq = asked.value ->> 1
  UNION ALL
  SELECT start, events.identity_uuid, events.seq, events.event, events.event ->> '$.difference.previous'
  FROM chain JOIN events ON events.identity_uuid = chain.identity_uuid AND events.seq = chain.previous
)
SELECT identity_uuid AS identityUuid, seq, event FROM chain ORDER BY start, seq`;

/**
 * Events as they were published. Costs a query only where a list stands as a difference to one that is not among them.
 * @param rows - of each identity in `seq` order
 */
export async function asPublished<T extends StoredEvent>(db: D1Database, rows: readonly T[]): Promise<T[]> {
  if (!rows.some(({ event }) => event.includes(MARK))) return [...rows];
  const parsed = rows.map((row) =>
    row.event.includes(MARK) ? storedSchema.parse(JSON.parse(row.event)) : null,
  );
  const known = new Map<string, readonly string[]>();
  const missing = new Map<string, readonly [string, number]>();
  const isHere = new Set(rows.map(nameOf));
  for (const [i, row] of rows.entries()) {
    const previous = parsed[i]?.difference?.previous;
    if (previous === undefined) continue;
    const name = nameOf({ ...row, seq: previous });
    if (!isHere.has(name)) missing.set(name, [row.identityUuid, previous]);
  }
  if (missing.size > 0) {
    const { results } = await db
      .prepare(READ_CHAINS)
      .bind(JSON.stringify([...missing.values()]))
      .all<StoredEvent>();
    for (const row of results)
      known.set(nameOf(row), listOf(row, storedSchema.parse(JSON.parse(row.event)), known));
  }
  return rows.map((row, i) => {
    const stored =
      parsed[i] ?? (row.event.includes(SUSPICION) ? storedSchema.parse(JSON.parse(row.event)) : null);
    if (!stored) return row;
    const primitives = listOf(row, stored, known);
    known.set(nameOf(row), primitives);
    if (!stored.difference) return row;
    const { difference: _, payload, ...envelope } = stored;
    const { identity_uuid, ...rest } = payload;
    // The order of the fields is that of a published event.
    const { v, id, seq, topic, type, ts, ...beside } = envelope;
    const event = JSON.stringify({
      v,
      id,
      seq,
      topic,
      type,
      ts,
      payload: { identity_uuid, primitives, ...rest },
      ...beside,
    });
    return { ...row, event };
  });
}

const SUSPICION = '"type":"profile.multi_actor_suspected"';

/** The list of a suspicion. Where retention has removed the one it differs from, what is known of it. */
function listOf(
  row: StoredEvent,
  { payload, difference }: Stored,
  known: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (!difference) return payload.primitives ?? [];
  const before = known.get(nameOf({ ...row, seq: difference.previous })) ?? [];
  return applyDifference(before, difference satisfies ListDifference);
}

function nameOf({ identityUuid, seq }: Pick<StoredEvent, "identityUuid" | "seq">): string {
  return `${identityUuid} ${seq}`;
}
