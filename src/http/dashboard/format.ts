/** From what is read for the dashboard to its wire shapes. */
import type { z } from "zod";
import type { Member } from "../../core/index.ts";
import type { EvidencePath } from "../../evidence/index.ts";
import type { RecentObservation } from "../../identity/index.ts";
import type { Overview } from "../../overview/index.ts";
import type { IdentityGlance } from "../../storage/index.ts";
import { toWireSummary } from "../identities/format.ts";
import type { EvidencePath as WirePath, overviewSchema, pointSchema, Row } from "./wire.ts";

/** Characters of a value's JSON that a series gives; a longer one is cut, and marked as such. */
const SHOWN_CHARACTERS = 200;

export function toWireRow(glance: IdentityGlance): Row {
  return {
    ...toWireSummary(glance),
    addresses: [...glance.addresses],
    troubled: glance.troubled.map(({ primitive, state }) => ({ primitive, state })),
  };
}

/** An observation of a series. */
export function toWirePoint(member: Member): z.infer<typeof pointSchema> {
  const isCut = member.value.length > SHOWN_CHARACTERS;
  return toPoint(member, isCut ? member.value.slice(0, SHOWN_CHARACTERS) : member.value, isCut);
}

/** An observation of any primitive. */
export function toWireRecent(observation: RecentObservation) {
  const { primitive, value, isCut } = observation;
  return { primitive, ...toPoint(observation, value, isCut) };
}

/** A path is long, so E is given with four digits: more can't be seen. */
export function toWirePath({ firstNumber, ts, e, threshold }: EvidencePath): WirePath {
  return {
    first_number: firstNumber,
    ts: [...ts],
    // Rounding must not end a regime.
    e: e.map((each) => (each < threshold ? Math.min(rounded(each), threshold * BELOW) : rounded(each))),
    threshold,
  };
}

/** Just below 1. */
const BELOW = 1 - 1e-6;

function rounded(e: number): number {
  return Number(e.toPrecision(4));
}

function toPoint(member: Member, value: string, isCut: boolean): z.infer<typeof pointSchema> {
  return {
    value: isCut ? `${value}…` : JSON.parse(value),
    is_cut: isCut,
    ts: member.ts,
    evidence_ref: member.evidenceRef,
    attacker_uuid: member.attackerUuid,
  };
}

/**
 * @param queueBacklog - messages that wait; null where that is not known
 * @param isFollowed - whether evidence is switched on
 */
export function toWireOverview(
  overview: Overview,
  queueBacklog: number | null,
  isFollowed: boolean,
): z.infer<typeof overviewSchema> {
  const { totals } = overview;
  return {
    event_count: overview.eventCount,
    turns: overview.turns.map(({ hourTs, oldState, newState, count }) => ({
      hour_ts: hourTs,
      old_state: oldState,
      new_state: newState,
      count,
    })),
    active: overview.active.map(({ uuid, transitions, lastTs }) => ({ uuid, transitions, last_ts: lastTs })),
    suspicions: overview.suspicions.map(({ uuid, primitives, primitiveCount, ts }) => ({
      uuid,
      primitives: [...primitives],
      primitive_count: primitiveCount,
      ts,
    })),
    totals: {
      observations: totals.observations,
      attackers: totals.attackers,
      identities: totals.identities,
      events: totals.events,
      states: totals.states,
      deferred: totals.deferred,
      dead_letters: totals.deadLetters,
      outbox_pending: totals.outboxPending,
      queue_backlog: queueBacklog,
      evidence:
        isFollowed && totals.evidence !== null
          ? {
              unchanged: totals.evidence.unchanged,
              changed_within_day: totals.evidence.changedWithinDay,
              several_operators: totals.evidence.severalOperators,
            }
          : null,
    },
  };
}
