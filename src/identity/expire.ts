/**
 * Retention: which observations are old enough to go and are not needed by a state. A state stays what it was: it needs
 * its windows, and as many informative observations as the minimum asks for.
 */
import { type Member, type MergeKind, mergeKindIn, type Policy } from "../core/index.ts";
import type { ObservationKey } from "../storage/index.ts";
import { StoredSeries } from "./series.ts";
import type { IdentityStore } from "./store.ts";

interface CandidateRow extends Record<string, SqlStorageValue> {
  primitive: string;
  evidenceRef: string;
  attackerUuid: string;
  ts: number;
}

/** Observations that may go, and whether there may be more. */
export interface Expired {
  readonly keys: readonly ObservationKey[];
  readonly hasMore: boolean;
}

/** Characters of the keys of one page: D1 gets them as a handful of parameters, however long each key is. */
const PAGE_CHARACTERS = 3_000_000;

/** Whether an observation may go as far as its primitive's state is concerned. */
type Rule = (member: Member) => boolean;

/**
 * Walks over the observations in pages. Where it is stands in memory only: after a restart it begins anew, and finds
 * nothing that has gone already.
 */
export class Expiry {
  #after: ObservationKey | null = null;

  /** Forgets where the walk is. */
  restart(): void {
    this.#after = null;
  }

  /**
   * The next observations that may go.
   * @param beforeTs - epoch seconds
   * @param limit - how many at most
   */
  next(store: IdentityStore, sql: SqlStorage, policy: Policy, beforeTs: number, limit: number): Expired {
    if (store.isEmpty) return { keys: [], hasMore: false };
    const after = this.#after;
    const candidates = sql.exec<CandidateRow>(
      `SELECT primitive, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid, ts FROM observations
       WHERE ts < ? AND (primitive, evidence_ref, attacker_uuid) > (?, ?, ?)
       ORDER BY primitive, evidence_ref, attacker_uuid`,
      beforeTs,
      after?.primitive ?? "",
      after?.evidenceRef ?? "",
      after?.attackerUuid ?? "",
    );
    const rules = new Map<string, Rule>();
    const keys: ObservationKey[] = [];
    let characters = 0;
    for (const row of candidates) {
      const { primitive } = row;
      const mayGo = rules.get(primitive) ?? ruleOf(store, sql, primitive, policy);
      rules.set(primitive, mayGo);
      if (!mayGo({ ...row, value: "" })) continue;
      const key = { attackerUuid: row.attackerUuid, primitive, evidenceRef: row.evidenceRef };
      keys.push(key);
      characters += JSON.stringify(key).length;
      if (keys.length >= limit || characters >= PAGE_CHARACTERS) {
        this.#after = key;
        return { keys, hasMore: true };
      }
    }
    this.#after = null;
    return { keys, hasMore: false };
  }
}

/** Members of the windows stay, and so does the latest of a series, which dates it. */
function ruleOf(store: IdentityStore, sql: SqlStorage, primitive: string, policy: Policy): Rule {
  const record = store.record(primitive);
  if (!record) return () => false;
  const { lastTs } = record.tail;
  const kind = mergeKindIn(policy, primitive);
  const isNeeded =
    kind === "hash"
      ? neededByHash(sql, primitive, lastTs, policy)
      : neededByWindows(sql, primitive, kind, policy);
  return (member) => member.ts < lastTs && !isNeeded(member);
}

/** The last 2·N informative members, and so many that the minimum is still reached. */
function neededByWindows(sql: SqlStorage, primitive: string, kind: MergeKind, policy: Policy): Rule {
  const { windowSize, minimumObservations } = policy.thresholds;
  const kept = Math.max(2 * windowSize, minimumObservations);
  const members = new StoredSeries(sql, primitive, kind, () => {}).newestInformative(kept);
  const names = new Set(members.map(nameOf));
  // An older one that is informative is below all of these; one that abstains is needed by nothing.
  return (member) => names.has(nameOf(member));
}

/** The latest member of each distinct value in the window. */
function neededByHash(sql: SqlStorage, primitive: string, lastTs: number, policy: Policy): Rule {
  const series = new StoredSeries(sql, primitive, "hash", () => {});
  const latest = series.latestByValue(lastTs - policy.thresholds.hashWindowSecs);
  const names = new Set(latest.map(nameOf));
  return (member) => names.has(nameOf(member));
}

function nameOf({ evidenceRef, attackerUuid }: Pick<Member, "evidenceRef" | "attackerUuid">): string {
  return `${evidenceRef}\0${attackerUuid}`;
}
