/** `POST /stream-tickets`. */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { firstShard } from "../../shard.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { issueTicket } from "./ticket.ts";
import { ticketSchema } from "./wire.ts";

const postTicket = createRoute({
  method: "post",
  path: "/stream-tickets",
  tags: ["streams"],
  summary: "A ticket for one stream: valid once, within 60 s, as ?ticket=",
  security: [{ bearer: ["read"] }],
  middleware: [requireScope("read")] as const,
  responses: { 200: { description: "A ticket", content: { "application/json": { schema: ticketSchema } } } },
});

export const ticketRoutes = new OpenAPIHono<AppEnv>().openapi(postTicket, async (c) => {
  const nowTs = Date.now() / 1_000;
  const { ticket, expiresTs } = await issueTicket(firstShard(c.env).db, c.var.authenticated.token, nowTs);
  return c.json({ ticket, expires_at: expiresTs }, 200, { "cache-control": "no-store" });
});
