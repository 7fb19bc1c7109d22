/** Sessions from observations, and which primitives are traits. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SessionObservation, sessionsOf, traitFilter } from "../../src/evidence/index.ts";

const ATTACKERS = ["0d6a5f0e-0000-4000-8000-000000000001", "0d6a5f0e-0000-4000-8000-000000000002"] as const;

function observation(parts: Partial<SessionObservation>): SessionObservation {
  return {
    attackerUuid: ATTACKERS[0],
    source: "sensor-a",
    windowStartTs: 100,
    windowEndTs: 200,
    primitive: "motor.pause_ms",
    value: "1",
    ts: 200,
    evidenceRef: "a",
    ...parts,
  };
}

const isTrait = traitFilter(["motor.*"]);

describe("a session is what one attacker did at one source in one window", () => {
  it("sessions with one window are two if the attacker or the source differs", () => {
    const sessions = sessionsOf(
      [
        observation({ attackerUuid: ATTACKERS[1] }),
        observation({ source: "sensor-b" }),
        observation({}),
        observation({ windowStartTs: 50 }),
        observation({ windowEndTs: 150 }),
      ],
      isTrait,
    );
    expect(
      sessions.map(({ startTs, endTs, attackerUuid, source }) => [startTs, endTs, attackerUuid, source]),
    ).toEqual([
      [50, 200, ATTACKERS[0], "sensor-a"],
      [100, 150, ATTACKERS[0], "sensor-a"],
      [100, 200, ATTACKERS[0], "sensor-a"],
      [100, 200, ATTACKERS[0], "sensor-b"],
      [100, 200, ATTACKERS[1], "sensor-a"],
    ]);
  });

  it("of a primitive's values the last in series order counts", () => {
    const values = [
      observation({ value: "1", ts: 201, evidenceRef: "a" }),
      observation({ value: "2", ts: 201, evidenceRef: "b" }),
      observation({ value: "3", ts: 200, evidenceRef: "c" }),
    ];
    for (const order of [values, values.toReversed()]) {
      expect(sessionsOf(order, isTrait)).toMatchObject([{ values: { "motor.pause_ms": 2 } }]);
    }
  });

  it("a session whose observations are of no trait has no values", () => {
    const [session] = sessionsOf(
      [observation({ primitive: "temporal.session_timing", value: '"x"' })],
      isTrait,
    );
    expect(session).toEqual({
      attackerUuid: ATTACKERS[0],
      source: "sensor-a",
      startTs: 100,
      endTs: 200,
      values: {},
    });
  });

  it("a primitive may have any name", () => {
    const [session] = sessionsOf(
      [observation({ primitive: "__proto__", value: '{"__proto__":1}' })],
      () => true,
    );
    expect(JSON.stringify(session?.values)).toBe('{"__proto__":{"__proto__":1}}');
  });

  it("the order of the observations changes nothing", () => {
    const one = fc.record({
      attackerUuid: fc.constantFrom(...ATTACKERS),
      source: fc.constantFrom("a", "b"),
      windowStartTs: fc.integer({ min: 0, max: 2 }),
      windowEndTs: fc.integer({ min: 2, max: 3 }),
      primitive: fc.constantFrom("motor.a", "motor.b", "temporal.c"),
      value: fc.constantFrom("1", "2", '"unknown"', "null"),
      ts: fc.integer({ min: 0, max: 2 }),
      evidenceRef: fc.constantFrom("a", "b", "c"),
    });
    const shuffled = fc
      .array(one, { maxLength: 30 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(JSON.stringify(sessionsOf(other, isTrait))).toBe(JSON.stringify(sessionsOf(all, isTrait)));
      }),
    );
  });
});

describe("a trait is a primitive that a glob matches", () => {
  it.each([
    ["motor.*", "motor.a", true],
    ["motor.*", "motor.a.b", true],
    ["motor.*", "motor.", true],
    ["motor.*", "motor", false],
    ["motor.*", "xmotor.a", false],
    ["motor.a", "motor.a", true],
    ["motor.a", "motorxa", false],
    ["*", "", true],
    ["**", "anything", true],
    ["*.ssh.*", "toolchain.ssh.hassh_client", true],
    ["*a*a", "aa", true],
    ["*aa*aa", "aaa", false],
    ["a*a", "a", false],
    ["*_ms", "motor.pause_ms", true],
    ["*_ms", "motor.pause_ms_", false],
    ["", "", true],
    ["", "motor.a", false],
    ["motor.[a", "motor.[a", true],
    ["motor.(+?\\", "motor.(+?\\", true],
    ["motor.[a-z]*", "motor.abc", false],
  ])("%j on %j: %s", (glob, primitive, expected) => {
    expect(traitFilter([glob])(primitive)).toBe(expected);
  });

  it("no glob, no trait; one of several is enough", () => {
    expect(traitFilter([])("motor.a")).toBe(false);
    expect(traitFilter(["toolchain.*", "motor.*"])("motor.a")).toBe(true);
  });

  it("many stars take no long time", () => {
    expect(traitFilter(["*a".repeat(2_000) + "b"])("a".repeat(4_000))).toBe(false);
  });

  it("a glob matches what the expression does that it stands for", () => {
    const glob = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
    fc.assert(
      fc.property(glob, text, (pattern, primitive) => {
        const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        expect(traitFilter([pattern])(primitive)).toBe(expression.test(primitive));
      }),
      { numRuns: 2_000 },
    );
  });
});
