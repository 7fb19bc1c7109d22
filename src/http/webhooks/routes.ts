/**
 * `POST /webhooks/decnet`: deliveries of DECNET's webhook worker, one bus event each. The signature is checked over the
 * raw bytes before anything is parsed. DECNET sends again after 429, 5xx or 10 s without an answer, so a delivery may
 * come twice; an observation has a key, so that does no harm.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../shared/access.ts";
import { type BodyValue, parseBytes, readBytes } from "../intake/body.ts";
import { isAboutSomethingElse, withEpochTimes } from "./delivery.ts";
import { deliveryBody } from "../intake/event-schema.ts";
import { Intake, INTAKE_PROBLEMS } from "../intake/intake.ts";
import { intakeRegistry } from "../intake/registry.ts";
import { acceptedSchema } from "../observations/wire.ts";
import { problemAnswer } from "../shared/problem-schema.ts";
import { ProblemError } from "../shared/problem.ts";
import { limitAuthFailures, limitIngest } from "../shared/rate-limit.ts";
import { isSignedBy, parseSignature } from "./signature.ts";
import { splitSecret } from "../shared/tokens.ts";

/** The longest delivery: far more than an event may hold. */
const DELIVERY_LIMIT_BYTES = 1024 * 1024;
const SIGNATURE_NEEDED =
  "The header X-DECNET-Signature must be sha256=<hex HMAC-SHA256 of the body> with a secret that is known here.";
/** All deliveries count against one limit. */
const CALLER = "webhooks/decnet";

const postDelivery = createRoute({
  method: "post",
  path: "/webhooks/decnet",
  tags: ["ingest"],
  summary: "A DECNET webhook delivery",
  description:
    "Topics other than attacker.observation.* are acknowledged and ignored. Times may be ISO 8601 texts or epoch seconds.",
  security: [{ signature: [] }],
  request: {
    body: deliveryBody,
  },
  responses: {
    202: {
      description: "Queued or ignored",
      content: { "application/json": { schema: acceptedSchema } },
    },
    401: problemAnswer("unauthorized", SIGNATURE_NEEDED),
    ...INTAKE_PROBLEMS,
  },
});

export const webhookRoutes = new OpenAPIHono<AppEnv>().openapi(postDelivery, async (c) => {
  const delivery = parseBytes(await readSigned(c.req.raw, c.env));
  await limitIngest(c.env, CALLER);
  if (delivery.ok && isAboutSomethingElse(delivery.value)) {
    return c.json({ accepted: 0, ignored: 1, rejected: [] }, 202);
  }
  const intake = new Intake({
    receivedTs: Date.now() / 1_000,
    registry: intakeRegistry(c.env),
  });
  intake.add(mapValue(delivery, withEpochTimes));
  c.set("facts", intake.counts);
  return c.json(await intake.send(c.env.OBSERVATION_QUEUE), 202);
});

/**
 * The body of a request that is signed with one of the secrets.
 * @throws ProblemError `unauthorized`
 */
async function readSigned(request: Request, env: Env): Promise<Uint8Array> {
  const secrets = splitSecret(env.DECNET_WEBHOOK_SECRET ?? "");
  const signature = parseSignature(request.headers.get("x-decnet-signature"));
  // Without a well-formed signature or a secret the body is not read.
  if (signature === null || secrets.length === 0) return refuse(request, env);
  const body = await readBytes(request, DELIVERY_LIMIT_BYTES);
  return (await isSignedBy(secrets, signature, body)) ? body : refuse(request, env);
}

async function refuse(request: Request, env: Env): Promise<never> {
  await limitAuthFailures(env, request);
  const challenge = { "www-authenticate": "DECNET-HMAC-SHA256" };
  throw new ProblemError("unauthorized", SIGNATURE_NEEDED, {}, challenge);
}

function mapValue(body: BodyValue, map: (value: unknown) => unknown): BodyValue {
  return body.ok ? { ok: true, value: map(body.value) } : body;
}
