/** Damaged messages: each gets a verdict, and accepted ones obey the contract's table, which is checked separately here. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import {
  createRegistry,
  describeRefusal,
  type Observation,
  type ParsedEvent,
  type Refusal,
  type ValueKind,
} from "../../src/core/index.ts";
import { ATTACKER, busEvent, payload, read, RECEIVED_TS, TS } from "./factories.ts";

const KINDS: Record<string, ValueKind> = {
  "f.numeric": "numeric",
  "f.hash": "hash",
  "f.bool": "bool",
  "f.array": "array",
  "f.bag": "bag",
  "f.text": "free_string",
  "f.any": "categorical",
};
const registry = createRegistry(KINDS);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CODES = [
  "malformed_json",
  "missing_field",
  "invalid_field",
  "unsupported_version",
  "value_kind_mismatch",
  "too_large",
];

/** Values that fit a field, nearly fit it, or fit none. */
const nearMiss: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    "",
    "x",
    "\0",
    "\ud800",
    "unknown",
    "é".repeat(64),
    "é".repeat(129),
    "a".repeat(513),
  ),
  fc.constantFrom<unknown>(
    0,
    1,
    -0,
    0.5,
    1e100,
    -1.1e100,
    TS,
    RECEIVED_TS + 86_400,
    RECEIVED_TS + 86_401,
    TS * 1_000,
  ),
  fc.constantFrom<unknown>(
    true,
    false,
    null,
    undefined,
    [],
    {},
    [undefined],
    Number.NaN,
    Infinity,
    new Date(0),
    10n,
  ),
  fc.constantFrom<unknown>(
    "a.b",
    "a..b",
    ATTACKER.toUpperCase(),
    ATTACKER.replaceAll("-", ""),
    ...Object.keys(KINDS),
  ),
  fc.string({ unit: "binary", maxLength: 600 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 4 }),
  fc.record({ start_ts: fc.double(), end_ts: fc.double() }),
);

const FIELDS = [
  ...Object.keys(payload()),
  "v",
  "envelope_v",
  "identity_ref",
  "window_start_ts",
  "events",
  "__proto__",
];

/** A payload with up to three fields damaged, its primitive and value mostly of one kind. */
const damagedPayload = fc
  .tuple(
    fc.constantFrom<[string, unknown]>(
      ["f.numeric", 7.5],
      ["f.numeric", true],
      ["f.hash", "abc"],
      ["f.bool", false],
      ["f.array", [1, "2"]],
      ["f.text", ""],
      ["f.any", { b: 1, a: [null] }],
    ),
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), nearMiss), { maxLength: 3 }),
    fc.option(fc.constantFrom(...FIELDS), { freq: 3 }),
  )
  .map(([[primitive, value], damages, removed]) => {
    const whole: Record<string, unknown> = Object.assign({}, payload({ primitive, value }));
    for (const [field, damage] of damages)
      Object.defineProperty(whole, field, { value: damage, enumerable: true, configurable: true });
    if (removed !== null) delete whole[removed];
    return whole;
  });

const damagedEvent: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: damagedPayload },
  { weight: 4, arbitrary: damagedPayload.map((content) => busEvent(content)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(damagedPayload, fc.constantFrom("v", "topic", "payload", "events"), nearMiss)
      .map(([content, field, damage]) => busEvent(content, { [field]: damage })),
  },
  { weight: 1, arbitrary: nearMiss },
);

const body: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: damagedEvent },
  { weight: 3, arbitrary: fc.array(damagedEvent, { maxLength: 5 }).map((events) => ({ events })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(damagedPayload, fc.nat({ max: 400 }))
      .map(([content, cut]) => (jsonOf(content) ?? "{}").slice(0, -cut || undefined)),
  },
);

/** JSON text of a value that has one. */
function jsonOf(content: unknown): string | undefined {
  return JSON.stringify(content, (_, member: unknown) =>
    typeof member === "bigint" ? String(member) : member,
  );
}

