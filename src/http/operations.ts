/** For whoever runs this: totals and health. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { readConfig } from "../config.ts";
import { logError } from "../log.ts";
import { readTotals } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { type QueueDepth, statsSchema, toWireStats } from "./wire.ts";

const getStats = createRoute({
  method: "get",
  path: "/stats",
  summary: "Totals",
  security: [{ bearer: [] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "Totals", content: { "application/json": { schema: statsSchema } } } },
});

const healthSchema = z.object({ status: z.enum(["ok", "unavailable"]) }).openapi("Health");

const getHealth = createRoute({
  method: "get",
  path: "/health",
  summary: "Whether the settings are right and D1 and the objects answer",
  responses: {
    200: { description: "All answer", content: { "application/json": { schema: healthSchema } } },
    503: { description: "Something does not", content: { "application/json": { schema: healthSchema } } },
  },
});

export const statsRoutes = new OpenAPIHono<AppEnv>().openapi(getStats, async (c) => {
  const [totals, queue] = await Promise.all([readTotals(c.env.DB), queueDepth(c.env.OBSERVATION_QUEUE)]);
  return c.json(toWireStats(totals, queue), 200);
});

/** An identity that nobody has: asking its object writes nothing. */
const PROBE = "00000000-0000-0000-0000-000000000000";

export const healthRoutes = new OpenAPIHono<AppEnv>().openapi(getHealth, async (c) => {
  try {
    readConfig(c.env);
    await Promise.all([
      c.env.DB.prepare("SELECT 1 FROM counters LIMIT 1").first(),
      c.env.IDENTITIES.getByName(PROBE).attribution(),
    ]);
    return c.json({ status: "ok" as const }, 200);
  } catch (error) {
    logError("health_failed", error);
    return c.json({ status: "unavailable" as const }, 503);
  }
});

async function queueDepth(queue: Queue): Promise<QueueDepth> {
  try {
    const { backlogCount, oldestMessageTimestamp } = await queue.metrics();
    return {
      backlog: backlogCount,
      oldestTs: oldestMessageTimestamp ? oldestMessageTimestamp.getTime() / 1_000 : null,
    };
  } catch {
    return { backlog: null, oldestTs: null };
  }
}
