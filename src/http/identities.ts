/** Identities: listed and described from D1, their states from their object. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellOfIdentity, cellsOf } from "../cells.ts";
import { findIdentity, hasIdentity, listIdentities } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { cursorsOf, optionalNumberPart, pageOf, textPart } from "./cursor.ts";
import { NOT_MODIFIED, revalidated, taggedHeaders } from "./etag.ts";
import { identityDetailSchema, identityListSchema, toWireIdentity, toWireSummary } from "./identity-wire.ts";
import { limitParam, pastTsParam, primitiveParam, stateParam } from "./params.ts";
import { ProblemError } from "./problem.ts";
import { INVALID, NOT_FOUND } from "./problem-schema.ts";
import { readStates } from "./read-states.ts";
import { rejectInvalid } from "./validation.ts";
import { attributionSchema, toWireAttribution, uuidParam } from "./wire.ts";

const params = z.object({ uuid: uuidParam });
const cursors = cursorsOf("identities", z.object({ lastChangeTs: optionalNumberPart, uuid: textPart }));

const getIdentities = createRoute({
  method: "get",
  path: "/identities",
  tags: ["identities"],
  summary: "Identities, most recently changed first",
  description:
    "With `state` and `primitive` together, one primitive must fit both. Merged-away identities are not listed. What changes while pages are read moves to the front: start again to see it.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  request: {
    query: z.object({
      state: stateParam.optional(),
      primitive: primitiveParam.optional(),
      limit: limitParam(50),
      cursor: cursors.param,
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: identityListSchema } } },
    ...INVALID,
  },
});

const getIdentity = createRoute({
  method: "get",
  path: "/identities/{uuid}",
  tags: ["identities"],
  summary: "An identity with its attackers",
  description: "The UUID of an identity that was merged away answers the one it went into.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read"), revalidated] as const,
  request: { params },
  responses: {
    200: {
      description: "The identity",
      headers: taggedHeaders,
      content: { "application/json": { schema: identityDetailSchema } },
    },
    ...NOT_MODIFIED,
    ...NOT_FOUND,
  },
});

const getAttribution = createRoute({
  method: "get",
  path: "/identities/{uuid}/attribution",
  tags: ["identities"],
  summary: "The identity's states, as they are or as of a time",
  description:
    "The UUID of an identity that was merged away answers the one it went into: see `identity_uuid`. As of a time, `last_change_ts` is when the state last changed had the observations come in the order of their `ts`.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read"), revalidated] as const,
  request: {
    params,
    query: z.object({
      as_of: pastTsParam("Epoch seconds: the states with the observations whose ts is not later").optional(),
    }),
  },
  responses: {
    200: {
      description: "By primitive",
      headers: taggedHeaders,
      content: { "application/json": { schema: attributionSchema } },
    },
    ...NOT_MODIFIED,
    ...NOT_FOUND,
    ...INVALID,
  },
});

export const identityRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getIdentities, async (c) => {
    const { state, primitive, limit, cursor } = c.req.valid("query");
    const filter = { state: state ?? null, primitive: primitive ?? null };
    const databases = cellsOf(c.env).map(({ DB }) => DB);
    const page = await listIdentities(databases, filter, cursor ?? null, limit + 1);
    const { shown, next } = pageOf(page, limit, ({ lastChangeTs, uuid }) =>
      cursors.encode({ lastChangeTs, uuid }),
    );
    return c.json({ data: shown.map(toWireSummary), next_cursor: next }, 200);
  })
  .openapi(getIdentity, async (c) => {
    const { uuid } = c.req.valid("param");
    const identity = await findIdentity((await cellOfIdentity(c.env, uuid)).DB, uuid);
    if (!identity) throw unknownIdentity(uuid);
    const { primitives } = await readStates(c.env.IDENTITIES, identity.uuid, null);
    const observationCount = primitives.reduce((sum, primitive) => sum + primitive.observationCount, 0);
    return c.json(toWireIdentity(identity, observationCount), 200);
  })
  .openapi(getAttribution, async (c) => {
    const { uuid } = c.req.valid("param");
    const asOfTs = c.req.valid("query").as_of ?? null;
    const { identityUuid, primitives } = await readStates(c.env.IDENTITIES, uuid, asOfTs);
    // An identity that has states exists; only one without needs to be looked up.
    if (primitives.length === 0 && !(await hasIdentity((await cellOfIdentity(c.env, uuid)).DB, uuid))) {
      throw unknownIdentity(uuid);
    }
    return c.json(toWireAttribution(identityUuid, primitives), 200);
  });

/** The problem of asking for an identity that is not there. */
export function unknownIdentity(uuid: string): ProblemError {
  return new ProblemError("not_found", `No identity ${uuid} is known.`);
}