it("[§2] damaged messages never throw, always get a verdict, and accepted ones obey the table", () => {
  const seen: Record<ParsedEvent["outcome"], number> = { observation: 0, ignored: 0, refused: 0 };
  const codes = new Set<string>();
  fc.assert(
    fc.property(body, (message) => {
      const verdicts = read(message, registry);
      expect(verdicts.length).toBeGreaterThan(0);
      for (const verdict of verdicts) {
        seen[verdict.outcome]++;
        if (verdict.outcome === "observation") expectObedient(verdict.observation);
        if (verdict.outcome === "refused") codes.add(expectTold(verdict.refusal));
      }
    }),
    { numRuns: 5_000 },
  );
  // The damage leaves enough accepted and enough refused messages.
  expect(Math.min(seen.observation, seen.refused)).toBeGreaterThan(500);
  expect(seen.ignored).toBeGreaterThan(0);
  expect([...codes].toSorted()).toEqual(CODES.toSorted());
});

it("[§2] an event in a list gets the verdict that it gets alone", () => {
  fc.assert(
    fc.property(fc.array(damagedEvent, { minLength: 1, maxLength: 6 }), (events) => {
      // A list within a list, or a text, is a body and not an event.
      const alone = events.map((event) =>
        isText(event) || hasEvents(event) ? "refused" : read(event, registry)[0],
      );
      const together = read({ events }, registry);
      expect(together.map((verdict, i) => (alone[i] === "refused" ? verdict.outcome : verdict))).toEqual(
        alone,
      );
    }),
    { numRuns: 500 },
  );
});

it("[§2] a JSON body means the same as an object and as text", () => {
  // A text that holds a text is no object in both forms, but the refusals differ.
  const text = damagedEvent
    .map((event) => jsonOf(event) ?? "{}")
    .filter((json) => typeof JSON.parse(json) !== "string");
  fc.assert(
    fc.property(text, (json) => {
      expect(read(json, registry)).toEqual(read(JSON.parse(json), registry));
    }),
    { numRuns: 500 },
  );
});

function isText(event: unknown): boolean {
  return typeof event === "string";
}

function hasEvents(event: unknown): boolean {
  return typeof event === "object" && event !== null && "events" in event && event.events !== undefined;
}

/** A refusal has one of the codes, and a sentence that names its field. */
function expectTold(refusal: Refusal): string {
  expect(CODES).toContain(refusal.code);
  expect(refusal.field).toMatch(/^[a-z_]+(\.[a-z_]+)?$/);
  expect(describeRefusal(refusal)).toContain(refusal.field);
  return refusal.code;
}

/** The contract's table, implemented independently of the schema. */
function expectObedient(observation: Observation): void {
  const { id, source, evidenceRef, primitive, value, confidence, ts, windowStartTs, windowEndTs } =
    observation;
  for (const [key, limit] of [
    [id, 128],
    [source, 256],
    [evidenceRef, 512],
  ] as const) {
    expect(key).not.toBe("");
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(limit);
    expect(key.isWellFormed()).toBe(true);
    expect(key).not.toContain("\0");
  }
  expect(observation.attackerUuid).toMatch(UUID);
  expect(observation.identityRef ?? observation.attackerUuid).toMatch(UUID);
  const segments = primitive.split(".");
  expect(segments.length).toBeGreaterThan(1);
  for (const segment of segments) expect(segment).toMatch(/^[a-z0-9_]+$/);
  expect(primitive.length).toBeLessThanOrEqual(128);
  expect(confidence >= 0 && confidence <= 1).toBe(true);
  expect(ts > 0 && ts <= RECEIVED_TS + 86_400).toBe(true);
  expect(Number.isFinite(windowStartTs) && Number.isFinite(windowEndTs)).toBe(true);
  expect(windowStartTs).toBeLessThanOrEqual(windowEndTs);
  expect(Buffer.byteLength(value)).toBeLessThanOrEqual(4_096);
  expectFitting(registry.kindOf(primitive), JSON.parse(value));
}

function expectFitting(kind: ValueKind, value: unknown): void {
  expect(value).not.toBeNull();
  const fits: Record<ValueKind, boolean> = {
    categorical: true,
    bool: value === true || value === false,
    free_string: typeof value === "string",
    array: Array.isArray(value),
    numeric: typeof value === "boolean" || (typeof value === "number" && value >= -1e100 && value <= 1e100),
    hash: typeof value === "string" && value.length > 0,
    bag: Array.isArray(value) && value.every((word) => typeof word === "string" && word.length > 0),
  };
  expect(fits[kind], `${kind}: ${JSON.stringify(value)}`).toBe(true);
}
