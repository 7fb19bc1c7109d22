/** E over time: the series is stepped through again from its start, and what E was after each observation is kept. */
import { isInformative, type Member } from "../../core/index.ts";
import { type ChangeKind, drawOf, Regime } from "../change/index.ts";
import { stateOf } from "./cache.ts";
import { isFollowedBy } from "./kept-series.ts";
import type { Rules } from "./rules.ts";
import { isFromStart } from "./start.ts";

/** E after each of the newest observations that count, in series order. Plain data. */
export interface EvidencePath {
  /** Number of the first of them among all that count, from 1. */
  readonly firstNumber: number;
  /** Epoch seconds. */
  readonly ts: readonly number[];
  /** At or above the threshold it ended a regime; the next observation began another one. */
  readonly e: readonly number[];
  readonly threshold: number;
}

/** A path that is being stepped through. */
export interface PathWalk {
  /** Takes the next member of the series; all of them must be passed, from the first. */
  take(member: Member): void;
  path(): EvidencePath;
}

/**
 * Steps through a series. A series that other rules were followed by, or of which nothing is kept, has an empty path.
 * @param most - observations at most, the newest; at least 1
 */
export function pathOfBy(
  rules: Rules,
  primitive: string,
  kind: ChangeKind,
  kept: Uint8Array | null,
  most: number,
): PathWalk {
  const state = stateOf(kept);
  const isKnown = state !== null && state.kind === kind && isFollowedBy(state, rules);
  let regime = Regime.empty(kind);
  let count = 0;
  let ts: number[] = [];
  let e: number[] = [];
  return {
    take(member) {
      if (!isKnown || !isInformative(kind, member.value) || !isFromStart(state.start, member)) return;
      const draw = drawOf(rules.key, member.attackerUuid, primitive, member.evidenceRef);
      const hasEnded = regime.step(member.value, member.ts, draw, rules.step);
      count += 1;
      ts.push(member.ts);
      e.push(regime.e);
      if (hasEnded) regime = Regime.empty(kind);
      // Cut now and then, so that the memory does not grow with the series.
      if (ts.length >= 2 * most) [ts, e] = [ts.slice(-most), e.slice(-most)];
    },
    path() {
      const newest = ts.slice(-most);
      return {
        firstNumber: count - newest.length + 1,
        ts: newest,
        e: e.slice(-most),
        threshold: rules.step.threshold,
      };
    },
  };
}
