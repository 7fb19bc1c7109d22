/** The Worker: HTTP in, queue in; everything it does is in the folders it calls. */
import { handleBatch, handleDeadLetters } from "./consumer/index.ts";
import { app } from "./http/index.ts";
import { handleScheduled } from "./maintenance/index.ts";

export { IdentityObject } from "./identity/index.ts";
export { MaintenanceObject } from "./maintenance/index.ts";
export { FeedObject } from "./stream/index.ts";

/** How the name of a dead-letter queue ends, in every environment. */
const DEAD_LETTERS = "-dead-letters";

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) =>
    batch.queue.endsWith(DEAD_LETTERS) ? handleDeadLetters(batch, env) : handleBatch(batch, env),
  scheduled: ({ cron, scheduledTime }, env) => handleScheduled(cron, scheduledTime, env),
} satisfies ExportedHandler<Env>;
