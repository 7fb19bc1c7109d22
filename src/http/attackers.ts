/** Registering attackers, and reading their states. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { findAttacker, registerAttacker } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { ProblemError } from "./problem.ts";
import { attackerSchema, attributionSchema, toWireAttacker, toWireAttribution, uuidParam } from "./wire.ts";
import { rejectInvalid } from "./validation.ts";

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
  summary: "Register an attacker, or add to what is known of it; linking it to an identity needs admin",
  security: [{ bearer: [] }],
  middleware: [requireScope("ingest")] as const,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: registrationSchema } } },
  },
  responses: {
    200: { description: "Known before", content: { "application/json": { schema: attackerSchema } } },
    201: { description: "Registered", content: { "application/json": { schema: attackerSchema } } },
  },
});

const getAttribution = createRoute({
  method: "get",
  path: "/attackers/{uuid}/attribution",
  summary: "The states of the attacker's identity",
  security: [{ bearer: [] }],
  middleware: [requireScope("read")] as const,
  request: { params },
  responses: {
    200: {
      description: "By primitive; without identity while the attacker is not registered",
      content: { "application/json": { schema: attributionSchema } },
    },
  },
});

export const attackerRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(putAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const body = c.req.valid("json");
    if (body.identity_uuid !== undefined && !c.var.scopes.has("admin")) {
      throw new ProblemError("forbidden", "Linking an attacker to an identity needs the scope admin.");
    }
    const registered = await registerAttacker(c.env.DB, {
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
  .openapi(getAttribution, async (c) => {
    const { uuid } = c.req.valid("param");
    const attacker = await findAttacker(c.env.DB, uuid);
    if (!attacker) throw new ProblemError("not_found", `No attacker ${uuid} is known.`);
    const { identityUuid } = attacker;
    if (identityUuid === null) return c.json(toWireAttribution(null, []), 200);
    const primitives = await c.env.IDENTITIES.getByName(identityUuid).attribution();
    return c.json(toWireAttribution(identityUuid, primitives), 200);
  });
