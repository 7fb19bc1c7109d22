/**
 * Reads one observation payload (contract §2) with a zod schema. A rule that JSON types cannot express carries what was
 * expected, which becomes the refusal.
 */
import { z } from "zod";
import { canonicalJson, utf8Length } from "../json.ts";
import type { Observation, ValueKind } from "../observation.ts";
import type { Registry } from "../registry.ts";
import { normalizeUuid } from "../uuid.ts";
import type { Refusal } from "./refusal.ts";

/** Maximum length of texts, in UTF-8 bytes. */
export const LIMITS = { id: 128, primitive: 128, value: 4_096, source: 256, evidence_ref: 512 } as const;
/** Largest magnitude of a number. Its square is still finite. */
const NUMERIC_LIMIT = 1e100;
/** How far a sensor's clock may be ahead of the receipt, in seconds. */
const CLOCK_AHEAD_SECS = 86_400;
/** A time above this (the year 5138) is taken for milliseconds. */
const MILLISECONDS_FROM = 1e11;

type Params = { readonly expected: string } | { readonly maxBytes: number };

function refuse(context: z.RefinementCtx, params: Params): never {
  context.addIssue({ code: "custom", params });
  return z.NEVER;
}

const PRIMITIVE = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/;
/** Characters that a database would cut off or replace, so that two different keys would become one. */
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const text = (maxBytes: number, isKey: boolean) =>
  z.string().superRefine((value, context) => {
    if (utf8Length(value) > maxBytes) refuse(context, { maxBytes });
    else if (isKey && UNSTORABLE.test(value)) {
      refuse(context, { expected: "well-formed Unicode without U+0000" });
    }
  });

const nonEmpty = (maxBytes: number) =>
  text(maxBytes, true).refine((value) => value !== "", { params: { expected: "a non-empty string" } });

const uuid = z.string().transform((value, context) => {
  return normalizeUuid(value) ?? refuse(context, { expected: "a UUID, with or without dashes" });
});

const value = z.unknown().transform((raw, context): { raw: unknown; canonical: string } => {
  if (raw === undefined) {
    context.addIssue({ code: "invalid_type", expected: "nonoptional", input: raw });
    return z.NEVER;
  }
  if (raw === null) return refuse(context, { expected: "a string, finite number, boolean, array or object" });
  const canonical = canonicalJson(raw);
  if (!canonical.ok && canonical.reason === "not_json") {
    return refuse(context, { expected: "plain JSON with finite numbers" });
  }
  if (!canonical.ok || utf8Length(canonical.text) > LIMITS.value) {
    return refuse(context, { maxBytes: LIMITS.value });
  }
  return { raw, canonical: canonical.text };
});

const payloadSchema = z.object({
  id: nonEmpty(LIMITS.id),
  attacker_uuid: uuid,
  primitive: text(LIMITS.primitive, false).refine((path) => PRIMITIVE.test(path), {
    params: { expected: "a dotted path of at least two segments of a–z, 0–9 and _" },
  }),
  value,
  confidence: z.number().min(0).max(1),
  window: z
    .object({ start_ts: z.number(), end_ts: z.number() })
    .refine(({ start_ts, end_ts }) => start_ts <= end_ts, {
      params: { expected: "a window that does not end before it starts" },
    }),
  source: nonEmpty(LIMITS.source),
  evidence_ref: text(LIMITS.evidence_ref, true).nullish(),
  ts: z.number().positive(),
  identity_ref: uuid.nullish(),
});

/** What was expected of a field, for refusals by the schema's own types. */
const EXPECTED: Readonly<Record<string, string>> = {
  id: "a non-empty string",
  attacker_uuid: "a UUID, with or without dashes",
  primitive: "a dotted path",
  confidence: "a number from 0 to 1",
  window: "an object with start_ts and end_ts",
  "window.start_ts": "a finite number of epoch seconds",
  "window.end_ts": "a finite number of epoch seconds",
  window_start_ts: "a finite number of epoch seconds",
  window_end_ts: "a finite number of epoch seconds",
  source: "a non-empty string",
  evidence_ref: "a string or null",
  ts: "a number of epoch seconds above 0",
  identity_ref: "a UUID or null",
};

/** What reading a message depends on besides the message. */
export interface ParseContext {
  /** When the message was received, epoch seconds. */
  readonly receivedTs: number;
  readonly registry: Registry;
}

/** Makes zod report the input of an issue, which distinguishes a missing field from a wrong one. */
const REPORT_INPUT = { reportInput: true } as const;

