/**
 * Finds stored observations by their keys. An observation is in the row of its session, or, if that row is full, in one that is deeper.
 * So the rows are read level by level: a level is read only for the keys that the one before has passed on.
 */
import { nameInAttacker, type ObservationKey, placeOf } from "../../core/index.ts";
import { parameters } from "../parameters.ts";
import type { RecordedObservation } from "./codec.ts";
import { idAt, ROW_COLUMNS, type RowColumns, type StoredRow, toStoredRow } from "./rows.ts";
import { nameOfPlace } from "./writing.ts";

/** Levels that are searched. A row 10 levels deep needs 10^12 observations of one session. */
const MOST_LEVELS = 24;
/** Bytes of packed bodies that one query reads; a further one reads the rest. */
const READ_BYTES = 2_000_000;

/** A row, and those of its observations that are looked for. */
export interface FoundRow {
  readonly row: StoredRow;
  readonly found: readonly RecordedObservation[];
}

/** Rows of attackers that are linked to the identity ?2 (any, if that is null); without body beyond the bytes of one query. */
const READ = `
SELECT attackerUuid, ${ROW_COLUMNS.replace("hex(sessions.body)", `iif(sized.before < ${READ_BYTES}, hex(sessions.body), NULL)`)}
FROM (
  SELECT attackers.uuid AS attackerUuid, sessions.id AS id,
    sum(length(sessions.body)) OVER (ROWS UNBOUNDED PRECEDING) - length(sessions.body) AS before
  FROM json_each(?1) AS asked CROSS JOIN attackers ON attackers.uuid = asked.value ->> 0
    CROSS JOIN sessions ON sessions.id = ${idAt("(asked.value ->> 1)")}
  WHERE ?2 IS NULL OR attackers.identity_uuid = ?2
) AS sized CROSS JOIN sessions ON sessions.id = sized.id`;

interface Group {
  readonly attackerUuid: string;
  readonly place: number;
  readonly keys: ObservationKey[];
}

/**
 * Finds the rows that hold some observations, in lists of up to 2 MB of bodies. One query per list, and at least one per level and
 * 20,000 rows; usually one altogether.
 * @param identityUuid - only of attackers that are linked to it; null: of any
 * @param onQuery - called with each query
 */
export async function* findByKey(
  db: D1Database,
  keys: readonly ObservationKey[],
  identityUuid: string | null,
  onQuery: () => void = () => {},
): AsyncGenerator<readonly FoundRow[], void, undefined> {
  let sought = keys;
  for (let level = 0; level < MOST_LEVELS && sought.length > 0; level++) {
    const deeper: ObservationKey[] = [];
    let groups = groupsOf(sought, level);
    while (groups.size > 0) {
      const unread = new Map<string, Group>();
      for (const list of parameters([...groups.values()].map((group) => [group.attackerUuid, group.place]))) {
        onQuery();
        const { results } = await db
          .prepare(READ)
          .bind(list, identityUuid)
          .all<RowColumns & { readonly attackerUuid: string; readonly body: string | null }>();
        const found: FoundRow[] = [];
        for (const columns of results) {
          const name = nameOfPlace(columns.attackerUuid, columns.place);
          const group = groups.get(name);
          if (!group) continue;
          if (columns.body === null) {
            unread.set(name, group);
            continue;
          }
          const row = toStoredRow(columns.attackerUuid, columns);
          const { inRow, others } = lookUp(row, group.keys);
          if (inRow.length > 0) found.push({ row, found: inRow });
          if (row.isFull) deeper.push(...others);
        }
        if (found.length > 0) yield found;
      }
      groups = unread;
    }
    sought = deeper;
  }
}

function groupsOf(keys: readonly ObservationKey[], level: number): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const key of keys) {
    const { attackerUuid } = key;
    const place = placeOf(key, level);
    const name = nameOfPlace(attackerUuid, place);
    const group = groups.get(name) ?? { attackerUuid, place, keys: [] };
    groups.set(name, group);
    group.keys.push(key);
  }
  return groups;
}

function lookUp(row: StoredRow, keys: readonly ObservationKey[]) {
  const stored = new Map(row.observations.map((each) => [nameInAttacker(each.observation), each]));
  const inRow: RecordedObservation[] = [];
  const others: ObservationKey[] = [];
  for (const key of keys) {
    const found = stored.get(nameInAttacker(key));
    if (found) inRow.push(found);
    else others.push(key);
  }
  return { inRow, others };
}
