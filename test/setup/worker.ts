/** The Worker under test, which also reads the outbound queue back, and whose objects a test can make fail. */
import worker, { FeedObject } from "../../src/worker.ts";
import { FaultyIdentityObject, FaultyMaintenanceObject } from "../faults/objects.ts";
import { receive } from "./outbound.ts";

export { FeedObject, FaultyIdentityObject as IdentityObject, FaultyMaintenanceObject as MaintenanceObject };

export default {
  fetch: worker.fetch,
  scheduled: worker.scheduled,
  async queue(batch, env) {
    if (batch.queue === "attribution-events") receive(batch);
    else await worker.queue(batch, env);
  },
} satisfies ExportedHandler<Env>;
