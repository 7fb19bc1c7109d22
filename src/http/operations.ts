/** For whoever runs this: totals and health. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellsOf, claimCell } from "../cells.ts";
import { readConfig } from "../config.ts";
import { logError } from "../log.ts";
import { addTotals, readRecentTotals } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { type QueueDepth, statsSchema, toWireStats } from "./wire.ts";

const getStats = createRoute({
  method: "get",
  path: "/stats",
  tags: ["operations"],
  summary: "Totals",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "Totals", content: { "application/json": { schema: statsSchema } } } },
});

const healthSchema = z.object({ status: z.enum(["ok", "unavailable"]) }).openapi("Health");

const getHealth = createRoute({
  method: "get",
  path: "/health",
  tags: ["operations"],
  summary: "Whether the settings are right and D1 and the objects answer",
  responses: {
    200: { description: "All answer", content: { "application/json": { schema: healthSchema } } },
    503: { description: "Something does not", content: { "application/json": { schema: healthSchema } } },
  },
});

export const statsRoutes = new OpenAPIHono<AppEnv>().openapi(getStats, async (c) => {
  const [totals, queue] = await Promise.all([
    Promise.all(cellsOf(c.env).map(({ DB }) => readRecentTotals(DB, Date.now()))),
    queueDepth(c.env.OBSERVATION_QUEUE),
  ]);
  return c.json(toWireStats(addTotals(totals), queue), 200);
});

/** An identity that nobody has: asking its object writes nothing. */
const PROBE = "00000000-0000-0000-0000-000000000000";
/** How long D1 and an object may take to answer, ms. */
const PROBE_LIMIT_MS = 5_000;
/** How long a good answer holds, ms: anybody may ask, so asking must not cost a read each time. */
const HEALTHY_FOR_MS = 1_000;

const healthyUntilMs = new WeakMap<Env, number>();

export const healthRoutes = new OpenAPIHono<AppEnv>().openapi(getHealth, async (c) => {
  if (Date.now() < (healthyUntilMs.get(c.env) ?? 0)) return c.json({ status: "ok" as const }, 200);
  try {
    readConfig(c.env);
    await Promise.race([probe(c.env), expire()]);
    healthyUntilMs.set(c.env, Date.now() + HEALTHY_FOR_MS);
    return c.json({ status: "ok" as const }, 200);
  } catch (error) {
    logError("health_failed", error);
    return c.json({ status: "unavailable" as const }, 503);
  }
});

async function probe(env: Env): Promise<void> {
  const cells = cellsOf(env);
  await Promise.all([
    ...cells.map(({ DB }) => DB.prepare("SELECT 1 FROM counters LIMIT 1").first()),
    ...(cells.length > 1 ? cells.map(claimCell) : []),
    env.IDENTITIES.getByName(PROBE).attribution(),
  ]);
}

async function expire(): Promise<never> {
  await scheduler.wait(PROBE_LIMIT_MS);
  throw new Error(`D1 and an object must answer within ${PROBE_LIMIT_MS} ms, and did not`);
}

export async function queueDepth(queue: Queue): Promise<QueueDepth> {
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
