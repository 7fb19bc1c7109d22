/**
 * The sweep: compares identities' objects with D1 and repairs what differs, the marked ones first, then the longest
 * unchecked. Every run does a bounded amount of work and notes how far it came.
 */
import { z } from "zod";
import { digestRange } from "../identity/index.ts";
import type { ObservationKey } from "../core/index.ts";
import { cellsOf } from "../cells.ts";
import { logError, logInfo } from "../log.ts";
import {
  findAttacker,
  followLinks,
  noteChecked,
  noteCursor,
  readIdentityPage,
  readIdentityLinks,
  readOpenErasures,
  readSweepCandidates,
  readUntoldMerges,
  type SweepCandidate,
} from "../storage/index.ts";
import { carryOutErasure, tellMerge } from "./tell.ts";

/** Identities of one run. */
const MAX_IDENTITIES = 100;
/** D1 rows read in one run. */
const MAX_ROWS = 50_000;
/** Observations compared at a time. */
const PAGE_OBSERVATIONS = 1_000;
/** Interrupted erasures gone on with in one run. */
const MAX_ERASURES = 10;

/** How much one run may do; several databases share it evenly. */
export interface SweepLimits {
  readonly identities: number;
  readonly rows: number;
  readonly page: number;
}

const STANDARD_LIMITS: SweepLimits = {
  identities: MAX_IDENTITIES,
  rows: MAX_ROWS,
  page: PAGE_OBSERVATIONS,
};

/** What a run did. */
export interface SweepReport {
  checked: number;
  /** Identities that needed repair. */
  repaired: number;
  /** Observations that an object lacked. */
  applied: number;
  /** Observations that D1 does not have. */
  removed: number;
  /** Identities whose states were out of step with the observations their objects held. */
  recomputed: number;
  /** Outboxes that had been forgotten. */
  drained: number;
  merges: number;
  erasures: number;
  /** D1 rows read for comparing. */
  rows: number;
  /** Identities that could not be looked at. */
  failed: number;
}

const cursorSchema = z.object({ attackerUuid: z.string(), primitive: z.string(), evidenceRef: z.string() });
type SweepCursor = z.infer<typeof cursorSchema>;

const NOTHING_DONE: Readonly<SweepReport> = {
  checked: 0,
  repaired: 0,
  applied: 0,
  removed: 0,
  recomputed: 0,
  drained: 0,
  merges: 0,
  erasures: 0,
  rows: 0,
  failed: 0,
};

const REPORTED = [
  "checked",
  "repaired",
  "applied",
  "removed",
  "recomputed",
  "drained",
  "merges",
  "erasures",
  "rows",
  "failed",
] as const satisfies readonly (keyof SweepReport)[];

/**
 * Runs once. A database, erasure or identity that fails does not keep the others from being looked at.
 * @throws what a database threw that could not be asked, once the others are done
 */
export async function sweep(env: Env, limits: SweepLimits = STANDARD_LIMITS): Promise<SweepReport> {
  const cells = cellsOf(env);
  const share = {
    identities: Math.ceil(limits.identities / cells.length),
    rows: Math.ceil(limits.rows / cells.length),
    page: limits.page,
  };
  const outcomes = await Promise.allSettled(cells.map((cell) => sweepCell(cell, share)));
  const total = { ...NOTHING_DONE };
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") continue;
    for (const name of REPORTED) total[name] += outcome.value[name];
  }
  logInfo("sweep", { ...total });
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return total;
}

async function sweepCell(env: Env, limits: SweepLimits): Promise<SweepReport> {
  const report = { ...NOTHING_DONE };
  for (const erasure of await readOpenErasures(env.DB, MAX_ERASURES)) {
    try {
      await carryOutErasure(env, erasure);
      report.erasures++;
    } catch (error) {
      report.failed++;
      logError("erasure_not_complete", error);
    }
  }
  for (const candidate of await readSweepCandidates(env.DB, limits.identities)) {
    if (report.rows >= limits.rows) break;
    try {
      await sweepIdentity(env, candidate, limits, report);
    } catch (error) {
      report.failed++;
      logError("sweep_failed", error, { identity_uuid: candidate.uuid });
    }
  }
  return report;
}

