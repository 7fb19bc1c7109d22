/**
 * From the record to the identities: one call per identity, in parallel. An identity that answers `moved` knows a newer
 * link than the call, so the link is read again and the observations go to the identity that it names.
 */
import pMap from "p-map";
import type { AppliedObservation, Observation } from "../core/index.ts";
import type { ApplyAnswer, ApplyCall, IdentityLink } from "../identity/index.ts";
import { logError } from "../log.ts";
import type { Link } from "../storage/index.ts";
import { type Failure, failureOf } from "./verdict.ts";

/** Calls to objects under way at a time. */
const PARALLEL_CALLS = 64;
/** How often links are read again before the queue delivers the message again: each time a link changed in between. */
const MOVES_FOLLOWED = 3;
/** Calls of one invocation after links were read again: with those before at most 9,000, of 10,000 that are allowed. */
const MAX_REPEATED_CALLS = 4_000;

/** How many calls may still be repeated; the parts of a batch share one. */
export interface RepeatBudget {
  left: number;
}

/** The budget of a new invocation. */
export function repeatBudget(): RepeatBudget {
  return { left: MAX_REPEATED_CALLS };
}

/** What dispatching calls. */
export interface DispatchTargets {
  apply(identityUuid: string, call: ApplyCall): Promise<ApplyAnswer>;
  followLinks(attackerUuids: readonly string[]): Promise<Map<string, Link>>;
}

/** What became of a batch's observations. */
export interface Dispatched {
  /** By attacker: why its observations could not be applied now. */
  readonly failures: ReadonlyMap<string, Failure>;
  readonly identityCalls: number;
  readonly applied: number;
  readonly transitions: number;
}

/**
 * Applies observations to the identities of their attackers. Those of an attacker without identity wait in D1. Makes at
 * most one call per attacker, and further ones within the budget for identities that answer `moved`.
 */
export async function dispatch(
  targets: DispatchTargets,
  observations: readonly Observation[],
  links: ReadonlyMap<string, Link>,
  repeats: RepeatBudget,
): Promise<Dispatched> {
  const failures = new Map<string, Failure>();
  const totals = { identityCalls: 0, applied: 0, transitions: 0 };
  let remaining = observations;
  let current = links;
  for (let round = 0; remaining.length > 0; round++) {
    const calls = callsByIdentity(remaining, current);
    totals.identityCalls += calls.size;
    const moved = new Set<string>();
    await pMap(
      calls,
      async ([identityUuid, call]) => {
        const answer = await applied(targets, identityUuid, call);
        if (answer.outcome === "moved") for (const { attackerUuid } of call.links) moved.add(attackerUuid);
        else if (answer.outcome === "applied") {
          totals.applied += answer.applied;
          totals.transitions += answer.transitions;
        } else for (const { attackerUuid } of call.links) failures.set(attackerUuid, answer.failure);
      },
      { concurrency: PARALLEL_CALLS },
    );
    if (moved.size === 0) break;
    if (round >= MOVES_FOLLOWED || moved.size > repeats.left) {
      for (const attackerUuid of moved) failures.set(attackerUuid, "failed");
      break;
    }
    repeats.left -= moved.size;
    remaining = remaining.filter(({ attackerUuid }) => moved.has(attackerUuid));
    current = await targets.followLinks([...moved]);
  }
  return { failures, ...totals };
}

type CallResult = ApplyAnswer | { readonly outcome: "failed"; readonly failure: Failure };

async function applied(targets: DispatchTargets, identityUuid: string, call: ApplyCall): Promise<CallResult> {
  try {
    return await targets.apply(identityUuid, call);
  } catch (error) {
    logError("identity_call_failed", error, { identity_uuid: identityUuid });
    return { outcome: "failed", failure: failureOf(error) };
  }
}

interface GatheredCall {
  readonly links: Map<string, IdentityLink>;
  readonly observations: AppliedObservation[];
}

function callsByIdentity(
  observations: readonly Observation[],
  links: ReadonlyMap<string, Link>,
): Map<string, ApplyCall> {
  const calls = new Map<string, GatheredCall>();
  for (const observation of observations) {
    const link = links.get(observation.attackerUuid);
    if (!link || link.identityUuid === null) continue;
    if (link.erasedTs !== null && observation.ts <= link.erasedTs) continue;
    const call: GatheredCall = calls.get(link.identityUuid) ?? { links: new Map(), observations: [] };
    calls.set(link.identityUuid, call);
    if (!call.links.has(link.attackerUuid)) call.links.set(link.attackerUuid, toIdentityLink(link));
    call.observations.push(toApplied(observation));
  }
  return new Map(
    [...calls].map(([identityUuid, call]) => [
      identityUuid,
      { links: [...call.links.values()], observations: call.observations },
    ]),
  );
}

function toIdentityLink({ attackerUuid, linkVersion, firstSeenTs, needsBackfill }: Link): IdentityLink {
  return { attackerUuid, linkVersion, firstSeenTs, needsBackfill };
}

/** The fields that an identity needs. */
function toApplied({ id, attackerUuid, primitive, value, ts, evidenceRef }: Observation): AppliedObservation {
  return { id, attackerUuid, primitive, value, ts, evidenceRef };
}
