/** For the operator: totals and health. */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { shardsOf } from "../../shard.ts";
import { addTotals, readRecentTotals } from "../../storage/index.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { hasEvidence } from "../shared/evidence.ts";
import { toWireStats } from "./format.ts";
import { readHealth } from "./health.ts";
import { queueDepth } from "./queue-depth.ts";
import { healthSchema, statsSchema } from "./wire.ts";

const getStats = createRoute({
  method: "get",
  path: "/stats",
  tags: ["operations"],
  summary: "Totals",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "Totals", content: { "application/json": { schema: statsSchema } } } },
});

const getHealth = createRoute({
  method: "get",
  path: "/health",
  tags: ["operations"],
  summary: "Whether the variables are right and D1 and the objects answer",
  responses: {
    200: { description: "All answer", content: { "application/json": { schema: healthSchema } } },
    503: {
      description: "A variable is wrong, or D1 or an object does not answer",
      content: { "application/json": { schema: healthSchema } },
    },
  },
});

export const statsRoutes = new OpenAPIHono<AppEnv>().openapi(getStats, async (c) => {
  const [totals, queue] = await Promise.all([
    Promise.all(shardsOf(c.env).map(({ db }) => readRecentTotals(db, Date.now()))),
    queueDepth(c.env.OBSERVATION_QUEUE),
  ]);
  return c.json(toWireStats(addTotals(totals), queue, hasEvidence(c.env)), 200);
});

export const healthRoutes = new OpenAPIHono<AppEnv>().openapi(getHealth, async (c) => {
  const health = await readHealth(c.env);
  return health.status === "ok" ? c.json(health, 200) : c.json(health, 503);
});
