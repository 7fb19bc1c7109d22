/**
 * Answers with an `ETag`, and 304 to a client that has the answer already. The tag is a digest of the answer, so it
 * changes exactly when the answer does.
 */
import { createMiddleware } from "hono/factory";
import { etag } from "hono/etag";
import type { AppEnv } from "./access.ts";
import { z } from "@hono/zod-openapi";

const compareTags = etag();

/** Adds the tag, and answers 304 where `If-None-Match` names it (in a list, weak or strong, or as `*`). */
export const revalidated = createMiddleware<AppEnv>((c, next) =>
  compareTags(c, async () => {
    await next();
    if (c.res.ok) c.header("cache-control", "private, no-cache");
  }),
);

/** The response headers of such a route, for its description. */
export const taggedHeaders = z.object({
  etag: z.string().openapi({ description: "Names this answer" }),
});

/** Describes the answer to a client that has it already. The description then says that the route reads `If-None-Match`. */
export const NOT_MODIFIED = { 304: { description: "The client has it already" } } as const;
