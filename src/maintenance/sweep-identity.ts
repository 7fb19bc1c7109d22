/** Comparing one identity's object with D1, in pages over all of its attackers, and repairing what differs. */
import { z } from "zod";
import { compareUtf8, type ObservationKey } from "../core/index.ts";
import { CHECKED_ROWS, digestRange } from "../identity/index.ts";
import { logError } from "../log.ts";
import type { Shard } from "../shard.ts";
import {
  type LinkedAttacker,
  linkOnToWinner,
  noteCompared,
  noteCursor,
  readExistingKeys,
  readIdentityPage,
  readLatestMerge,
  readLinks,
  type StoredMember,
  type SweptIdentity,
} from "../storage/index.ts";
import { TELL_QUERIES, tellObjects } from "./merge.ts";
import type { QueryBudget } from "./query-budget.ts";
import type { SweepReport } from "./sweep-report.ts";

/** What an identity costs in queries before its first page is compared: taking it up, its merge, and the note at the end. */
export const LEAST_QUERIES = 8;
/** What a page costs at most: reading it, the links of what is missing, and which of the rest D1 has. */
const PAGE_QUERIES = 3;
/** The note at the end. */
const NOTE_QUERIES = 1;
/** Attackers linked on to a winner at a time. */
const MAX_LINKED_ON = 1_000;

/** An identity under comparison, and what the run may still do. */
export interface Sweeping {
  readonly env: Env;
  readonly shard: Shard;
  readonly uuid: string;
  readonly limits: { readonly rows: number; readonly page: number };
  readonly report: SweepReport;
  readonly budget: QueryBudget;
}

const cursorSchema = z.object({
  /** The mark that this comparison started with. */
  markVersion: z.number(),
  after: z.object({ attackerUuid: z.string(), primitive: z.string(), evidenceRef: z.string() }),
});
type SweepCursor = z.infer<typeof cursorSchema>;

/** What came of comparing: done, to be gone on with after a key, or to be begun anew another time. */
type Compared =
  | { readonly outcome: "complete" | "anew" }
  | { readonly outcome: "part"; readonly after: ObservationKey };

/**
 * Goes on with an identity. Its mark stays if it could not be compared to its end, or if it was marked again meanwhile.
 * @param unfilled - its attackers whose backfill is not complete
 */
export async function sweepIdentity(
  sweeping: Sweeping,
  identity: SweptIdentity,
  unfilled: readonly LinkedAttacker[],
): Promise<void> {
  const { env, shard, uuid, report, budget } = sweeping;
  const repairs = () => report.applied + report.removed + report.drained + report.merges;
  const before = repairs();
  const object = env.IDENTITIES.getByName(uuid);
  let inspection = await object.inspect();
  if (inspection.pending > 0) report.drained++;
  if (inspection.pending > 0 || inspection.jobs.length > 0) {
    await object.drain();
    inspection = await object.inspect();
  }
  const isTold = await repairWinner(sweeping, identity.mergedIntoUuid, inspection.winnerUuid);
  const cursor = readCursor(identity.sweepCursor);
  const markVersion = cursor?.markVersion ?? identity.markVersion;
  let compared: Compared = { outcome: "complete" };
  if (identity.mergedIntoUuid !== null) {
    budget.take(2);
    const moved = await linkOnToWinner(shard.db, uuid, MAX_LINKED_ON);
    if (moved === MAX_LINKED_ON) compared = { outcome: "anew" };
  } else if (!isTold) {
    compared = { outcome: "anew" };
  } else if (inspection.jobs.length > 0) {
    // What is held is about to change; there is nothing to compare until then.
    for (const { kind, failures, error } of inspection.jobs) {
      if (failures > 0)
        logError("object_job_failing", new Error(error ?? kind), { identity_uuid: uuid, kind, failures });
    }
    compared = { outcome: "anew" };
  } else {
    if (unfilled.length > 0) {
      const links = unfilled.map((link) => ({ ...link, needsBackfill: true }));
      await object.apply({ links, observations: [] });
    }
    compared = await comparePages(sweeping, cursor?.after ?? null);
  }
  if (report.applied + report.removed > 0 && repairs() > before && (await object.verify()))
    report.recomputed++;
  report.checked++;
  if (repairs() > before) report.repaired++;
  await note(sweeping, identity, markVersion, compared);
}

async function note(
  { shard, uuid, budget }: Sweeping,
  identity: SweptIdentity,
  markVersion: number,
  compared: Compared,
): Promise<void> {
  if (compared.outcome === "part") {
    budget.take(NOTE_QUERIES);
    await noteCursor(
      shard.db,
      uuid,
      JSON.stringify({ markVersion, after: compared.after } satisfies SweepCursor),
    );
  } else if (compared.outcome === "complete" && (identity.isDirty || identity.sweepCursor !== null)) {
    budget.take(NOTE_QUERIES);
    await noteCompared(shard.db, uuid, markVersion);
  }
}

/** Tells both objects of the latest merge again if this one has heard otherwise; says whether it knows now. */
async function repairWinner(
  { env, shard, uuid, report, budget }: Sweeping,
  mergedIntoUuid: string | null,
  heardUuid: string | null,
): Promise<boolean> {
  if (mergedIntoUuid === heardUuid) return true;
  const winnerUuid = mergedIntoUuid ?? heardUuid;
  if (winnerUuid === null) return true;
  budget.take(1 + TELL_QUERIES);
  const merge = await readLatestMerge(shard.db, winnerUuid, uuid);
  // An erasure has removed a merge of nobody that is left.
  if (!merge) return true;
  if (merge.isUndone !== (mergedIntoUuid === null)) return false;
  await tellObjects(env, shard, merge);
  report.merges++;
  return true;
}

/** Compares an identity's observations, page by page, as far as the run goes. */
async function comparePages(sweeping: Sweeping, start: ObservationKey | null): Promise<Compared> {
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
 * @returns null if all of it was compared, the key up to which it was, or `anew` if the object knows more than was read
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
  // What was cut off is compared with the next page.
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
    // The object knows of newer links than were read here.
    if (applied.outcome === "moved") return "anew";
    report.applied += applied.applied;
  }
  if (extra.length > 0) {
    budget.take(1);
    // A row that came after the page was read is in D1 by now, because D1 has every row first.
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

function readCursor(text: string | null): SweepCursor | null {
  if (text === null) return null;
  const cursor = cursorSchema.safeParse(JSON.parse(text));
  // Another shape is one of an earlier version: the comparison begins anew.
  return cursor.success ? cursor.data : null;
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
