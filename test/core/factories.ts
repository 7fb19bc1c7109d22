/** Factories of the core's tests. Their results are valid by default, so that a test sets only what it is about. */
import {
  createRegistry,
  describeRefusal,
  type Member,
  type Observation,
  type ParsedEvent,
  parseMessage,
  type Registry,
} from "../../src/core/index.ts";
import { canonicalJson } from "../../src/core/json.ts";
import type { Arrival } from "./model.ts";

/** Time of receipt of every message in these tests. */
export const RECEIVED_TS = 1_750_000_000;
/** Default `ts` of observations in these tests. */
export const TS = 1_749_990_000;
export const ATTACKER = "44dcda6a-0000-4000-8000-8775a8501e2c";
export const OTHER_ATTACKER = "44dcda6a-0000-4000-8000-8775a8501e2d";

export type Wire = Readonly<Record<string, unknown>>;

/** A valid payload. */
export function payload(overrides: Wire = {}): Wire {
  return {
    id: "o-1",
    attacker_uuid: ATTACKER,
    primitive: "motor.input_modality",
    value: "typed",
    confidence: 0.75,
    window: { start_ts: TS - 60, end_ts: TS - 1 },
    source: "test",
    evidence_ref: "shard:a#1",
    ts: TS,
    ...overrides,
  };
}

/** The same without some members. */
export function without(whole: Wire, ...names: readonly string[]): Wire {
  return Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name)));
}

/** A valid bus event around a payload. */
export function busEvent(content: unknown = payload(), overrides: Wire = {}): Wire {
  return {
    v: 1,
    id: "e-1",
    topic: "attacker.observation.motor.input_modality",
    type: "observation",
    ts: TS,
    payload: content,
    ...overrides,
  };
}

/** The verdicts on a body. */
export function read(body: unknown, registry: Registry = createRegistry()): ParsedEvent[] {
  return parseMessage(body, { receivedTs: RECEIVED_TS, registry });
}

/** The only verdict on a body. */
export function readOne(body: unknown, registry?: Registry): ParsedEvent {
  const [verdict, ...more] = read(body, registry);
  if (!verdict || more.length > 0) throw new Error(`expected one verdict, got ${more.length + 1}`);
  return verdict;
}

/** The observation in a body; the test fails if there is none. */
export function observationOf(body: unknown, registry?: Registry): Observation {
  const verdict = readOne(body, registry);
  if (verdict.outcome === "observation") return verdict.observation;
  const detail = verdict.outcome === "refused" ? describeRefusal(verdict.refusal) : "";
  throw new Error(`expected an observation, got ${verdict.outcome}: ${detail}`);
}

/** The refusal of a body; the test fails if it is accepted. */
export function refusalOf(
  body: unknown,
  registry?: Registry,
): { code: string; field: string; sentence: string } {
  const verdict = readOne(body, registry);
  if (verdict.outcome !== "refused") throw new Error(`expected a refusal, got ${JSON.stringify(verdict)}`);
  const { code, field } = verdict.refusal;
  return { code, field, sentence: describeRefusal(verdict.refusal) };
}

/** Canonical JSON of a value; the test fails if there is none. */
export function textOf(value: unknown): string {
  const canonical = canonicalJson(value);
  if (!canonical.ok) throw new Error(`a test value must be JSON, got ${canonical.reason}`);
  return canonical.text;
}

/** One member per value, a minute apart. The letters of a text are values; `?` is the abstention. */
export function series(values: string | readonly unknown[], overrides: Partial<Member> = {}): Member[] {
  return listOf(values).map((value, i) => memberAt(i, value, overrides));
}

/** The same as arrivals, the first of them `offset` minutes after the first of a series. */
export function arrivals(
  values: string | readonly unknown[],
  { offset = 0, ...overrides }: Partial<Arrival> & { offset?: number } = {},
): Arrival[] {
  return listOf(values).map((value, i) => arrivalAt(i + offset, value, overrides));
}

function listOf(values: string | readonly unknown[]): readonly unknown[] {
  return typeof values === "string" ? values.split("").map((c) => (c === "?" ? "unknown" : c)) : values;
}

function memberAt(place: number, value: unknown, overrides: Partial<Member>): Member {
  const evidenceRef = `e${String(place).padStart(4, "0")}`;
  return { value: textOf(value), ts: TS + place * 60, evidenceRef, attackerUuid: ATTACKER, ...overrides };
}

function arrivalAt(place: number, value: unknown, overrides: Partial<Arrival>): Arrival {
  return { ...memberAt(place, value, overrides), id: overrides.id ?? "i" };
}
