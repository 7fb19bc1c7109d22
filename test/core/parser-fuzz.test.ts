/** The parser with thousands of damaged messages: it never throws, always returns a verdict, and reads an accepted event the same way again. */
import { expect, it } from "vitest";
import {
  createRegistry,
  describeRefusal,
  type Observation,
  parseMessage,
  type ParsedEvent,
} from "../../src/core/index.ts";
import type { RefusalCode } from "../../src/core/message/refusal.ts";
import { mutantOf } from "./mutations.ts";

const RUNS = Number(process.env["FAULT_FUZZ"] ?? 10_000);
const FIRST_SEED = Number(process.env["FAULT_SEED"] ?? 1);
/** Number of messages per test. */
const BLOCK = 20_000;
const RECEIVED_TS = 1_750_000_000;
const CODES: readonly RefusalCode[] = [
  "malformed_json",
  "missing_field",
  "invalid_field",
  "unsupported_version",
  "value_kind_mismatch",
  "too_large",
];

const context = { receivedTs: RECEIVED_TS, registry: createRegistry() };
const blocks = Array.from({ length: Math.ceil(RUNS / BLOCK) }, (_, i) => FIRST_SEED + i * BLOCK);

it.each(blocks)("[§2] every damaged message from seed %i on gets its verdicts", (from) => {
  const outcomes = new Map<string, number>();
  for (let seed = from; seed < Math.min(from + BLOCK, FIRST_SEED + RUNS); seed++) {
    const body = mutantOf(seed, RECEIVED_TS);
    // The consumer passes bytes as text.
    const isBytes = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
    for (const verdict of verdictsOf(seed, isBytes ? new TextDecoder().decode(body) : body)) {
      const outcome = verdict.outcome === "refused" ? verdict.refusal.code : verdict.outcome;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const wrong = wrongWith(verdict);
      if (wrong !== null) expect.fail(`seed ${seed}: ${wrong}`);
    }
  }
  // The damage leaves messages of every verdict.
  expect([...outcomes.keys()].toSorted()).toEqual([...CODES, "ignored", "observation"].toSorted());
});

function verdictsOf(seed: number, body: unknown): ParsedEvent[] {
  try {
    const verdicts = parseMessage(body, context);
    if (verdicts.length === 0) expect.fail(`seed ${seed}: no verdict`);
    return verdicts;
  } catch (error) {
    return expect.fail(`seed ${seed}: ${String(error)}`);
  }
}

function wrongWith(verdict: ParsedEvent): string | null {
  if (verdict.outcome === "ignored") return null;
  if (verdict.outcome === "refused") {
    const { refusal } = verdict;
    const isTold = CODES.includes(refusal.code) && describeRefusal(refusal).includes(refusal.field);
    return isTold ? null : `a refusal that does not name its field: ${JSON.stringify(refusal)}`;
  }
  const [again, ...more] = parseMessage(wireOf(verdict.observation), context);
  const isSame =
    again?.outcome === "observation" &&
    JSON.stringify(again.observation) === JSON.stringify(verdict.observation);
  return isSame && more.length === 0
    ? null
    : `${JSON.stringify(verdict)} is read as ${JSON.stringify(again)}`;
}

/** An observation in its wire form. */
function wireOf(observation: Observation): Record<string, unknown> {
  return {
    id: observation.id,
    attacker_uuid: observation.attackerUuid,
    primitive: observation.primitive,
    value: JSON.parse(observation.value),
    confidence: observation.confidence,
    window: { start_ts: observation.windowStartTs, end_ts: observation.windowEndTs },
    source: observation.source,
    evidence_ref: observation.evidenceRef,
    ts: observation.ts,
    identity_ref: observation.identityRef,
  };
}
