/** Reading the evidence of an identity: what its object knows of each series, and the operators, from D1. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { tryConfig } from "../config.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "../http/identities/unknown.ts";
import { type AppEnv, requireScope } from "../http/shared/access.ts";
import { NOT_MODIFIED, revalidated, taggedHeaders } from "../http/shared/etag.ts";
import { PACKING, requirePacked } from "../http/shared/packing.ts";
import { pastTsParam, primitiveParam, uuidParam } from "../http/shared/params.ts";
import { ProblemError } from "../http/shared/problem.ts";
import { INVALID } from "../http/shared/problem-schema.ts";
import { exampleOf } from "../http/shared/schema.ts";
import { rejectInvalid } from "../http/shared/validation.ts";
import { shardOfIdentity } from "../shard.ts";
import { hasIdentity } from "../storage/index.ts";
import { EVIDENCE_EXAMPLE } from "./examples.ts";
import { toWireOperators } from "./format.ts";
import { readOperators } from "./operators-read.ts";
import { readSeriesEvidence } from "./read.ts";
import { evidenceSchema } from "./wire.ts";

exampleOf(evidenceSchema, EVIDENCE_EXAMPLE);

const getEvidence = createRoute({
  method: "get",
  path: "/identities/{uuid}/evidence",
  tags: ["identities"],
  summary: "How sure it is that the identity has changed, since when, and how many operators it has",
  description:
    "Stands beside the states and never changes one. The UUID of an identity that was merged away answers the one it went into: see `identity_uuid`. 404 with the code `evidence_off` while evidence is switched off (`EVIDENCE`) or a variable is wrong.",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read"), revalidated] as const,
  request: {
    params: z.object({ uuid: uuidParam }),
    query: z.object({
      primitive: primitiveParam.optional().openapi({ description: "The only primitive in `change`" }),
      as_of: pastTsParam("Epoch seconds: from the observations whose ts is not later").optional(),
    }),
  },
  responses: {
    200: {
      description: "The evidence",
      headers: taggedHeaders,
      content: { "application/json": { schema: evidenceSchema } },
    },
    ...NOT_MODIFIED,
    ...UNKNOWN_IDENTITY,
    ...INVALID,
    ...PACKING,
  },
});

/** Routes of evidence. */
export const evidenceRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid }).openapi(
  getEvidence,
  async (c) => {
    const { uuid } = c.req.valid("param");
    const { primitive = null, as_of: asOfTs = null } = c.req.valid("query");
    const config = tryConfig(c.env);
    if (config === null || config.evidence === null) {
      const why = config === null ? "A variable is wrong: see GET /health." : "EVIDENCE is off.";
      throw new ProblemError("evidence_off", `No evidence is computed. ${why}`);
    }
    const { db } = await shardOfIdentity(c.env, uuid);
    await requirePacked(db, { identityUuid: uuid });
    const [series, operators] = await Promise.all([
      readSeriesEvidence(c.env.IDENTITIES, uuid, asOfTs, primitive),
      readOperators(db, { identityUuid: uuid }, config.policy, config.evidence, asOfTs),
    ]);
    const { identityUuid, e, change, commands } = series;
    // An identity that has sessions exists; only one without needs to be looked up.
    if (operators.sessions.length === 0 && !(await hasIdentity(db, uuid))) throw unknownIdentity(uuid);
    return c.json(
      {
        identity_uuid: identityUuid,
        policy: config.policy.id,
        e,
        change,
        operators: toWireOperators(operators),
        commands,
      },
      200,
    );
  },
);
