/** The conformance vectors of the mergers, in their arrival order and shuffled. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isValueKind, merge, type Member } from "../../src/core/index.ts";
import { canonicalJson } from "../../src/core/json.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { hasShared, readSharedLines, SHARED_IS_ABSENT } from "../setup/shared.ts";
import { applyAll, newModel, recordOf } from "./model.ts";

const FILE = "vectors/merger.jsonl";
const vector = z.object({
  case: z.number(),
  kind: z.string().refine(isValueKind),
  observations: z.array(z.object({ value: z.unknown(), ts: z.number(), evidence_ref: z.string() })),
  expected: z.object({
    current_value: z.unknown(),
    state: z.string(),
    confidence: z.number(),
    observation_count: z.number(),
    last_observation_ts: z.number(),
  }),
});
const ATTACKER = "00000000-0000-4000-8000-000000000001";
const vectors = readSharedLines(FILE, (line) => vector.parse(line));

/** A permutation of the members that depends only on the seed. */
function shuffle(members: Member[], seed: number): Member[] {
  const arbitrary = fc.shuffledSubarray(members, { minLength: members.length });
  return fc.sample(arbitrary, { seed, numRuns: 1 })[0] ?? [];
}

describe.skipIf(!hasShared(FILE))(`[§3] conformance vectors (${SHARED_IS_ABSENT} if absent)`, () => {
  it("[§3] there are 1,500 of them", () => {
    expect(vectors).toHaveLength(1_500);
  });

  it.each([
    ["in arrival order", 0],
    ["shuffled once", 1],
    ["shuffled twice", 2],
    ["shuffled thrice", 3],
  ])("[§3] whole and incremental merging give the expected outcome, %s", (_, round) => {
    for (const { case: number, kind, observations, expected } of vectors) {
      const members = observations.map(({ value, ts, evidence_ref }) => ({
        value: textOf(value),
        ts,
        evidenceRef: evidence_ref,
        attackerUuid: ATTACKER,
      }));
      const arrived = round === 0 ? members : shuffle(members, number * 3 + round);
      const mergeKind = mergeKindOf(kind);
      const whole = merge(mergeKind, arrived, STANDARD_THRESHOLDS);
      const model = newModel();
      for (const member of arrived) applyAll(model, "a.b", mergeKind, [{ ...member, id: "i" }]);
      const { attribution } = recordOf(model, "a.b");
      for (const outcome of [whole, attribution]) {
        const context = `case ${number}`;
        expect(outcome.state, context).toBe(expected.state);
        expectSameValue(JSON.parse(outcome.currentValue), expected.current_value, context);
        expectClose(outcome.confidence, expected.confidence, context);
        expect(outcome.observationCount, context).toBe(expected.observation_count);
        expectClose(outcome.lastObservationTs, expected.last_observation_ts, context);
      }
    }
  });
});

function textOf(value: unknown): string {
  const canonical = canonicalJson(value);
  if (!canonical.ok) throw new Error(`a vector must hold JSON, got ${canonical.reason}`);
  return canonical.text;
}

function expectSameValue(found: unknown, expected: unknown, context: string): void {
  if (typeof expected === "number" && typeof found === "number") expectClose(found, expected, context);
  else expect(found, context).toEqual(expected);
}

function expectClose(found: number, expected: number, context: string): void {
  expect(Math.abs(found - expected), context).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
}