async function sweepIdentity(
  env: Env,
  candidate: SweepCandidate,
  limits: SweepLimits,
  report: SweepReport,
): Promise<void> {
  const { uuid } = candidate;
  const startTs = Date.now() / 1_000;
  const before = report.applied + report.removed + report.drained + report.merges;
  for (const merge of await readUntoldMerges(env.DB, uuid)) {
    await tellMerge(env, merge);
    report.merges++;
  }
  const object = env.IDENTITIES.getByName(uuid);
  const inspection = await object.inspect();
  if (inspection.pending > 0) {
    await object.drain();
    report.drained++;
  }
  if (candidate.mergedIntoUuid !== null) await leadOn(env, uuid);
  const isComplete =
    candidate.mergedIntoUuid !== null || (await comparePages(env, candidate, limits, report));
  if (report.applied + report.removed > 0 && candidate.mergedIntoUuid === null && (await object.verify())) {
    report.recomputed++;
  }
  report.checked++;
  if (report.applied + report.removed + report.drained + report.merges > before) report.repaired++;
  if (isComplete) await noteChecked(env.DB, uuid, startTs);
}

/** Attackers that are still linked to an identity that is merged away belong to its winner. */
async function leadOn(env: Env, identityUuid: string): Promise<void> {
  const links = await readIdentityLinks(env.DB, identityUuid);
  await followLinks(
    env.DB,
    links.map(({ attackerUuid }) => attackerUuid),
  );
}

async function comparePages(
  env: Env,
  candidate: SweepCandidate,
  limits: SweepLimits,
  report: SweepReport,
): Promise<boolean> {
  const { uuid } = candidate;
  const object = env.IDENTITIES.getByName(uuid);
  const links = await readIdentityLinks(env.DB, uuid);
  for (const link of links) {
    const attacker = await findAttacker(env.DB, link.attackerUuid);
    if (attacker?.needsBackfill) await object.link({ ...link, needsBackfill: true });
  }
  let after = parseCursor(candidate.sweepCursor);
  for (;;) {
    if (report.rows >= limits.rows) {
      await noteCursor(env.DB, uuid, JSON.stringify(after));
      return false;
    }
    const page = await readIdentityPage(env.DB, uuid, after, limits.page);
    report.rows += page.length;
    const last = page.length === limits.page ? (page.at(-1) ?? null) : null;
    const through = last && {
      attackerUuid: last.attackerUuid,
      primitive: last.primitive,
      evidenceRef: last.evidenceRef,
    };
    const answer = await object.checkRange({ after, through }, digestRange(page));
    if (answer.outcome === "differs") {
      const byUuid = new Map(links.map((link) => [link.attackerUuid, { ...link, needsBackfill: false }]));
      const named = new Set(page.map(({ attackerUuid }) => attackerUuid));
      const applied = await object.apply({
        links: [...named].flatMap((name) => byUuid.get(name) ?? []),
        observations: page,
      });
      if (applied.outcome === "applied") report.applied += applied.applied;
      const inPage = new Set(page.map(keyOf));
      const extra = answer.rows.filter((row) => !inPage.has(keyOf(row)));
      if (extra.length > 0) {
        await object.remove(extra);
        report.removed += extra.length;
      }
    }
    if (!through) return true;
    after = through;
  }
}

function parseCursor(text: string | null): SweepCursor | null {
  return text === null ? null : cursorSchema.parse(JSON.parse(text));
}

function keyOf({ attackerUuid, primitive, evidenceRef }: ObservationKey): string {
  return `${attackerUuid}\n${primitive}\n${evidenceRef}`;
}
