/** Observations that were stored before their attacker was registered: read in pages, in the order of arrival. */
import { type StoredMember, toMember } from "./observation-pages.ts";
import { readInTime } from "./sessions/in-time.ts";
import { theAttackers } from "./sessions/row-pages.ts";

/** How far a backfill has come: the key of the last observation read. */
export interface BackfillCursor {
  readonly ts: number;
  readonly evidenceRef: string;
  readonly primitive: string;
}

/**
 * The next observations of an attacker, ordered by (`ts`, `evidence_ref`, `primitive`); empty at the end. Usually one query (see
 * `readInTime`).
 */
export async function readBackfillPage(
  db: D1Database,
  attackerUuid: string,
  after: BackfillCursor | null,
  limit: number,
): Promise<StoredMember[]> {
  const page = await readInTime(db, theAttackers([attackerUuid]), {
    fromTs: -Number.MAX_VALUE,
    toTs: Number.MAX_VALUE,
    after: after && { ...after, attackerUuid },
    primitive: null,
    limit,
  });
  return page.map(toMember);
}

/** Links at a version, at most so many in one statement: their JSON stays under 1 MB. */
const LINKS_AT_ONCE = 10_000;

/** Says that everything stored of some attackers is applied, but for those whose link has changed since. */
export async function finishBackfills(
  db: D1Database,
  links: readonly { readonly attackerUuid: string; readonly linkVersion: number }[],
): Promise<void> {
  for (let i = 0; i < links.length; i += LINKS_AT_ONCE) {
    const pairs = links
      .slice(i, i + LINKS_AT_ONCE)
      .map(({ attackerUuid, linkVersion }) => [attackerUuid, linkVersion]);
    await db
      .prepare(
        `UPDATE attackers SET needs_backfill = 0 WHERE needs_backfill AND (uuid, link_version) IN (
           SELECT value ->> 0, value ->> 1 FROM json_each(?1))`,
      )
      .bind(JSON.stringify(pairs))
      .run();
  }
}
