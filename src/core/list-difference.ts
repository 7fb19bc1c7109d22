/** Stores a list of names as the difference to the list before it, because a growing suspicion adds few names to a long list. */

/** The difference from one sorted list to another. */
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

/** Applies a difference; the result is sorted. */
export function applyDifference(before: readonly string[], { added, removed }: ListDifference): string[] {
  const gone = new Set(removed);
  return [...before.filter((name) => !gone.has(name)), ...added].toSorted();
}
