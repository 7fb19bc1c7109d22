/**
 * The newest observations of every primitive, for the page of an identity. They come from the state rows, so reading them costs
 * one row per primitive, whatever the number of observations.
 */
import type { Member } from "../core/index.ts";
import type { RecentAnswer } from "./protocol.ts";
import type { IdentityStore } from "./store/index.ts";

/** Maximum characters of a value's JSON. A longer one is cut and marked. */
const SHOWN_CHARACTERS = 200;

/** An observation of a primitive. */
export interface RecentObservation extends Member {
  readonly primitive: string;
  /** Whether `value` is only the beginning of its JSON. */
  readonly isCut: boolean;
}

/** The members of every primitive's tail: informative observations, by primitive, in the order of their series. */
export function recentOf(store: IdentityStore): RecentAnswer {
  if (store.isEmpty) return { outcome: "recent", attackerCount: 0, firstSeenTs: null, observations: "[]" };
  const { attackerUuids, firstSeenTs } = store.links.linked();
  const observations = store.attributions().flatMap(({ primitive }): RecentObservation[] => {
    const tail = store.stateRecord(primitive)?.tail;
    if (!tail) return [];
    const members = tail.kind === "hash" ? tail.latest : tail.newest;
    return members.map(({ value, ts, evidenceRef, attackerUuid }) => {
      // There is one bag at most, and it is shown by the number of its words, so it is whole.
      const isCut = tail.kind !== "bag" && value.length > SHOWN_CHARACTERS;
      const shown = isCut ? value.slice(0, SHOWN_CHARACTERS) : value;
      return { primitive, value: shown, isCut, ts, evidenceRef, attackerUuid };
    });
  });
  return {
    outcome: "recent",
    attackerCount: attackerUuids.length,
    firstSeenTs,
    observations: JSON.stringify(observations),
  };
}