type ParsedPayload =
  | { readonly ok: true; readonly observation: Observation; readonly isUnlisted: boolean }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Reads one payload.
 * @param payload - an object of unknown content
 * @param topicPrimitive - the primitive to use if the payload names none, or null
 */
export function parsePayload(
  payload: Readonly<Record<string, unknown>>,
  topicPrimitive: string | null,
  context: ParseContext,
): ParsedPayload {
  const version = versionRefusal(payload);
  if (version) return refused(version);
  const isFlat = isAbsent(payload["window"]) && ("window_start_ts" in payload || "window_end_ts" in payload);
  const parsed = payloadSchema.safeParse(
    {
      ...payload,
      primitive: payload["primitive"] ?? topicPrimitive ?? undefined,
      window: isFlat
        ? { start_ts: payload["window_start_ts"], end_ts: payload["window_end_ts"] }
        : (payload["window"] ?? undefined),
    },
    REPORT_INPUT,
  );
  if (!parsed.success) return refused(refusalOf(parsed.error, isFlat));
  const wire = parsed.data;
  if (wire.ts > context.receivedTs + CLOCK_AHEAD_SECS) {
    const hint = wire.ts >= MILLISECONDS_FROM ? "; this looks like milliseconds" : "";
    return refused({
      code: "invalid_field",
      field: "ts",
      expected: `epoch seconds at most 24 h after receipt${hint}`,
    });
  }
  const kind = context.registry.kindOf(wire.primitive);
  if (!fits(kind, wire.value.raw)) {
    return refused({
      code: "value_kind_mismatch",
      field: "value",
      primitive: wire.primitive,
      expected: kind,
    });
  }
  const observation: Observation = {
    id: wire.id,
    attackerUuid: wire.attacker_uuid,
    primitive: wire.primitive,
    value: wire.value.canonical,
    confidence: wire.confidence,
    windowStartTs: wire.window.start_ts,
    windowEndTs: wire.window.end_ts,
    source: wire.source,
    evidenceRef: wire.evidence_ref || `observation:${wire.id}`,
    ts: wire.ts,
    identityRef: wire.identity_ref ?? null,
  };
  return { ok: true, observation, isUnlisted: !context.registry.isListed(wire.primitive, wire.value.raw) };
}

function isAbsent(member: unknown): boolean {
  return member === undefined || member === null;
}

function refused(refusal: Refusal): ParsedPayload {
  return { ok: false, refusal };
}

/** A refusal if the version is not 1, else null. It is checked first, because another version may change the meaning of every field. */
export function versionRefusal(payload: Readonly<Record<string, unknown>>): Refusal | null {
  const field = payload["v"] === undefined && payload["envelope_v"] !== undefined ? "envelope_v" : "v";
  const version = payload[field];
  return version === undefined || version === 1 ? null : { code: "unsupported_version", field };
}

/** The refusal for the first issue, in the order of the schema. */
function refusalOf(error: z.ZodError, isFlat: boolean): Refusal {
  const [issue] = error.issues;
  if (!issue) throw new Error("a failed parse must say what is wrong, got no issue");
  const path = issue.path.join(".");
  const field = isFlat && path.startsWith("window.") ? `window_${path.slice("window.".length)}` : path;
  if (issue.code === "custom") {
    const { maxBytes, expected } = issue.params ?? {};
    if (typeof maxBytes === "number") return { code: "too_large", field, maxBytes };
    if (typeof expected === "string") return { code: "invalid_field", field, expected };
  }
  // zod reports a missing field as a wrong type with the input `undefined`.
  if (issue.code === "invalid_type" && issue.input === undefined) return { code: "missing_field", field };
  return { code: "invalid_field", field, expected: EXPECTED[field] ?? "valid" };
}

function fits(kind: ValueKind, raw: unknown): boolean {
  switch (kind) {
    case "categorical":
      return true;
    case "bool":
      return typeof raw === "boolean";
    case "free_string":
      return typeof raw === "string";
    case "array":
      return Array.isArray(raw);
    case "numeric":
      return typeof raw === "boolean" || (typeof raw === "number" && Math.abs(raw) <= NUMERIC_LIMIT);
    case "hash":
      return typeof raw === "string" && raw !== "";
    case "bag":
      return Array.isArray(raw) && raw.every((word) => typeof word === "string" && word !== "");
    default:
      return kind satisfies never;
  }
}
