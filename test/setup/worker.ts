/** The Worker under test, which also reads the outbound queue back. */
import worker, { FeedObject, IdentityObject } from "../../src/worker.ts";
import { receive } from "./outbound.ts";

export { FeedObject, IdentityObject };

export default {
  fetch: worker.fetch,
  async queue(batch, env) {
    if (batch.queue === "attribution-events") receive(batch);
    else await worker.queue(batch, env);
  },
} satisfies ExportedHandler<Env>;
