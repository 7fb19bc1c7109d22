/** One log line per request: route, status, duration and counts. Never an address, a token or a value. */
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { type LogFacts, logInfo } from "../../log.ts";
import type { AppEnv } from "./access.ts";

/** Logs every request by its route's pattern, with the counts that the route noted under `facts`. */
export const logRequest = createMiddleware<AppEnv>(async (c, next) => {
  const startMs = Date.now();
  await next();
  const facts: LogFacts = c.var.facts ?? {};
  logInfo("request", {
    method: c.req.method,
    // The pattern, not the path: a path holds identifiers.
    route: routePath(c, -1),
    status: c.res.status,
    ...facts,
    duration_ms: Date.now() - startMs,
  });
});
