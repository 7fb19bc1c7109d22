/** Identities: reading, merging and rebuilding them. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../shared/access.ts";
import { historyRoutes } from "./history-routes.ts";
import { mergeRoutes } from "./merge-routes.ts";
import { identityReadRoutes } from "./read-routes.ts";

export const identityRoutes = new OpenAPIHono<AppEnv>()
  .route("/", identityReadRoutes)
  .route("/", historyRoutes)
  .route("/", mergeRoutes);
