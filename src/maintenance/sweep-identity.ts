/** Checks one identity: finishes the work of its object, compares it with D1, and saves the progress. */
import { z } from "zod";
import { logError } from "../log.ts";
import {
  type LinkedAttacker,
  linkOnToWinner,
  noteCompared,
  noteCursor,
  readLatestMerge,
  type SweptIdentity,
} from "../storage/index.ts";
import { type Compared, comparePages, NOTE_QUERIES, type Sweeping } from "./compare-pages.ts";
import { TELL_QUERIES, tellObjects } from "./merge.ts";

/** Queries of an identity besides its pages: the selection, its merge, and the note at the end. */
export const LEAST_QUERIES = 8;
/** Maximum attackers linked to a winner at a time. */
const MAX_LINKED_ON = 1_000;

const cursorSchema = z.object({
  /** The mark that this comparison started with. */
  markVersion: z.number(),
  /** The last session row that was compared. */
  after: z.object({ attackerUuid: z.string(), place: z.number() }),
});
type SweepCursor = z.infer<typeof cursorSchema>;

/**
 * Continues an identity. Its mark stays if the comparison did not reach the end, or if it was marked again.
 * @param unfilled - its attackers with an incomplete backfill
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
    // The rows of the object will change, so they are compared later.
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
    if (compared.outcome === "complete") await object.refreshProfile();
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

/** Tells both objects of the latest merge again if this one has another winner. @returns whether it is right now */
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

function readCursor(text: string | null): SweepCursor | null {
  if (text === null) return null;
  const cursor = cursorSchema.safeParse(JSON.parse(text));
  // Another shape is that of an earlier version, so the comparison starts again.
  return cursor.success ? cursor.data : null;
}
