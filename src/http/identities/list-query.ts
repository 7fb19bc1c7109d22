/** What the list of identities is asked for, and the cursors of its orders. */
import { z } from "@hono/zod-openapi";
import {
  EVIDENCE_FILTERS,
  type IdentityFilter,
  type IdentityPosition,
  type IdentitySort,
  IDENTITY_SORTS,
} from "../../storage/index.ts";
import { cursorParam, cursorsOf, optionalNumberPart, textPart } from "../shared/cursor.ts";
import { limitParam, primitiveParam, stateParam, tsParam } from "../shared/params.ts";
import { ProblemError } from "../shared/problem.ts";

const byChange = cursorsOf("identities", z.object({ lastChangeTs: optionalNumberPart, uuid: textPart }));
const bySort = cursorsOf(
  "sorted-identities",
  z.object({
    sort: z.enum(IDENTITY_SORTS),
    key: optionalNumberPart,
    lastChangeTs: optionalNumberPart,
    uuid: textPart,
  }),
);

/** A place in one of the orders. */
interface SortedPosition extends IdentityPosition {
  readonly sort: IdentitySort;
}

function readCursor(text: string): SortedPosition | null {
  const place = byChange.read(text);
  return place === null ? bySort.read(text) : { sort: "change", ...place };
}

/** The cursor behind an entry. */
export function encodePosition(
  sort: IdentitySort,
  { key = null, lastChangeTs, uuid }: IdentityPosition,
): string {
  if (sort === "change") return byChange.encode({ lastChangeTs, uuid });
  return bySort.encode({ sort, key, lastChangeTs, uuid });
}

/** The query of the list. */
export const listQuery = z.object({
  state: stateParam.optional(),
  primitive: primitiveParam.optional(),
  evidence: z
    .enum(EVIDENCE_FILTERS, `must be one of ${EVIDENCE_FILTERS.join(", ")}`)
    .optional()
    .openapi({
      description:
        "Without a proven change that stands, or with one; with several operators; or noted: the E of its primitives together is at least 100, so its own at least 3.125",
    }),
  changed_since: tsParam("Epoch seconds: with a proven change that stands, not earlier than this").optional(),
  sort: z
    .enum(IDENTITY_SORTS, `must be one of ${IDENTITY_SORTS.join(", ")}`)
    .optional()
    .openapi({
      description:
        "What comes first: the last change of a state (`change`, the default), the last proven change, or the greatest E of those that are noted. Identities that have none follow by their last change of a state",
    }),
  limit: limitParam(50),
  cursor: cursorParam(readCursor),
});

/** What to list, from where on. @throws ProblemError if the cursor is one of another order */
export function readListQuery(query: z.output<typeof listQuery>): {
  readonly filter: IdentityFilter;
  readonly sort: IdentitySort;
  readonly after: IdentityPosition | null;
} {
  const { state = null, primitive = null, evidence = null, changed_since, cursor, sort = "change" } = query;
  if (cursor && cursor.sort !== sort) {
    const detail = `is one of the order ${cursor.sort}`;
    throw new ProblemError("invalid_request", `The field cursor is wrong: ${detail}.`, {
      errors: [{ field: "cursor", code: "invalid_field", detail }],
    });
  }
  const filter = { state, primitive, evidence, changedSinceTs: changed_since ?? null };
  return { filter, sort, after: cursor ?? null };
}
