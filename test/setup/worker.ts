/** The Worker under test, which also reads the outbound queue back. */
import worker, { FeedObject, IdentityObject, MaintenanceObject } from "../../src/worker.ts";
import { receive } from "./outbound.ts";

export { FeedObject, IdentityObject, MaintenanceObject };

export default {
  fetch: worker.fetch,
  scheduled: worker.scheduled,
  async queue(batch, env) {
    if (batch.queue === "attribution-events") receive(batch);
    else await worker.queue(batch, env);
  },
} satisfies ExportedHandler<Env>;
