/** Reading identities: list and description from D1, states from their object. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { shardOfIdentity, shardsOf } from "../../shard.ts";
import { findIdentity, hasIdentity, listIdentities, positionIn } from "../../storage/index.ts";
import { toWireAttribution } from "../attribution/format.ts";
import { policyIdOf, readStates } from "../attribution/read-states.ts";
import { attributionSchema } from "../attribution/wire.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { pageOf } from "../shared/cursor.ts";
import { includedEvidence, includeParam } from "../shared/evidence.ts";
import { NOT_MODIFIED, revalidated, taggedHeaders } from "../shared/etag.ts";
import { pastTsParam, uuidParam } from "../shared/params.ts";
import { INVALID } from "../shared/problem-schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { exampleOf } from "../shared/schema.ts";
import { IDENTITY_EXAMPLE, SUMMARY_EXAMPLE } from "./examples.ts";
import { toWireIdentity, toWireSummary } from "./format.ts";
import { identityListOf } from "./list-query.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "./unknown.ts";
import { identityDetailSchema, identityListSchema, identitySummarySchema } from "./wire.ts";

exampleOf(identitySummarySchema, SUMMARY_EXAMPLE);
exampleOf(identityDetailSchema, IDENTITY_EXAMPLE);

const params = z.object({ uuid: uuidParam });
const list = identityListOf("identities");

const getIdentities = createRoute({
  method: "get",
  path: "/identities",
  tags: ["identities"],
  summary: "Identities, most recently changed first unless `sort` says otherwise",
  description:
    "Each filter that is given must fit; with `state` and `primitive` together, one primitive must fit both. Merged-away identities are not listed. A cursor belongs to its order. What changes while pages are read moves to the front: start again to see it.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  request: {
    query: list.query,
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
    ...UNKNOWN_IDENTITY,
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
      include: includeParam,
    }),
  },
  responses: {
    200: {
      description: "By primitive",
      headers: taggedHeaders,
      content: { "application/json": { schema: attributionSchema } },
    },
    ...NOT_MODIFIED,
    ...UNKNOWN_IDENTITY,
    ...INVALID,
  },
});

export const identityReadRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getIdentities, async (c) => {
    const query = c.req.valid("query");
    const { filter, sort, after } = list.read(query);
    const databases = shardsOf(c.env).map(({ db }) => db);
    const page = await listIdentities(databases, filter, after, query.limit + 1, sort);
    const { shown, next } = pageOf(page, query.limit, (last) => list.encode(sort, positionIn(sort, last)));
    return c.json({ data: shown.map(toWireSummary), next_cursor: next }, 200);
  })
  .openapi(getIdentity, async (c) => {
    const { uuid } = c.req.valid("param");
    const identity = await findIdentity((await shardOfIdentity(c.env, uuid)).db, uuid);
    if (!identity) throw unknownIdentity(uuid);
    const { primitives } = await readStates(c.env.IDENTITIES, identity.uuid, null);
    const observationCount = primitives.reduce((sum, primitive) => sum + primitive.observationCount, 0);
    return c.json(toWireIdentity(identity, observationCount), 200);
  })
  .openapi(getAttribution, async (c) => {
    const { uuid } = c.req.valid("param");
    const { as_of: asOfTs = null, include } = c.req.valid("query");
    const [{ identityUuid, primitives }, evidence] = await Promise.all([
      readStates(c.env.IDENTITIES, uuid, asOfTs),
      includedEvidence(c.env, include, uuid, asOfTs),
    ]);
    // An identity that has states exists; only one without needs to be looked up.
    if (primitives.length === 0 && !(await hasIdentity((await shardOfIdentity(c.env, uuid)).db, uuid))) {
      throw unknownIdentity(uuid);
    }
    return c.json(toWireAttribution(identityUuid, policyIdOf(c.env), primitives, evidence), 200);
  });
