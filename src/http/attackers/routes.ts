/** Attackers: registering, reading and erasing them. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../shared/access.ts";
import { attackerReadRoutes } from "./read-routes.ts";
import { registerRoutes } from "./register-routes.ts";

export const attackerRoutes = new OpenAPIHono<AppEnv>()
  .route("/", registerRoutes)
  .route("/", attackerReadRoutes);
