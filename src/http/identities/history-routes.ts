/** An identity's history: its observations, and every event that was published for it. From D1 alone. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { shardOfIdentity } from "../../shard.ts";
import { readSeries, readTransitions } from "../../storage/index.ts";
import { EVENT_EXAMPLE } from "../events/examples.ts";
import { toWireEvent } from "../events/format.ts";
import { eventPageSchema, eventSchema } from "../events/wire.ts";
import { OBSERVATION_EXAMPLE } from "../observations/examples.ts";
import { toWireObservation } from "../observations/format.ts";
import { observationSchema, observationsSchema } from "../observations/wire.ts";
import { PACKING, requirePacked } from "../shared/packing.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { cursorsOf, numberPart, pageOf, textPart } from "../shared/cursor.ts";
import { limitParam, primitiveParam, tsParam, uuidParam } from "../shared/params.ts";
import { ProblemError } from "../shared/problem.ts";
import { INVALID } from "../shared/problem-schema.ts";
import { exampleOf } from "../shared/schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "./unknown.ts";

exampleOf(eventSchema, EVENT_EXAMPLE);
exampleOf(observationSchema, OBSERVATION_EXAMPLE);

const params = z.object({ uuid: uuidParam });
const seriesCursors = cursorsOf(
  "observations",
  z.object({ ts: numberPart, evidenceRef: textPart, attackerUuid: textPart, primitive: textPart }),
);
const transitionCursors = cursorsOf("transitions", z.object({ identityUuid: textPart, seq: numberPart }));

const getObservations = createRoute({
  method: "get",
  path: "/identities/{uuid}/observations",
  tags: ["identities"],
  summary: "The observations of all its attackers, oldest first",
  description:
    "In the order of the series: by `ts`, `evidence_ref`, `attacker_uuid`, and then `primitive`. The UUID of an identity that was merged away answers the one it went into. A page costs one pass over what it is a page of, so name the primitive where one will do.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  request: {
    params,
    query: z.object({
      primitive: primitiveParam.optional(),
      from: tsParam("Epoch seconds: not earlier than this").optional(),
      to: tsParam("Epoch seconds: not later than this").optional(),
      limit: limitParam(50),
      cursor: seriesCursors.param,
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: observationsSchema } } },
    ...PACKING,
    ...UNKNOWN_IDENTITY,
    ...INVALID,
  },
});

const getTransitions = createRoute({
  method: "get",
  path: "/identities/{uuid}/transitions",
  tags: ["identities"],
  summary: "Every event published for the identity, by seq",
  description:
    "The UUID of an identity that was merged away answers the history of the one it went into; `own=true` answers what was published of it itself, until then. A cursor belongs to the history it was given out with: after a merge in between, start again.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  request: {
    params,
    query: z.object({
      own: z
        .enum(["true", "false"], "must be true or false")
        .optional()
        .openapi({ description: "Its own history, though it may be merged away" }),
      limit: limitParam(50),
      cursor: transitionCursors.param,
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: eventPageSchema } } },
    ...UNKNOWN_IDENTITY,
    ...INVALID,
  },
});

export const historyRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getObservations, async (c) => {
    const { uuid } = c.req.valid("param");
    const { primitive, from, to, limit, cursor } = c.req.valid("query");
    if (from !== undefined && to !== undefined && from > to)
      throw invalidQuery("from", "must not be later than to");
    const filter = { primitive: primitive ?? null, fromTs: from ?? null, toTs: to ?? null };
    const { db } = await shardOfIdentity(c.env, uuid);
    await requirePacked(db, { identityUuid: uuid });
    const page = await readSeries(db, uuid, filter, cursor ?? null, limit + 1);
    if (page === null) throw unknownIdentity(uuid);
    const { shown, next } = pageOf(page, limit, ({ ts, evidenceRef, attackerUuid, primitive: name }) =>
      seriesCursors.encode({ ts, evidenceRef, attackerUuid, primitive: name }),
    );
    return c.json({ data: shown.map(toWireObservation), next_cursor: next }, 200);
  })
  .openapi(getTransitions, async (c) => {
    const { uuid } = c.req.valid("param");
    const { own, limit, cursor } = c.req.valid("query");
    const { db } = await shardOfIdentity(c.env, uuid);
    const page = await readTransitions(db, uuid, own === "true", cursor?.seq ?? 0, limit + 1);
    if (page === null) throw unknownIdentity(uuid);
    const { identityUuid, events } = page;
    if (cursor && cursor.identityUuid !== identityUuid) {
      throw invalidQuery(
        "cursor",
        "is one of another identity's history: merged or unmerged since? Start again",
      );
    }
    const { shown, next } = pageOf(events, limit, ({ seq }) =>
      transitionCursors.encode({ identityUuid, seq }),
    );
    return c.json({ data: shown.map(toWireEvent), next_cursor: next }, 200);
  });

function invalidQuery(field: string, detail: string): ProblemError {
  const errors = [{ field, code: "invalid_field", detail }];
  return new ProblemError("invalid_request", `The field ${field} is wrong: ${detail}.`, { errors });
}
