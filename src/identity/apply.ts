/**
 * Applying observations to an identity: load, decide, save. Runs inside one synchronous transaction, so that a state
 * and the event that announces it exist together or not at all.
 */
import {
  applyChange,
  compareArrivals,
  comparePrecedence,
  form,
  type IdentityHead,
  mergeKindIn,
  type OutboundEvent,
  type Policy,
  type PrimitiveRecord,
} from "../core/index.ts";
import { ObservationRows } from "./observation-rows.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { AppliedObservation, ApplyAnswer, ApplyCall, IdentityLink } from "./protocol.ts";
import { StoredSeries } from "./series.ts";
import type { IdentityStore } from "./store.ts";

/** What applying leaves to be announced. */
export interface Applied {
  readonly answer: ApplyAnswer;
  readonly entries: readonly OutboxEntry[];
  /** Those that were new or replaced another. */
  readonly observations: readonly AppliedObservation[];
}

/** Links that D1 has changed since the call was made; their observations belong elsewhere. */
export function movedLinks(store: IdentityStore, links: readonly IdentityLink[]): string[] {
  if (store.isEmpty) return [];
  return links
    .filter((link) => (store.linkVersion(link.attackerUuid) ?? 0) > link.linkVersion)
    .map((link) => link.attackerUuid);
}

/**
 * Stores what is new, brings every touched primitive to its state, and says which events are due.
 * @param nowTs - epoch seconds
 */
export function applyObservations(
  store: IdentityStore,
  sql: SqlStorage,
  policy: Policy,
  call: ApplyCall,
  nowTs: number,
): Applied {
  store.prepare();
  const observations = withoutErased(store, call);
  for (const link of call.links) {
    if (store.linkVersion(link.attackerUuid) === link.linkVersion) continue;
    const isWanted =
      store.erasedTs(link.attackerUuid) === null ||
      observations.some(({ attackerUuid }) => attackerUuid === link.attackerUuid);
    if (isWanted) store.saveLink(link);
  }
  const before = store.head();
  let head: IdentityHead = before;
  const touched = new Map<string, PrimitiveRecord>();
  const entries: OutboxEntry[] = [];
  const applied: AppliedObservation[] = [];
  let transitions = 0;
  const announce = (step: { head: IdentityHead; events: readonly OutboundEvent[] }): void => {
    head = step.head;
    for (const event of step.events) {
      entries.push({ event, suspected: head.suspected });
      if (event.type === "profile.state_changed") transitions++;
    }
  };
  const recordOf = (primitive: string) => touched.get(primitive) ?? store.record(primitive);
  const context = {
    policy,
    nowTs,
    lastObservationTs: (primitive: string) => {
      const record = recordOf(primitive);
      if (!record) throw new Error(`a multi_actor primitive must have a record, ${primitive} has none`);
      return record.attribution.lastObservationTs;
    },
  };

  const rows = new ObservationRows(sql, observations);
  const flush = () => rows.flush();
  for (const observation of observations.toSorted(compareArrivals)) {
    const prior = rows.find(observation);
    if (prior && comparePrecedence(observation, prior) <= 0) continue;
    rows.put(observation);
    applied.push(observation);
    if (!head.isFormed) {
      const { attackerUuids, firstSeenTs } = store.linked();
      announce(form(head, attackerUuids, firstSeenTs ?? observation.ts, nowTs));
    }
    const { primitive } = observation;
    const kind = mergeKindIn(policy, primitive);
    const step = applyChange(
      head,
      primitive,
      kind,
      recordOf(primitive),
      { prior, next: toMember(observation) },
      new StoredSeries(sql, primitive, kind, flush),
      context,
    );
    announce(step);
    touched.set(primitive, step.record);
  }
  rows.flush();
  store.saveRecords(touched);
  if (head !== before) store.saveHead(head);
  return {
    answer: { outcome: "applied", applied: applied.length, transitions },
    entries,
    observations: applied,
  };
}

/** Observations that were erased are not taken in again. */
function withoutErased(store: IdentityStore, call: ApplyCall): readonly AppliedObservation[] {
  const erased = new Map(
    call.links.map(({ attackerUuid }) => [attackerUuid, store.erasedTs(attackerUuid)] as const),
  );
  return call.observations.filter(({ attackerUuid, ts }) => ts > (erased.get(attackerUuid) ?? -Infinity));
}

function toMember({ value, ts, evidenceRef, attackerUuid }: AppliedObservation) {
  return { value, ts, evidenceRef, attackerUuid };
}
