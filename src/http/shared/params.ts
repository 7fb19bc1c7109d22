/**
 * Parameters that several routes take; the message of each says what it must be. None has an example in its description:
 * the documentation page would fill the example into every request that somebody tries there.
 */
import { z } from "@hono/zod-openapi";
import { normalizeUuid, STATES } from "../../core/index.ts";

/** A UUID in a path or a body: with or without dashes, any case; read as lower-case with dashes. */
export const uuidParam = z
  .string()
  .transform((text, context) => {
    const uuid = normalizeUuid(text);
    if (uuid !== null) return uuid;
    context.addIssue({ code: "custom", message: "must be a UUID, with or without dashes" });
    return z.NEVER;
  })
  .openapi({ type: "string", format: "uuid" });

/** Most entries of a page. */
export const LIMIT_MOST = 1_000;
/** A time past this, in the year 5138, is in milliseconds. */
const MILLISECONDS_FROM = 1e11;
/** How far ahead a sensor's clock may be (contract §2), so how late the ts of an observation can be, in seconds. */
const CLOCK_AHEAD_SECS = 86_400;

/** How many entries a page has at most. */
export function limitParam(standard: number) {
  return z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from 1 to ${LIMIT_MOST}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LIMIT_MOST, `must be a whole number from 1 to ${LIMIT_MOST}`)
    .optional()
    .transform((limit) => limit ?? standard)
    .openapi({
      type: "integer",
      minimum: 1,
      maximum: LIMIT_MOST,
      default: standard,
      description: "Entries of a page, at most",
    });
}

const epochSeconds = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,15})?$/, "must be epoch seconds: a number, not negative, such as 1714000000.5")
  .transform(Number)
  .refine((ts) => ts < MILLISECONDS_FROM, {
    error: "must be epoch seconds; this looks like milliseconds",
    abort: true,
  });

/** A time, epoch seconds. */
export function tsParam(description: string) {
  return epochSeconds.openapi({ type: "number", minimum: 0, description });
}

/** A time that an observation can have by now, epoch seconds. */
export function pastTsParam(description: string) {
  return epochSeconds
    .refine(
      (ts) => ts <= Date.now() / 1_000 + CLOCK_AHEAD_SECS,
      "must not lie in the future, more than the 24 h by which an observation may",
    )
    .openapi({ type: "number", minimum: 0, description });
}

/** A primitive's name. */
export const primitiveParam = z
  .string()
  .max(128, "must be at most 128 characters long")
  .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)+$/, "must be a dotted path of at least two segments of a–z, 0–9 and _")
  .openapi({ description: "A primitive, such as `motor.input_modality`" });

/** One of the five states. */
export const stateParam = z
  .enum(STATES, `must be one of ${STATES.join(", ")}`)
  .openapi({ description: "A state" });
