/** Who may open a stream: the holder of a ticket, or of a token or session with the scope for it. */
import { createMiddleware } from "hono/factory";
import { firstShard } from "../../shard.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { ProblemError } from "../shared/problem.ts";
import { limitAuthFailures } from "../shared/rate-limit.ts";
import { redeemTicket, TICKET_SCOPE } from "./ticket.ts";

/** Lets a request through that may read a stream: by a ticket if it brings one, else as any other route. */
export function requireStreamAccess() {
  const byTokenOrSession = requireScope(TICKET_SCOPE);
  return createMiddleware<AppEnv>(async (c, next) => {
    const ticket = c.req.query("ticket");
    if (ticket === undefined) {
      return byTokenOrSession(c, async () => {
        c.set("streamUntilTs", c.var.authenticated.expiresTs);
        await next();
      });
    }
    if (!(await redeemTicket(firstShard(c.env).db, c.env, ticket, Date.now() / 1_000))) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", "The ticket is not known, was used, or has expired.");
    }
    c.set("streamUntilTs", null);
    return next();
  });
}
