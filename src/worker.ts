/** The Worker's entry points: HTTP requests, queue messages and cron events, each handled by a folder of its own. */
import { handleBatch, handleDeadLetters } from "./consumer/index.ts";
import { app } from "./http/index.ts";
import { handleScheduled } from "./maintenance/index.ts";

export { IdentityObject } from "./identity/index.ts";
export { MaintenanceObject } from "./maintenance/index.ts";
export { FeedObject } from "./stream/index.ts";

/** The end of the name of the dead-letter queue, in every environment. */
const DEAD_LETTERS = "-dead-letters";

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue: (batch, env) =>
    batch.queue.endsWith(DEAD_LETTERS) ? handleDeadLetters(batch, env) : handleBatch(batch, env),
  scheduled: ({ cron, scheduledTime }, env) => handleScheduled(cron, scheduledTime, env),
} satisfies ExportedHandler<Env>;
