/** Describes the bodies that bring events. The core's rules check them, not these schemas. */
import { LIMITS } from "../../core/index.ts";

const TEXT_OR_NULL: ("string" | "null")[] = ["string", "null"];

const seconds = { type: "number" as const, description: "Epoch seconds" };

const payload = {
  type: "object" as const,
  required: ["id", "attacker_uuid", "primitive", "value", "confidence", "window", "source", "ts"],
  properties: {
    id: { type: "string" as const, minLength: 1, maxLength: LIMITS.id },
    attacker_uuid: { type: "string" as const, format: "uuid" },
    primitive: { type: "string" as const, maxLength: LIMITS.primitive, example: "motor.input_modality" },
    value: { description: `Any JSON but null, at most ${LIMITS.value} bytes` },
    confidence: { type: "number" as const, minimum: 0, maximum: 1 },
    window: {
      type: "object" as const,
      required: ["start_ts", "end_ts"],
      properties: { start_ts: seconds, end_ts: seconds },
    },
    source: { type: "string" as const, minLength: 1, maxLength: LIMITS.source },
    evidence_ref: { type: TEXT_OR_NULL, maxLength: LIMITS.evidence_ref },
    ts: seconds,
    v: { type: "integer" as const, enum: [1] },
    identity_ref: { type: TEXT_OR_NULL, format: "uuid" },
  },
};

const busEvent = {
  type: "object" as const,
  required: ["topic", "payload"],
  properties: {
    topic: { type: "string" as const, example: "attacker.observation.motor.input_modality" },
    payload: { type: "object" as const },
  },
};

const event = { anyOf: [payload, busEvent] };

const several = {
  type: "object" as const,
  required: ["events"],
  properties: { events: { type: "array" as const, minItems: 1, items: event } },
};

/** Body of `POST /observations`: one event, a list, an object with `events`, or NDJSON. */
export const eventsBody = {
  required: true,
  content: {
    "application/json": {
      schema: { anyOf: [payload, busEvent, several, { type: "array" as const, items: event }] },
    },
    "application/x-ndjson": { schema: { type: "string" as const, description: "One event a line" } },
  },
};

/** Body of a DECNET delivery. */
export const deliveryBody = {
  required: true,
  content: { "application/json": { schema: { anyOf: [busEvent, payload, several] } } },
};
