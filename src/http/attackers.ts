/** Registering attackers, and reading their states. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellOf, cellsOf, claimCell, findCell } from "../cells.ts";
import { findAttacker, readLatestObservations, registerAttacker } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { cursorsOf, pageOf, textPart } from "./cursor.ts";
import { NOT_MODIFIED, revalidated, taggedHeaders } from "./etag.ts";
import { observationsSchema, toWireObservation } from "./observation-wire.ts";
import { LIMIT_MOST, limitParam } from "./params.ts";
import { ProblemError } from "./problem.ts";
import { INVALID, problemAnswer, RATE_LIMITED } from "./problem-schema.ts";
import { limitIngest } from "./rate-limit.ts";
import { readStates } from "./read-states.ts";
import { attackerSchema, attributionSchema, toWireAttacker, toWireAttribution, uuidParam } from "./wire.ts";
import { rejectInvalid } from "./validation.ts";

const params = z.object({ uuid: uuidParam });
const latestCursors = cursorsOf("latest", z.object({ primitive: textPart }));
const UNKNOWN_ATTACKER = {
  404: problemAnswer("not_found", "No attacker 1b4e28ba-2fa1-4d2c-883f-0016d3cca427 is known."),
};

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

const getAttribution = createRoute({
  method: "get",
  path: "/attackers/{uuid}/attribution",
  tags: ["attackers"],
  summary: "The states of the attacker's identity",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read"), revalidated] as const,
  request: { params },
  responses: {
    200: {
      description: "By primitive; without identity while the attacker is not registered",
      headers: taggedHeaders,
      content: { "application/json": { schema: attributionSchema } },
    },
    ...NOT_MODIFIED,
    ...UNKNOWN_ATTACKER,
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
    ...UNKNOWN_ATTACKER,
    ...INVALID,
  },
});

export const attackerRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(putAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const body = c.req.valid("json");
    if (body.identity_uuid !== undefined && !c.var.scopes.has("admin")) {
      throw new ProblemError("forbidden", "Linking an attacker to an identity needs the scope admin.");
    }
    await limitIngest(c.env, c.var.authenticated.token.hash);
    const cell = cellOf(c.env, uuid);
    if (cellsOf(cell).length > 1) await prepareCell(cell, uuid, body.identity_uuid);
    const registered = await registerAttacker(cell.DB, {
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
    const attacker = await findAttacker(cellOf(c.env, uuid).DB, uuid);
    if (!attacker) throw unknownAttacker(uuid);
    if (attacker.identityUuid === null) return c.json(toWireAttribution(null, []), 200);
    const { identityUuid, primitives } = await readStates(c.env.IDENTITIES, attacker.identityUuid, null);
    return c.json(toWireAttribution(identityUuid, primitives), 200);
  })
  .openapi(getObservations, async (c) => {
    const { uuid } = c.req.valid("param");
    const { limit, cursor } = c.req.valid("query");
    const { DB } = cellOf(c.env, uuid);
    const page = await readLatestObservations(DB, uuid, cursor?.primitive ?? "", limit + 1);
    if (page.length === 0 && !(await findAttacker(DB, uuid))) throw unknownAttacker(uuid);
    const { shown, next } = pageOf(page, limit, ({ primitive }) => latestCursors.encode({ primitive }));
    return c.json({ data: shown.map(toWireObservation), next_cursor: next }, 200);
  });

/** An attacker can be linked only to an identity of its own database, or to one that is nowhere yet. */
async function prepareCell(cell: Env, attackerUuid: string, identityUuid: string | undefined): Promise<void> {
  await claimCell(cell);
  const home = identityUuid === undefined ? null : await findCell(cell, identityUuid);
  if (home === null || home === cell) return;
  throw new ProblemError(
    "different_databases",
    `The attacker ${attackerUuid} and the identity ${identityUuid} are in different databases, so they cannot be linked.`,
  );
}

function unknownAttacker(uuid: string): ProblemError {
  return new ProblemError("not_found", `No attacker ${uuid} is known.`);
}
