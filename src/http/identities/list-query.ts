/** What a list of identities is asked for, and the cursors of its orders. */
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

/** What to list, and from where on. */
interface ListAsked {
  readonly filter: IdentityFilter;
  readonly sort: IdentitySort;
  readonly after: IdentityPosition | null;
}

const filters = {
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
};

const byChange = z.object({ lastChangeTs: optionalNumberPart, uuid: textPart });
const bySort = z.object({ sort: z.enum(IDENTITY_SORTS), key: optionalNumberPart, ...byChange.shape });

/**
 * The query of a list of identities.
 * @param list - its name, so that the cursor of one list is not taken for another's
 */
export function identityListOf(list: string) {
  const cursors = { byChange: cursorsOf(list, byChange), bySort: cursorsOf(`sorted-${list}`, bySort) };
  const query = z.object({
    ...filters,
    cursor: cursorParam((text): (IdentityPosition & { readonly sort: IdentitySort }) | null => {
      const place = cursors.byChange.read(text);
      return place === null ? cursors.bySort.read(text) : { sort: "change", ...place };
    }),
  });
  return {
    query,
    /** @throws ProblemError if the cursor is one of another order */
    read(asked: z.output<typeof query>): ListAsked {
      const {
        state = null,
        primitive = null,
        evidence = null,
        changed_since,
        cursor,
        sort = "change",
      } = asked;
      if (cursor && cursor.sort !== sort) {
        const detail = `is one of the order ${cursor.sort}`;
        throw new ProblemError("invalid_request", `The field cursor is wrong: ${detail}.`, {
          errors: [{ field: "cursor", code: "invalid_field", detail }],
        });
      }
      const filter = { state, primitive, evidence, changedSinceTs: changed_since ?? null };
      return { filter, sort, after: cursor ?? null };
    },
    /** The cursor behind an entry. */
    encode(sort: IdentitySort, { key = null, lastChangeTs, uuid }: IdentityPosition): string {
      if (sort === "change") return cursors.byChange.encode({ lastChangeTs, uuid });
      return cursors.bySort.encode({ sort, key, lastChangeTs, uuid });
    },
  };
}
