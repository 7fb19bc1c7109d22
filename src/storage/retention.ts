/** Removes observations that are older than the retention. */
import type { ObservationKey } from "../core/index.ts";
import { findByKey, type FoundRow } from "./sessions/finding.ts";
import { writeTrims } from "./sessions/trimming.ts";

/** Attempts to write over rows that other writers change at the same time. */
const MOST_ATTEMPTS = 8;

/**
 * Removes observations by key, unless they were replaced by something newer than a time, or their attacker is linked to
 * another identity by now: whoever reads them there has to find them. Observations in a row that other writers change all the
 * time stay as well. Three queries per 2 MB of rows that are deleted as a whole, up to 13 per 2 MB of those that are cut.
 * @param identityUuid - the identity whose object removes them
 * @param beforeTs - epoch seconds
 * @returns how many were removed
 */
export async function deleteObservations(
  db: D1Database,
  identityUuid: string,
  keys: readonly ObservationKey[],
  beforeTs: number,
): Promise<number> {
  let removed = 0;
  let open = keys;
  for (let attempt = 0; attempt < MOST_ATTEMPTS && open.length > 0; attempt++) {
    const lost: ObservationKey[] = [];
    for await (const rows of findByKey(db, open, identityUuid)) {
      const trims = rows.flatMap((found) => trimOf(found, beforeTs) ?? []);
      const written = await writeTrims(db, trims, identityUuid);
      for (const { row, kept, gone } of trims) {
        if (written.has(row.id)) removed += row.observations.length - kept.length;
        else lost.push(...gone.map(({ observation }) => observation));
      }
    }
    open = lost;
  }
  return removed;
}

/** What stays of a row, or null if all of it does. */
function trimOf({ row, found }: FoundRow, beforeTs: number) {
  const gone = new Set(found.filter(({ observation }) => observation.ts < beforeTs));
  if (gone.size === 0) return null;
  return { row, kept: row.observations.filter((each) => !gone.has(each)), gone: [...gone] };
}
