/** The Worker's handlers under the platform's limits, each call an invocation of its own. */
import worker from "../../../src/worker.ts";
import { app } from "../../../src/http/index.ts";
import { limitedEnv } from "./env.ts";
import { inInvocation } from "./invocation.ts";

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What `src/worker.ts` exports, with limits. */
export const limitedWorker = {
  fetch: (request, env, ctx) =>
    inInvocation(nameOf(request), null, () => worker.fetch(request, limitedEnv(env), ctx)),
  queue: (batch, env) =>
    inInvocation(`queue ${batch.queue}`, null, () => worker.queue(batch, limitedEnv(env))),
  scheduled: (controller, env) =>
    inInvocation(`cron ${controller.cron}`, null, () => worker.scheduled(controller, limitedEnv(env))),
} satisfies ExportedHandler<Env>;

/** Asks the API under an environment of the test's own, without a Worker around it. */
export function fetchLimited(request: Request, env: Env): Promise<Response> {
  return inInvocation(nameOf(request), null, async () => app.fetch(request, limitedEnv(env)));
}

function nameOf(request: Request): string {
  return `${request.method} ${new URL(request.url).pathname.replaceAll(UUID, "{uuid}")}`;
}
