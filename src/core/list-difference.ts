/** A list of names as the difference to the one before it: what a growing suspicion adds is short, the list is not. */

/** What turns one sorted list into another. */
export interface ListDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The difference between two sorted lists without repeats. */
export function differenceOf(before: readonly string[], after: readonly string[]): ListDifference {
  const [had, has] = [new Set(before), new Set(after)];
  return {
    added: after.filter((name) => !had.has(name)),
    removed: before.filter((name) => !has.has(name)),
  };
}

/** The list that a difference leads to, sorted. */
export function applyDifference(before: readonly string[], { added, removed }: ListDifference): string[] {
  const gone = new Set(removed);
  return [...before.filter((name) => !gone.has(name)), ...added].toSorted();
}
