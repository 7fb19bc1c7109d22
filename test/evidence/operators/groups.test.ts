/** The groups of an estimate, from observations in any order. */
import { describe, expect, it } from "vitest";
import {
  estimateOperators,
  groupsOf,
  operators,
  type Session,
  type SessionObservation,
  sessionsOf,
} from "../../../src/evidence/index.ts";
import { KINDS, sessionsBy } from "./sessions.ts";

const ATTACKER = "0d6a5f0e-0000-4000-8000-000000000001";

/** Observations of sessions that follow one another, 100 s each. */
function observationsBy(path: readonly number[]): SessionObservation[] {
  return sessionsBy(path).flatMap((values, i) =>
    Object.entries(values).map(([primitive, value]) => ({
      attackerUuid: ATTACKER,
      source: "sensor-a",
      windowStartTs: i * 1_000,
      windowEndTs: i * 1_000 + 100,
      primitive,
      value: JSON.stringify(value),
      ts: i * 1_000 + 100,
      evidenceRef: `ref-${i}`,
    })),
  );
}

describe("groups say what an operator's sessions have in common", () => {
  const path = Array.from({ length: 40 }, (_, i) => i % 2);
  const observations = observationsBy(path);
  const sessions = sessionsOf(observations, () => true);
  const valuesOf = (all: readonly Session[]) => all.map(({ values }) => values);

  it("the order in which observations come changes nothing", () => {
    const shuffled = observations.toSorted((a, b) => ((a.ts * 7_919) % 10_007) - ((b.ts * 7_919) % 10_007));
    expect(sessionsOf(shuffled, () => true)).toEqual(sessions);
    expect(operators(valuesOf(sessionsOf(shuffled, () => true)), KINDS)).toEqual({
      estimate: 2,
      path,
      active: 1,
    });
  });

  it("each has its sessions, its times and a summary of each trait", () => {
    const groups = groupsOf(estimateOperators(valuesOf(sessions), KINDS), sessions, KINDS);
    expect(groups).toHaveLength(2);
    expect(groups[0]).toMatchObject({
      operator: 0,
      sessions: 20,
      share: 0.5,
      first_ts: 0,
      last_ts: 38_100,
      values: {
        "motor.keystroke_cadence": {
          count: 20,
          shares: [
            { value: "steady", share: 0.9 },
            { value: "bursty", share: 0.1 },
          ],
        },
        "toolchain.ssh.hassh_client": { count: 20, shares: [{ value: "hassh-0", share: 1 }] },
      },
    });
    expect(groups[1]).toMatchObject({
      operator: 1,
      first_ts: 1_000,
      last_ts: 39_100,
      values: { "motor.pause_ms": { count: 20, median: 205.5, quartiles: [202.75, 208] } },
    });
    expect(Object.keys(groups[0]?.values ?? {})).toEqual([
      "motor.keystroke_cadence",
      "motor.pause_ms",
      "toolchain.ssh.hassh_client",
    ]);
  });

  it("one operator is one group, also of sessions without traits; abstentions are not counted", () => {
    const few = sessions.slice(0, 2).map((session, i): Session => ({
      ...session,
      values: i === 0 ? {} : { "motor.keystroke_cadence": "unknown" },
    }));
    expect(groupsOf(estimateOperators(valuesOf(few), KINDS), few, KINDS)).toEqual([
      { operator: 0, sessions: 2, share: 1, first_ts: 0, last_ts: 1_100, values: {} },
    ]);
    expect(groupsOf(estimateOperators([], KINDS), [], KINDS)).toEqual([]);
  });
});
