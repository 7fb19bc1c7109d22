/** The HTTP API: routes put together, and one place where every failure gets its shape. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { routePath } from "hono/route";
import { logError } from "../log.ts";
import type { AppEnv } from "./access.ts";
import { adminRoutes } from "./admin.ts";
import { attackerRoutes } from "./attackers.ts";
import { controlRoutes } from "./control.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { docsRoutes } from "./docs.ts";
import { historyRoutes } from "./histories.ts";
import { identityRoutes } from "./identities.ts";
import { ingest } from "./ingest.ts";
import { healthRoutes, statsRoutes } from "./operations.ts";
import { defaultNoStore, securityHeaders } from "./headers.ts";
import { limitSmallBodies, refuseLongUrls, refuseOtherMethods } from "./guards.ts";
import { pageRoutes } from "./pages.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";
import { logRequest } from "./request-log.ts";
import { sessionRoutes } from "./session-routes.ts";
import { streamRoutes } from "./streams.ts";
import { ticketRoutes } from "./tickets.ts";
import { webhookRoutes } from "./webhook.ts";

const base = new OpenAPIHono<AppEnv>();

base.use(logRequest, securityHeaders, defaultNoStore, refuseOtherMethods(base), refuseLongUrls);
base.use(limitSmallBodies);

/** The app. Routes are chained, because its type grows with each and is what a typed client is made from. */
export const app = base
  .route("/", healthRoutes)
  .route(
    "/",
    docsRoutes(() => base),
  )
  .route("/api/v1", sessionRoutes)
  .route("/api/v1", ingest)
  .route("/api/v1", webhookRoutes)
  .route("/api/v1", attackerRoutes)
  .route("/api/v1", identityRoutes)
  .route("/api/v1", historyRoutes)
  .route("/api/v1", ticketRoutes)
  .route("/api/v1", streamRoutes)
  .route("/api/v1", adminRoutes)
  .route("/api/v1", deadLetterRoutes)
  .route("/api/v1", controlRoutes)
  .route("/api/v1", statsRoutes)
  .route("/api/v1", dashboardRoutes)
  .route("/", pageRoutes);

/**
 * What callers make a typed client from.
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
