/**
 * Compares an identity's object with D1, page by page, and repairs differences. Both have their observations in session rows, in the same
 * order of attackers and places. An observation of a session that fills its row may be at another depth in each, so a difference within a
 * range of rows need not be one: what the object has elsewhere is not applied again, and what D1 has elsewhere is not removed.
 */
import { compareUtf8, type ObservationKey } from "../core/index.ts";
import { digestRange } from "../identity/index.ts";
import type { Shard } from "../shard.ts";
import {
  type ObservationPage,
  readExistingKeys,
  readIdentityPage,
  readLinks,
  type SessionCursor,
  type StoredMember,
} from "../storage/index.ts";
import type { QueryBudget } from "./query-budget.ts";
import type { SweepReport } from "./sweep-report.ts";

/** Queries of a page: reading it, the links of what is missing, and a check of what D1 may lack, which seldom takes more than four. */
const PAGE_QUERIES = 6;
/** Queries of the note at the end. */
export const NOTE_QUERIES = 1;

/** An identity that is compared, and the limits of the run. */
export interface Sweeping {
  readonly env: Env;
  readonly shard: Shard;
  readonly uuid: string;
  readonly limits: { readonly rows: number; readonly page: number };
  readonly report: SweepReport;
  readonly budget: QueryBudget;
}

/** The result of comparing: done, continue after a row, or start again later. */
export type Compared =
  | { readonly outcome: "complete" | "anew" }
  | { readonly outcome: "part"; readonly after: SessionCursor };

/** Compares an identity's observations, page by page, within the limits of the run. */
export async function comparePages(sweeping: Sweeping, start: SessionCursor | null): Promise<Compared> {
  const { shard, uuid, limits, report, budget } = sweeping;
  let after = start;
  for (;;) {
    const isUsedUp = report.rows >= limits.rows || !budget.has(PAGE_QUERIES + NOTE_QUERIES);
    if (isUsedUp) return after === null ? { outcome: "anew" } : { outcome: "part", after };
    budget.take(1);
    const page = await readIdentityPage(shard.db, uuid, after, limits.page);
    report.rows += page.sessions.length;
    const reached = await comparePage(sweeping, after, page);
    if (reached === "anew") return { outcome: "anew" };
    after = reached;
    if (after === null) return { outcome: "complete" };
  }
}

/**
 * Compares one page.
 * @returns where to go on, null at the end, or `anew` if the object has newer links
 */
async function comparePage(
  { env, shard, uuid, report, budget }: Sweeping,
  after: SessionCursor | null,
  page: ObservationPage,
): Promise<SessionCursor | null | "anew"> {
  const object = env.IDENTITIES.getByName(uuid);
  const answer = await object.checkRange({ after, through: page.next }, digestRange(page.observations));
  if (answer.outcome === "same") return page.next;
  const { rows, through } = answer;
  const held = new Map(rows.map((row) => [nameOf(row), row]));
  // The session rows beyond what the object answered are compared with the next page.
  const compared = page.sessions
    .filter((session) => through === null || compareCursors(session, through) <= 0)
    .flatMap(({ observations }) => observations);
  const missing = compared.filter((row) => !isSame(row, held.get(nameOf(row))));
  const inPage = new Set(compared.map(nameOf));
  const extra = rows.filter((row) => !inPage.has(nameOf(row)));
  const concerned = [...new Set([...missing, ...extra].map(({ attackerUuid }) => attackerUuid))];
  budget.take(1);
  const known = await readLinks(shard.db, concerned);
  const links = known.filter(({ identityUuid }) => identityUuid === uuid);
  const linked = new Set(links.map(({ attackerUuid }) => attackerUuid));
  if (missing.length > 0) {
    const applied = await object.apply({
      links: links.map((link) => ({ ...link, needsBackfill: false })),
      observations: missing.filter(({ attackerUuid }) => linked.has(attackerUuid)),
    });
    // The object has newer links than those that were read here.
    if (applied.outcome === "moved") return "anew";
    report.applied += applied.applied;
  }
  if (extra.length > 0) {
    // A row that arrived after the page was read is in D1 by now, because every row is written to D1 first.
    const keys = await readExistingKeys(shard.db, extra, () => budget.take(1));
    const existing = new Set(keys.map(nameOf));
    const gone = extra.filter((row) => !existing.has(nameOf(row)) || !linked.has(row.attackerUuid));
    if (gone.length > 0) await object.remove(gone.map(toKey));
    report.removed += gone.length;
    const elsewhere = new Set(gone.map(({ attackerUuid }) => attackerUuid));
    for (const { attackerUuid, identityUuid, linkVersion } of known) {
      const isElsewhere = identityUuid !== uuid && elsewhere.has(attackerUuid);
      if (isElsewhere) await object.release(attackerUuid, linkVersion);
    }
  }
  return through ?? page.next;
}

function isSame(row: StoredMember, held: Omit<StoredMember, keyof ObservationKey> | undefined): boolean {
  return held !== undefined && held.ts === row.ts && held.id === row.id && held.value === row.value;
}

/** The order in which both sides have their session rows. */
function compareCursors(a: SessionCursor, b: SessionCursor): number {
  return compareUtf8(a.attackerUuid, b.attackerUuid) || a.place - b.place;
}

function toKey({ attackerUuid, primitive, evidenceRef }: ObservationKey): ObservationKey {
  return { attackerUuid, primitive, evidenceRef };
}

/** A key as one text; none of its parts holds a U+0000. */
function nameOf({ attackerUuid, primitive, evidenceRef }: ObservationKey): string {
  return `${attackerUuid}\0${primitive}\0${evidenceRef}`;
}
