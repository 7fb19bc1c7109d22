/** Operators as the API gives them. */
import { expect, it } from "vitest";
import { toWireOperators } from "../../../src/evidence/format.ts";
import { groupsOf } from "../../../src/evidence/index.ts";
import { ATTACKER, OTHER_ATTACKER } from "../../core/factories.ts";

it("each session has the operator and the probability that the model gives it, each group its summaries", () => {
  const kinds = { "motor.pause_ms": "numeric" } as const;
  const sessions = [140, 230, 150].map((pause, i) => ({
    attackerUuid: i === 1 ? OTHER_ATTACKER : ATTACKER,
    source: "sensor",
    startTs: 100 * i,
    endTs: 100 * i + 60,
    values: { "motor.pause_ms": pause },
  }));
  const model = {
    estimate: 2,
    gain: 12.5,
    needed: 9,
    primitives: 1,
    path: [0, 1, 0],
    probabilities: [0.9, 0.7, 0.8],
    active: 0,
  };
  const groups = groupsOf(model, sessions, kinds);
  expect(toWireOperators({ sessions, model, groups, primitives: ["motor.pause_ms"] })).toEqual({
    estimate: 2,
    sessions: 3,
    active: 0,
    gain: 12.5,
    needed: 9,
    primitives: ["motor.pause_ms"],
    groups: [
      {
        operator: 0,
        sessions: 2,
        share: 2 / 3,
        first_ts: 0,
        last_ts: 260,
        values: { "motor.pause_ms": { count: 2, median: 145, quartiles: [142.5, 147.5] } },
      },
      {
        operator: 1,
        sessions: 1,
        share: 1 / 3,
        first_ts: 100,
        last_ts: 160,
        values: { "motor.pause_ms": { count: 1, median: 230, quartiles: [230, 230] } },
      },
    ],
    assignment: [
      { start_ts: 0, end_ts: 60, attacker_uuid: ATTACKER, operator: 0, probability: 0.9 },
      { start_ts: 100, end_ts: 160, attacker_uuid: OTHER_ATTACKER, operator: 1, probability: 0.7 },
      { start_ts: 200, end_ts: 260, attacker_uuid: ATTACKER, operator: 0, probability: 0.8 },
    ],
  });
});
