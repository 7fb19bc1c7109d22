/** The HTTP API: routes put together, and one place where every failure gets its shape. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { logError, logInfo } from "../log.ts";
import type { AppEnv } from "./access.ts";
import { attackerRoutes } from "./attackers.ts";
import { identityRoutes } from "./identities.ts";
import { ingest } from "./ingest.ts";
import { healthRoutes, statsRoutes } from "./operations.ts";
import { ProblemError, problemResponse } from "./problem.ts";
import { sessionRoutes } from "./session-routes.ts";

/** The app; its type is what a typed Hono client is made from. */
export const app = new OpenAPIHono<AppEnv>();

app.use(async (c, next) => {
  const startMs = Date.now();
  await next();
  logInfo("request", {
    method: c.req.method,
    route: c.req.routePath,
    status: c.res.status,
    duration_ms: Date.now() - startMs,
  });
});

app.route("/", healthRoutes);
app.route("/api/v1", sessionRoutes);
app.route("/api/v1", ingest);
app.route("/api/v1", attackerRoutes);
app.route("/api/v1", identityRoutes);
app.route("/api/v1", statsRoutes);

app.notFound((c) => problemResponse(c, new ProblemError("not_found", "No such route.")));

app.onError((error, c) => {
  if (error instanceof ProblemError) return problemResponse(c, error);
  if (error instanceof HTTPException && error.status === 400) {
    return problemResponse(c, new ProblemError("malformed_json", "The body must be JSON."));
  }
  logError("request_failed", error, { method: c.req.method, route: c.req.routePath });
  return problemResponse(c, new ProblemError("internal", "The request failed; the log says why."));
});
