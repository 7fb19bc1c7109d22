/** Taking observations in over HTTP: checked at once, so that the sender learns what was refused, then queued. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { readConfig } from "../config.ts";
import { describeRefusal, type Observation, parseEvent, type Refusal } from "../core/index.ts";
import { logError } from "../log.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { INGEST_LIMIT_BYTES, readText, splitEvents } from "./body.ts";
import { packMessages, sendMessages } from "./pack.ts";
import { ProblemError } from "./problem.ts";

/** Events of one ingest request. */
export const INGEST_LIMIT_EVENTS = 5_000;

const rejectedSchema = z.object({
  index: z.number().int(),
  code: z.string(),
  field: z.string(),
  detail: z.string(),
});
const acceptedSchema = z
  .object({ accepted: z.number().int(), ignored: z.number().int(), rejected: z.array(rejectedSchema) })
  .openapi("Accepted");

type Rejected = z.infer<typeof rejectedSchema>;

const postObservations = createRoute({
  method: "post",
  path: "/observations",
  summary: "Queue observations: one event, a list, or NDJSON",
  security: [{ bearer: [] }],
  middleware: [requireScope("ingest")] as const,
  responses: {
    202: {
      description: "Queued, but for those refused",
      content: { "application/json": { schema: acceptedSchema } },
    },
  },
});

export const ingest = new OpenAPIHono<AppEnv>().openapi(postObservations, async (c) => {
  const events = splitEvents(await readText(c.req.raw, INGEST_LIMIT_BYTES));
  if (events.length > INGEST_LIMIT_EVENTS) {
    throw new ProblemError("too_large", `A request may hold at most ${INGEST_LIMIT_EVENTS} events.`);
  }
  const context = { receivedTs: Date.now() / 1_000, registry: readConfig(c.env).registry };
  const observations: Observation[] = [];
  const rejected: Rejected[] = [];
  let ignored = 0;
  for (const [index, event] of events.entries()) {
    const parsed = parseEvent(event, context);
    if (parsed.outcome === "observation") observations.push(parsed.observation);
    else if (parsed.outcome === "refused") rejected.push(toRejected(index, parsed.refusal));
    else ignored++;
  }
  if (observations.length === 0 && ignored === 0) {
    if (rejected.length === 0) throw new ProblemError("invalid_request", "The body holds no events.");
    throw new ProblemError("all_refused", `All ${rejected.length} events were refused.`, { rejected });
  }
  const { accepted, error } = await sendMessages(c.env.OBSERVATION_QUEUE, packMessages(observations));
  if (error !== null) {
    logError("queue_send_failed", error, { accepted, refused: observations.length - accepted });
    throw new ProblemError(
      "queue_unavailable",
      `The queue took the first ${accepted} valid events and then no more. Send the request again: what it took is not counted twice.`,
      { accepted, rejected },
    );
  }
  return c.json({ accepted, ignored, rejected }, 202);
});

function toRejected(index: number, refusal: Refusal): Rejected {
  return { index, code: refusal.code, field: refusal.field, detail: describeRefusal(refusal) };
}
