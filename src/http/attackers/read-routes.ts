/** Reading an attacker: the states of its identity, and its own latest observations. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { shardOf } from "../../shard.ts";
import { findAttacker, readLatestObservations } from "../../storage/index.ts";
import { toWireAttribution } from "../attribution/format.ts";
import { policyIdOf, readStates } from "../attribution/read-states.ts";
import { attributionSchema } from "../attribution/wire.ts";
import { toWireObservation } from "../observations/format.ts";
import { observationsSchema } from "../observations/wire.ts";
import { PACKING, requirePacked } from "../shared/packing.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { includedEvidence, includeParam } from "../shared/evidence.ts";
import { cursorsOf, pageOf, textPart } from "../shared/cursor.ts";
import { NOT_MODIFIED, revalidated, taggedHeaders } from "../shared/etag.ts";
import { LIMIT_MOST, limitParam, uuidParam } from "../shared/params.ts";
import { INVALID } from "../shared/problem-schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { UNKNOWN_ATTACKER, unknownAttacker } from "./unknown.ts";

const params = z.object({ uuid: uuidParam });
const latestCursors = cursorsOf("latest", z.object({ primitive: textPart }));

const getAttribution = createRoute({
  method: "get",
  path: "/attackers/{uuid}/attribution",
  tags: ["attackers"],
  summary: "The states of the attacker's identity",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read"), revalidated] as const,
  request: { params, query: z.object({ include: includeParam }) },
  responses: {
    200: {
      description: "By primitive; without identity while the attacker is not registered",
      headers: taggedHeaders,
      content: { "application/json": { schema: attributionSchema } },
    },
    ...NOT_MODIFIED,
    ...UNKNOWN_ATTACKER,
    ...INVALID,
  },
});

const getObservations = createRoute({
  method: "get",
  path: "/attackers/{uuid}/observations",
  tags: ["attackers"],
  summary: "The attacker's latest observation of each primitive",
  description: "By primitive. Of an attacker that waits to be registered, too.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  request: {
    params,
    query: z.object({
      limit: limitParam(LIMIT_MOST),
      cursor: latestCursors.param,
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: observationsSchema } } },
    ...PACKING,
    ...UNKNOWN_ATTACKER,
    ...INVALID,
  },
});

export const attackerReadRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getAttribution, async (c) => {
    const { uuid } = c.req.valid("param");
    const attacker = await findAttacker(shardOf(c.env, uuid).db, uuid);
    if (!attacker) throw unknownAttacker(uuid);
    const policyId = policyIdOf(c.env);
    if (attacker.identityUuid === null) return c.json(toWireAttribution(null, policyId, []), 200);
    const [{ identityUuid, primitives }, evidence] = await Promise.all([
      readStates(c.env.IDENTITIES, attacker.identityUuid, null),
      includedEvidence(c.env, c.req.valid("query").include, attacker.identityUuid, null),
    ]);
    return c.json(toWireAttribution(identityUuid, policyId, primitives, evidence), 200);
  })
  .openapi(getObservations, async (c) => {
    const { uuid } = c.req.valid("param");
    const { limit, cursor } = c.req.valid("query");
    const { db } = shardOf(c.env, uuid);
    await requirePacked(db, [uuid]);
    const page = await readLatestObservations(db, uuid, cursor?.primitive ?? "", limit + 1);
    if (page.length === 0 && !(await findAttacker(db, uuid))) throw unknownAttacker(uuid);
    const { shown, next } = pageOf(page, limit, ({ primitive }) => latestCursors.encode({ primitive }));
    return c.json({ data: shown.map(toWireObservation), next_cursor: next }, 200);
  });
