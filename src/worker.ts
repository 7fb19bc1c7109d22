/** The Worker: HTTP in, queue in; everything it does is in the folders it calls. */
import { handleBatch } from "./consumer/index.ts";
import { app } from "./http/index.ts";

export { IdentityObject } from "./identity/index.ts";
export { FeedObject } from "./stream/index.ts";

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) => handleBatch(batch, env),
} satisfies ExportedHandler<Env>;
