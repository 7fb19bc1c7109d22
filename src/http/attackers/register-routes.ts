/** Registering an attacker, and erasing one. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { carryOutErasure } from "../../maintenance/index.ts";
import { claimShard, findShard, type Shard, shardOf, shardsOf } from "../../shard.ts";
import { beginErasure, registerAttacker } from "../../storage/index.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { uuidParam } from "../shared/params.ts";
import { ProblemError } from "../shared/problem.ts";
import { INVALID, problemAnswer, RATE_LIMITED } from "../shared/problem-schema.ts";
import { limitIngest } from "../shared/rate-limit.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { toWireAttacker } from "./format.ts";
import { UNKNOWN_ATTACKER, unknownAttacker } from "./unknown.ts";
import { attackerSchema, erasedSchema } from "./wire.ts";

const params = z.object({ uuid: uuidParam });

const seenTs = z.number().positive().max(1e11).optional().openapi({ description: "Epoch seconds" });
const registrationSchema = z
  .object({
    ip: z.string().min(1).max(64).optional(),
    first_seen: seenTs,
    last_seen: seenTs,
    identity_uuid: uuidParam.optional(),
  })
  .openapi("Registration");

const putAttacker = createRoute({
  method: "put",
  path: "/attackers/{uuid}",
  tags: ["attackers"],
  summary: "Register an attacker, or add to what is known of it; linking it to an identity needs admin",
  security: [{ bearer: ["ingest"] }],
  middleware: [requireScope("ingest")] as const,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: registrationSchema } } },
  },
  responses: {
    200: { description: "Known before", content: { "application/json": { schema: attackerSchema } } },
    201: { description: "Registered", content: { "application/json": { schema: attackerSchema } } },
    409: problemAnswer(
      "linked_elsewhere",
      "The attacker is linked to 44dcda6a-0000-4000-8000-8775a8501e2c, which holds observations of it.",
    ),
    ...INVALID,
    429: RATE_LIMITED,
  },
});

const deleteAttacker = createRoute({
  method: "delete",
  path: "/attackers/{uuid}",
  tags: ["maintenance"],
  summary: "Erase an attacker, its observations and its share of every state",
  security: [{ bearer: ["admin"] }],
  middleware: [requireScope("admin")] as const,
  request: { params },
  responses: {
    200: { description: "Erased", content: { "application/json": { schema: erasedSchema } } },
    ...UNKNOWN_ATTACKER,
  },
});

export const registerRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(putAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const body = c.req.valid("json");
    if (body.identity_uuid !== undefined && !c.var.authenticated.scopes.has("admin")) {
      throw new ProblemError("forbidden", "Linking an attacker to an identity needs the scope admin.");
    }
    await limitIngest(c.env, c.var.authenticated.token.hash);
    const shard = shardOf(c.env, uuid);
    if (shardsOf(c.env).length > 1) await prepareShard(c.env, shard, uuid, body.identity_uuid);
    const registered = await registerAttacker(shard.db, {
      uuid,
      ip: body.ip ?? null,
      firstSeenTs: body.first_seen ?? null,
      lastSeenTs: body.last_seen ?? null,
      identityUuid: body.identity_uuid ?? null,
    });
    const { attacker } = registered;
    if (registered.outcome === "linked_elsewhere") {
      throw new ProblemError(
        "linked_elsewhere",
        `The attacker is linked to ${attacker.identityUuid}, which holds observations of it.`,
      );
    }
    const { identityUuid, linkVersion, firstSeenTs, needsBackfill } = attacker;
    if (identityUuid !== null && (body.identity_uuid !== undefined || needsBackfill)) {
      const link = { attackerUuid: uuid, linkVersion, firstSeenTs, needsBackfill };
      await c.env.IDENTITIES.getByName(identityUuid).link(link);
    }
    if (registered.leftIdentityUuid !== null) {
      await c.env.IDENTITIES.getByName(registered.leftIdentityUuid).release(uuid, linkVersion);
    }
    return c.json(toWireAttacker(attacker), registered.outcome === "created" ? 201 : 200);
  })
  .openapi(deleteAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const shard = shardOf(c.env, uuid);
    const erasure = await beginErasure(shard.db, uuid, Date.now() / 1_000);
    if (!erasure) throw unknownAttacker(uuid);
    const done = await carryOutErasure(c.env, shard, uuid);
    return c.json({ attacker_uuid: uuid, erased_ts: erasure.erasedTs, done }, 200);
  });

/**
 * Claims an attacker's shard if there are several. An attacker can be linked only to an identity of its own shard, or to
 * one that exists in no shard yet.
 * @throws ProblemError `different_databases`
 */
async function prepareShard(
  env: Env,
  shard: Shard,
  attackerUuid: string,
  identityUuid: string | undefined,
): Promise<void> {
  await claimShard(env, shard);
  const home = identityUuid === undefined ? null : await findShard(env, identityUuid);
  if (home === null || home.index === shard.index) return;
  throw new ProblemError(
    "different_databases",
    `The attacker ${attackerUuid} and the identity ${identityUuid} are in different databases, so they cannot be linked.`,
  );
}
