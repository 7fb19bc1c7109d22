/**
 * Putting other observations in the place of what an identity had, and comparing every state with the one before: what
 * merge, unmerge, rebuild, erase and changed constants have in common (contract §4). Runs inside one transaction.
 */
import {
  announce,
  forgetPrimitive,
  form,
  type IdentityHead,
  mergedEvent,
  mergeKindIn,
  type OutboundEvent,
  type Policy,
  type PrimitiveRecord,
  recompute,
  suspect,
  unmergedEvent,
  withoutAttacker,
} from "../core/index.ts";
import type { OutboxEntry } from "./outbox.ts";
import { StoredSeries } from "./series.ts";
import type { IdentityStore } from "./store.ts";
import type { SyncLink, SyncPlan } from "./sync.ts";

/** What an exchange leaves to be announced and projected. */
export interface Exchanged {
  readonly entries: readonly OutboxEntry[];
  /** Primitives that have no observations left. */
  readonly removed: readonly string[];
  readonly head: IdentityHead;
}

/** Everything an exchange needs besides what it exchanges. */
export interface ExchangeContext {
  readonly store: IdentityStore;
  readonly sql: SqlStorage;
  readonly policy: Policy;
  /** Epoch seconds. */
  readonly nowTs: number;
}

/**
 * Puts staged observations in place, and brings every primitive to its state. A link that is known to have changed since
 * the plan was made is left alone: what changed it has a plan of its own.
 */
export function exchangeStaged(context: ExchangeContext, plan: SyncPlan): Exchanged {
  const { store, sql, nowTs } = context;
  const isCurrent = ({ attackerUuid, linkVersion }: SyncLink) =>
    (store.linkVersion(attackerUuid) ?? 0) <= linkVersion;
  const drop = plan.drop.filter(isCurrent);
  const load = plan.load.filter(isCurrent);
  for (const link of drop) store.releaseLink(link.attackerUuid, link.linkVersion);
  for (const link of load) if (!isErased(context, link.attackerUuid)) store.saveLink(link);
  for (const { attackerUuid } of [...drop, ...load]) {
    sql.exec("DELETE FROM observations WHERE attacker_uuid = ?", attackerUuid);
  }
  sql.exec(
    `INSERT OR REPLACE INTO observations (primitive, evidence_ref, attacker_uuid, ts, id, value)
     SELECT primitive, evidence_ref, attacker_uuid, ts, id, value FROM staged
     WHERE attacker_uuid IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM erased WHERE erased.attacker_uuid = staged.attacker_uuid AND erased_ts >= ts)`,
    JSON.stringify(load.map(({ attackerUuid }) => attackerUuid)),
  );
  let head = store.head();
  const entries: OutboxEntry[] = [];
  const add = (step: { head: IdentityHead; events: readonly OutboundEvent[] }): void => {
    head = step.head;
    for (const event of step.events) entries.push({ event, suspected: head.suspected });
  };
  const { attackerUuids, firstSeenTs } = store.linked();
  if (plan.announce !== null) {
    add(form(head, attackerUuids, firstSeenTs ?? nowTs, nowTs));
    const news = plan.announce;
    const moved = news.attackerUuids.filter((attackerUuid) => !isErased(context, attackerUuid));
    add(
      announce(
        head,
        (place) =>
          news.kind === "merged"
            ? mergedEvent(place, news.loserUuid, moved)
            : unmergedEvent(place, news.fromUuid, moved),
        nowTs,
      ),
    );
  } else if (load.length > 0 && hasObservations(sql)) {
    add(form(head, attackerUuids, firstSeenTs ?? nowTs, nowTs));
  }
  const recomputed = recomputeAll(context, head, (record) => record);
  return { ...recomputed, entries: [...entries, ...recomputed.entries] };
}

/** Brings every primitive to the state of the observations that are left after an attacker's are gone. */
export function recomputeWithout(context: ExchangeContext, attackerUuid: string): Exchanged {
  return recomputeAll(context, context.store.head(), (record) => withoutAttacker(record, attackerUuid));
}

/**
 * Compares every primitive, in ASCII order, with what its observations say; then the suspicion, once.
 * @param seen - the record as the explanation may show it
 */
export function recomputeAll(
  context: ExchangeContext,
  before: IdentityHead,
  seen: (record: PrimitiveRecord) => PrimitiveRecord,
): Exchanged {
  const { store, sql, policy, nowTs } = context;
  const entries: OutboxEntry[] = [];
  const removed: string[] = [];
  const lastTs = new Map<string, number>();
  let head = before;
  for (const primitive of allPrimitives(sql)) {
    const kind = mergeKindIn(policy, primitive);
    const series = new StoredSeries(sql, primitive, kind, () => {});
    const record = store.record(primitive);
    if (series.count() === 0) {
      head = forgetPrimitive(head, primitive);
      series.hashWindow.clear();
      store.removeRecord(primitive);
      removed.push(primitive);
      continue;
    }
    series.hashWindow.clear();
    const step = recompute(head, primitive, kind, record ? seen(record) : null, series, {
      policy,
      nowTs,
      lastObservationTs: (name) => lastTs.get(name) ?? 0,
    });
    head = step.head;
    store.saveRecord(primitive, step.record);
    lastTs.set(primitive, step.record.attribution.lastObservationTs);
    for (const event of step.events) entries.push({ event, suspected: head.suspected });
  }
  const suspicion = suspect(head, policy.thresholds, nowTs, (name) => lastTs.get(name) ?? 0);
  head = suspicion.head;
  for (const event of suspicion.events) entries.push({ event, suspected: head.suspected });
  store.saveHead(head);
  // Suspicion is decided after the last of them: before that, none of them says what holds.
  const { suspected } = head;
  return { entries: entries.map(({ event }) => ({ event, suspected })), removed, head };
}

/** Whether an attacker was erased, and nothing newer of it is staged. */
function isErased({ store, sql }: ExchangeContext, attackerUuid: string): boolean {
  const erasedTs = store.erasedTs(attackerUuid);
  if (erasedTs === null) return false;
  const newer = sql.exec(
    "SELECT 1 FROM staged WHERE attacker_uuid = ? AND ts > ? LIMIT 1",
    attackerUuid,
    erasedTs,
  );
  return newer.toArray().length === 0;
}

function hasObservations(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM observations LIMIT 1").toArray().length > 0;
}

function allPrimitives(sql: SqlStorage): string[] {
  return sql
    .exec<{ primitive: string }>(
      "SELECT DISTINCT primitive FROM observations UNION SELECT primitive FROM attributions ORDER BY 1",
    )
    .toArray()
    .map(({ primitive }) => primitive);
}
