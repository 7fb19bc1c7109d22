/** Steps through a series from a state on, over the ends of its regimes. */
import type { Member, PlaceInSeries } from "../../core/index.ts";
import { type ChangeKind, drawOf, Regime } from "../change/index.ts";
import { CHANGE } from "../constants.ts";
import { changeId, type Entry } from "./entry.ts";
import { writeCheckpoint } from "./kept-series.ts";
import type { Rules } from "./rules.ts";
import { placeOf } from "./start.ts";

/** Which series, and by which rules it is followed. */
export interface FollowedBy {
  readonly identityUuid: string;
  readonly primitive: string;
  readonly kind: ChangeKind;
  readonly rules: Rules;
}

/** A state from which a series can be stepped through. */
export interface WalkState {
  /** It is changed by the walk. */
  readonly regime: Regime;
  /** The first observation of the regime; null if it has none. */
  readonly first: PlaceInSeries | null;
  /** The last observation that counted; null if there is none. */
  readonly last: PlaceInSeries | null;
  /** Entries before the regime. */
  readonly entries: number;
  /** Oldest first. */
  readonly checkpoints: readonly Uint8Array[];
}

/** The state before the first observation. @param entries - those that stay */
export function emptyState(kind: ChangeKind, entries: number): WalkState {
  return { regime: Regime.empty(kind), first: null, last: null, entries, checkpoints: [] };
}

/** Goes on from a state, and finds the changes on its way. */
export class SeriesWalk {
  readonly #of: FollowedBy;
  readonly #entries: number;
  readonly #added: Entry[] = [];
  #regime: Regime;
  #first: PlaceInSeries | null;
  #last: PlaceInSeries | null;
  #checkpoints: readonly Uint8Array[];

  constructor(of: FollowedBy, from: WalkState) {
    this.#of = of;
    this.#entries = from.entries;
    this.#regime = from.regime;
    this.#first = from.first;
    this.#last = from.last;
    this.#checkpoints = from.checkpoints;
  }

  /** The changes that were found, oldest first. */
  get added(): readonly Entry[] {
    return this.#added;
  }

  /** Takes the next observation that counts. */
  step(member: Member): void {
    const { rules, primitive, kind } = this.#of;
    const { attackerUuid, evidenceRef, ts, value } = member;
    const regime = this.#regime;
    this.#first ??= placeOf(member);
    this.#last = member;
    const draw = drawOf(rules.key, attackerUuid, primitive, evidenceRef);
    if (regime.step(value, ts, draw, rules.step)) {
      this.#added.push(this.#change(regime, this.#first, placeOf(member)));
      this.#regime = Regime.empty(kind);
      this.#first = null;
    } else if (regime.count % CHANGE.checkpointEvery === 0) {
      this.#check(regime, member);
    }
  }

  /** The state after the observations so far. */
  state(): WalkState {
    return {
      regime: this.#regime,
      first: this.#first,
      last: this.#last && placeOf(this.#last),
      entries: this.#entries + this.#added.length,
      checkpoints: this.#checkpoints,
    };
  }

  #change(regime: Regime, first: PlaceInSeries, last: PlaceInSeries): Entry {
    const split = regime.split();
    if (!split) throw new Error(`a regime must have a hypothesis when it ends, E was ${regime.e}`);
    const { identityUuid, primitive } = this.#of;
    return {
      id: changeId(identityUuid, primitive, first, last),
      first,
      last,
      since: split.since,
      observations: regime.count,
      e: regime.e,
      before: { ...split.before },
      after: { ...split.after },
      effect: split.effect,
      isFrozen: false,
    };
  }

  #check(regime: Regime, last: PlaceInSeries): void {
    const entries = this.#entries + this.#added.length;
    const checkpoint = writeCheckpoint({ entries, last, regime: regime.write() });
    this.#checkpoints = [...this.#checkpoints, checkpoint].slice(-CHANGE.checkpoints);
  }
}
