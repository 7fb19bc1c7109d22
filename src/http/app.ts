/** The HTTP API: mounts every resource's routes, and gives every failure its shape. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { routePath } from "hono/route";
import { logError } from "../log.ts";
import { evidenceRoutes } from "../evidence/routes.ts";
import { attackerRoutes } from "./attackers/routes.ts";
import { controlRoutes } from "./control/routes.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { deadLetterRoutes } from "./dead-letters/routes.ts";
import { docsRoutes } from "./docs/routes.ts";
import { eventRoutes } from "./events/routes.ts";
import { identityRoutes } from "./identities/routes.ts";
import { observationRoutes } from "./observations/routes.ts";
import { healthRoutes, statsRoutes } from "./operations/routes.ts";
import { pageRoutes } from "./pages/routes.ts";
import { sessionRoutes } from "./session/routes.ts";
import type { AppEnv } from "./shared/access.ts";
import { limitSmallBodies, refuseLongUrls, refuseOtherMethods } from "./shared/guards.ts";
import { defaultNoStore, securityHeaders } from "./shared/headers.ts";
import { ProblemError, problemOf, problemResponse } from "./shared/problem.ts";
import { logRequest } from "./shared/request-log.ts";
import { ticketRoutes } from "./stream-tickets/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";

const base = new OpenAPIHono<AppEnv>();

base.use(logRequest, securityHeaders, defaultNoStore, refuseOtherMethods(base), refuseLongUrls);
base.use(limitSmallBodies);

/** The app. Routes are chained, because its type, from which a typed client is made, grows with each of them. */
export const app = base
  .route("/", healthRoutes)
  .route(
    "/",
    docsRoutes(() => base),
  )
  .route("/api/v1", sessionRoutes)
  .route("/api/v1", observationRoutes)
  .route("/api/v1", webhookRoutes)
  .route("/api/v1", attackerRoutes)
  .route("/api/v1", identityRoutes)
  .route("/api/v1", evidenceRoutes)
  .route("/api/v1", ticketRoutes)
  .route("/api/v1", eventRoutes)
  .route("/api/v1", deadLetterRoutes)
  .route("/api/v1", controlRoutes)
  .route("/api/v1", statsRoutes)
  .route("/api/v1", dashboardRoutes)
  .route("/", pageRoutes);

/**
 * The type from which callers make a typed client.
 * @example hc<AppType>("https://…").api.v1.identities.$get({ query: { state: "drifting" } })
 */
export type AppType = typeof app;

app.notFound((c) => problemResponse(c, new ProblemError("not_found", "No such route.")));

app.onError((error, c) => {
  const problem = problemOf(error);
  if (problem.code === "internal")
    logError("request_failed", error, { method: c.req.method, route: routePath(c, -1) });
  return problemResponse(c, problem);
});
