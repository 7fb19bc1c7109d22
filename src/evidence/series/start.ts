/** Where a series starts: observations before it do not count. */
import { compareMembers, type PlaceInSeries } from "../../core/index.ts";

/** A place in a series. Nothing before it counts. */
export interface Start extends PlaceInSeries {
  /** Whether the observation at the place itself does not count either. */
  readonly isAfter: boolean;
}

/** The start at an observation, which is the first that counts. */
export function startAt(place: PlaceInSeries): Start {
  return { ...placeOf(place), isAfter: false };
}

/** The start just after an observation, which does not count. */
export function startAfter(place: PlaceInSeries): Start {
  return { ...placeOf(place), isAfter: true };
}

/** @param start - null: the series starts at its first observation */
export function isFromStart(start: Start | null, place: PlaceInSeries): boolean {
  if (start === null) return true;
  const order = compareMembers(place, start);
  return order > 0 || (order === 0 && !start.isAfter);
}

/** The place of a member, without its value. */
export function placeOf({ ts, evidenceRef, attackerUuid }: PlaceInSeries): PlaceInSeries {
  return { ts, evidenceRef, attackerUuid };
}
