/** Compares an identity's object with D1, page by page, and repairs differences. */
import { compareUtf8, type ObservationKey } from "../core/index.ts";
import { CHECKED_ROWS, digestRange } from "../identity/index.ts";
import type { Shard } from "../shard.ts";
import { readExistingKeys, readIdentityPage, readLinks, type StoredMember } from "../storage/index.ts";
import type { QueryBudget } from "./query-budget.ts";
import type { SweepReport } from "./sweep-report.ts";

/** Maximum queries of a page: reading it, the links of missing rows, and a check of rows that D1 may lack. */
const PAGE_QUERIES = 3;
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

/** The result of comparing: done, continue after a key, or start again later. */
export type Compared =
  | { readonly outcome: "complete" | "anew" }
  | { readonly outcome: "part"; readonly after: ObservationKey };

/** Compares an identity's observations, page by page, within the limits of the run. */
export async function comparePages(sweeping: Sweeping, start: ObservationKey | null): Promise<Compared> {
  const { shard, uuid, limits, report, budget } = sweeping;
  let after = start;
  for (;;) {
    const isUsedUp = report.rows >= limits.rows || !budget.has(PAGE_QUERIES + NOTE_QUERIES);
    if (isUsedUp) return after === null ? { outcome: "anew" } : { outcome: "part", after };
    budget.take(1);
    const page = await readIdentityPage(shard.db, uuid, after, limits.page);
    report.rows += page.length;
    const last = page.length === limits.page ? (page.at(-1) ?? null) : null;
    const reached = await comparePage(sweeping, after, last, page);
    if (reached === "anew") return { outcome: "anew" };
    after = reached ?? (last && toKey(last));
    if (after === null) return { outcome: "complete" };
  }
}

/**
 * Compares one page.
 * @returns null if the whole page was compared, the key up to which it was, or `anew` if the object has newer links
 */
async function comparePage(
  { env, shard, uuid, report, budget }: Sweeping,
  after: ObservationKey | null,
  last: StoredMember | null,
  page: readonly StoredMember[],
): Promise<ObservationKey | null | "anew"> {
  const object = env.IDENTITIES.getByName(uuid);
  const answer = await object.checkRange({ after, through: last && toKey(last) }, digestRange(page));
  if (answer.outcome === "same") return null;
  const { rows } = answer;
  const held = new Map(rows.map((row) => [nameOf(row), row]));
  // The rows beyond the limit are compared with the next page.
  const cut = rows.length >= CHECKED_ROWS ? (rows.at(-1) ?? null) : null;
  const missing = page.filter((row) => !isSame(row, held.get(nameOf(row))) && !(cut && isBeyond(row, cut)));
  const inPage = new Set(page.map(nameOf));
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
    budget.take(1);
    // A row that arrived after the page was read is in D1 by now, because every row is written to D1 first.
    const existing = new Set((await readExistingKeys(shard.db, extra)).map(nameOf));
    const gone = extra.filter((row) => !existing.has(nameOf(row)) || !linked.has(row.attackerUuid));
    if (gone.length > 0) await object.remove(gone.map(toKey));
    report.removed += gone.length;
    const elsewhere = new Set(gone.map(({ attackerUuid }) => attackerUuid));
    for (const { attackerUuid, identityUuid, linkVersion } of known) {
      const isElsewhere = identityUuid !== uuid && elsewhere.has(attackerUuid);
      if (isElsewhere) await object.release(attackerUuid, linkVersion);
    }
  }
  return cut && toKey(cut);
}

function isSame(row: StoredMember, held: Omit<StoredMember, keyof ObservationKey> | undefined): boolean {
  return held !== undefined && held.ts === row.ts && held.id === row.id && held.value === row.value;
}

function isBeyond(a: ObservationKey, b: ObservationKey): boolean {
  const order =
    compareUtf8(a.attackerUuid, b.attackerUuid) ||
    compareUtf8(a.primitive, b.primitive) ||
    compareUtf8(a.evidenceRef, b.evidenceRef);
  return order > 0;
}

function toKey({ attackerUuid, primitive, evidenceRef }: ObservationKey): ObservationKey {
  return { attackerUuid, primitive, evidenceRef };
}

/** A key as one text; none of its parts holds a U+0000. */
function nameOf({ attackerUuid, primitive, evidenceRef }: ObservationKey): string {
  return `${attackerUuid}\0${primitive}\0${evidenceRef}`;
}
