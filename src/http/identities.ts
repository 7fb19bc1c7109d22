/** Reading identities: their states from their object, their history from D1. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { hasIdentity, readHistory } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { ProblemError } from "./problem.ts";
import { rejectInvalid } from "./validation.ts";
import { attributionSchema, toWireAttribution, uuidParam } from "./wire.ts";

const params = z.object({ uuid: uuidParam });

const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "is not one that was given out")
    .optional(),
});

const historySchema = z
  .object({
    data: z.array(z.record(z.string(), z.unknown())),
    next_cursor: z.string().nullable(),
  })
  .openapi("Transitions");

const getAttribution = createRoute({
  method: "get",
  path: "/identities/{uuid}/attribution",
  summary: "The identity's states",
  security: [{ bearer: [] }],
  middleware: [requireScope("read")] as const,
  request: { params },
  responses: {
    200: { description: "By primitive", content: { "application/json": { schema: attributionSchema } } },
  },
});

const getTransitions = createRoute({
  method: "get",
  path: "/identities/{uuid}/transitions",
  summary: "Every event published for the identity, by seq",
  security: [{ bearer: [] }],
  middleware: [requireScope("read")] as const,
  request: { params, query: pageQuery },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: historySchema } } },
  },
});

export const identityRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getAttribution, async (c) => {
    const { uuid } = c.req.valid("param");
    const primitives = await c.env.IDENTITIES.getByName(uuid).attribution();
    // An identity that has states exists; only one without needs to be looked up.
    if (primitives.length === 0) await mustExist(c.env.DB, uuid);
    return c.json(toWireAttribution(uuid, primitives), 200);
  })
  .openapi(getTransitions, async (c) => {
    const { uuid } = c.req.valid("param");
    const { limit, cursor } = c.req.valid("query");
    const page = await readHistory(c.env.DB, uuid, Number(cursor ?? 0), limit + 1);
    if (page.length === 0) await mustExist(c.env.DB, uuid);
    const shown = page.slice(0, limit);
    const next = page.length > limit ? String(shown.at(-1)?.seq) : null;
    const data = shown.map(({ event }): Record<string, unknown> => JSON.parse(event));
    return c.json({ data, next_cursor: next }, 200);
  });

async function mustExist(db: D1Database, uuid: string): Promise<void> {
  if (!(await hasIdentity(db, uuid))) throw new ProblemError("not_found", `No identity ${uuid} is known.`);
}
