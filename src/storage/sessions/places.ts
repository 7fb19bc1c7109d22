/** What belongs to the same session row, grouped in memory. */
import type { RowPlace } from "./rows.ts";

/** Members that belong to one row: observations, or keys that are looked for. */
export interface PlaceGroup<T> extends RowPlace {
  readonly members: T[];
}

/** Groups by `nameOfPlace`. */
export type PlaceGroups<T> = Map<string, PlaceGroup<T>>;

/** A place as one text. */
export function nameOfPlace({ attackerUuid, place }: RowPlace): string {
  return `${attackerUuid} ${place}`;
}

/** Adds a member to the group of its row. */
export function addToPlace<T>(groups: PlaceGroups<T>, row: RowPlace, member: T): void {
  const name = nameOfPlace(row);
  const group = groups.get(name) ?? { attackerUuid: row.attackerUuid, place: row.place, members: [] };
  groups.set(name, group);
  group.members.push(member);
}
