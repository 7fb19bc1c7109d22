/** `POST /observations`: events from sensors, checked while they arrive and then queued. */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { readValues } from "../intake/body.ts";
import { eventsBody } from "../intake/event-schema.ts";
import { INGEST_LIMIT_EVENTS, Intake, INTAKE_PROBLEMS } from "../intake/intake.ts";
import { intakeRegistry } from "../intake/registry.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { problemAnswer } from "../shared/problem-schema.ts";
import { limitIngest } from "../shared/rate-limit.ts";
import { acceptedSchema } from "./wire.ts";

/** The longest body of an ingest request. */
const INGEST_LIMIT_BYTES = 8 * 1024 * 1024;

const postObservations = createRoute({
  method: "post",
  path: "/observations",
  tags: ["ingest"],
  summary: "Queue observations: one event, a list, or NDJSON",
  description: `At most ${INGEST_LIMIT_EVENTS} events and ${INGEST_LIMIT_BYTES} bytes. Safe to repeat: an observation has a key.`,
  security: [{ bearer: ["ingest"] }],
  middleware: [requireScope("ingest")] as const,
  request: { body: eventsBody },
  responses: {
    202: {
      description: "Queued, but for those refused",
      content: { "application/json": { schema: acceptedSchema } },
    },
    400: problemAnswer("body_incomplete", "The body ended before it was complete; nothing was taken."),
    ...INTAKE_PROBLEMS,
  },
});

export const observationRoutes = new OpenAPIHono<AppEnv>().openapi(postObservations, async (c) => {
  await limitIngest(c.env, c.var.authenticated.token.hash);
  const intake = new Intake({
    receivedTs: Date.now() / 1_000,
    registry: intakeRegistry(c.env),
  });
  for await (const value of readValues(c.req.raw, INGEST_LIMIT_BYTES)) intake.add(value);
  c.set("facts", intake.counts);
  return c.json(await intake.send(c.env.OBSERVATION_QUEUE), 202);
});
