/**
 * The orders of the list of identities. Each is one or several parts that follow one another, and each part is a range of an index. All end with
 * the order by the last change of a state, so that every identity has a place.
 */
import { type Bind, FITS, type IdentityFilter, NOTED_E } from "./identity-filter.ts";
import type { IdentitySummary } from "./identity-summaries.ts";

/**
 * What comes first: the last change of a state; the last proven change; the greatest E, as far as an identity is noted. Those that
 * have none follow by their last change of a state.
 */
export const IDENTITY_SORTS = ["change", "evidence_changed", "e"] as const;
export type IdentitySort = (typeof IDENTITY_SORTS)[number];

/** Where a list goes on: after this identity. */
export interface IdentityPosition {
  /** What the order sorts by before the last change of a state; null or absent if the identity has none. */
  readonly key?: number | null;
  readonly lastChangeTs: number | null;
  readonly uuid: string;
}

/** A part of an order. */
export interface OrderPart {
  /** Whether it is that of the identities that have the key of the order. */
  readonly isKeyed: boolean;
  /** The column of `identities` that it is sorted by, the greatest first. */
  readonly column: string;
  /** SQL over a row of `identities`. */
  readonly condition: string;
}

/** What an order sorts by first. */
interface OrderKey {
  readonly column: string;
  /** SQL: whether an identity has it, which is the condition of a partial index, and whether it has not. */
  readonly has: string;
  readonly lacks: string;
  /** Whether every identity that fits a filter has it, and whether none has. */
  readonly areAll: (filter: IdentityFilter) => boolean;
  readonly isNone: (filter: IdentityFilter) => boolean;
}

const KEYS: Readonly<Record<IdentitySort, OrderKey | null>> = {
  change: null,
  evidence_changed: {
    column: "evidence_changed_ts",
    has: FITS.changed,
    lacks: FITS.unchanged,
    areAll: ({ evidence, changedSinceTs }) => evidence === "changed" || (changedSinceTs ?? null) !== null,
    isNone: ({ evidence }) => evidence === "unchanged",
  },
  e: {
    column: "evidence_e",
    has: FITS.noted,
    lacks: `coalesce(evidence_e, 0) < ${NOTED_E}`,
    areAll: ({ evidence }) => evidence === "noted",
    isNone: () => false,
  },
};

/** The place of an entry in an order. */
export function positionIn(
  sort: IdentitySort,
  { evidence: { e, changedTs }, lastChangeTs, uuid }: IdentitySummary,
): IdentityPosition {
  if (sort === "change") return { lastChangeTs, uuid };
  const noted = e !== null && e >= NOTED_E ? e : null;
  return { key: sort === "e" ? noted : changedTs, lastChangeTs, uuid };
}

/** Sorts places as the database does. UUIDs are ASCII, so it orders them as we do. */
export function comparePositions(a: IdentityPosition, b: IdentityPosition): number {
  const [keyOfA, keyOfB] = [a.key ?? null, b.key ?? null];
  const byChange = keyOfA === null && keyOfB === null ? descending(a.lastChangeTs, b.lastChangeTs) : 0;
  return descending(keyOfA, keyOfB) || byChange || (a.uuid < b.uuid ? 1 : -1);
}

/** The greater first, null last. Two that are null differ by no number, which counts as by nothing. */
function descending(a: number | null, b: number | null): number {
  return (b ?? -Infinity) - (a ?? -Infinity) || 0;
}

/** Whether the range of an order's own index has every identity that fits a filter, so that none needs to be gathered. */
export function isRangeOf(sort: IdentitySort, filter: IdentityFilter): boolean {
  return KEYS[sort]?.areAll(filter) ?? false;
}

/**
 * The parts of an order after a place, without those in which nothing fits the filter.
 * @param isFiltered - identities without a change have no states, and no filter lets one through
 */
export function partsOf(
  sort: IdentitySort,
  filter: IdentityFilter,
  isFiltered: boolean,
  after: IdentityPosition | null,
  bind: Bind,
): OrderPart[] {
  const key = KEYS[sort];
  const parts: OrderPart[] = [];
  const isKeyed = after === null || (after.key ?? null) !== null;
  if (key !== null && isKeyed && !key.isNone(filter)) {
    const place =
      after === null ? "" : ` AND (${key.column}, uuid) < (${bind(after.key ?? 0)}, ${bind(after.uuid)})`;
    parts.push({ isKeyed: true, column: key.column, condition: `${key.has}${place}` });
  }
  if (key?.areAll(filter) === true) return parts;
  const isBehindAll = after === null || (key !== null && isKeyed);
  const byChange = (condition: string): OrderPart => ({
    isKeyed: false,
    column: "last_change_ts",
    condition: key === null ? condition : `${condition} AND ${key.lacks}`,
  });
  if (isBehindAll) parts.push(byChange("last_change_ts IS NOT NULL"));
  else if (after.lastChangeTs !== null)
    parts.push(byChange(`(last_change_ts, uuid) < (${bind(after.lastChangeTs)}, ${bind(after.uuid)})`));
  if (isFiltered) return parts;
  // NULL compares with nothing, so identities without a change are a range of their own, the last.
  const isWhole = isBehindAll || after.lastChangeTs !== null;
  parts.push(
    byChange(isWhole ? "last_change_ts IS NULL" : `last_change_ts IS NULL AND uuid < ${bind(after.uuid)}`),
  );
  return parts;
}
