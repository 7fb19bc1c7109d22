/**
 * The Worker under test: behind the platform's limits, with the outbound queue read back, and with objects that a test can
 * make fail.
 */
import { FeedObject } from "../../src/worker.ts";
import { FaultyIdentityObject, FaultyMaintenanceObject } from "../faults/objects.ts";
import { limitedObject } from "./limits/objects.ts";
import { limitedWorker } from "./limits/worker.ts";
import { receive } from "./outbound.ts";

const IdentityObject = limitedObject("IdentityObject", FaultyIdentityObject);
const MaintenanceObject = limitedObject("MaintenanceObject", FaultyMaintenanceObject);
const LimitedFeedObject = limitedObject("FeedObject", FeedObject);

export { IdentityObject, LimitedFeedObject as FeedObject, MaintenanceObject };

export default {
  fetch: limitedWorker.fetch,
  scheduled: limitedWorker.scheduled,
  async queue(batch, env) {
    if (batch.queue === "attribution-events") receive(batch);
    else await limitedWorker.queue(batch, env);
  },
} satisfies ExportedHandler<Env>;
