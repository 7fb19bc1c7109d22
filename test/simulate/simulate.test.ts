/**
 * The simulator: the engine gives the states that a scenario expects, and the same options give the same bytes.
 */
import { describe, expect, it } from "vitest";
import {
  createRegistry,
  type Member,
  merge,
  normalizeUuid,
  parseMessage,
  PRIMITIVES,
  type State,
  STATES,
} from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { castAttackers, findScenario, SCENARIOS, simulate } from "../../src/simulate/index.ts";

const END_TS = 1_790_000_000;
const WEEK_SECS = 7 * 86_400;
const SEEDS = [0, 1, 2, 77, 123_456, 4_294_967_295];

/** State per primitive after all sessions of an attacker, by the merger over the whole series. */
function finalStates(seed: number, scenarioName: string): Record<string, State> {
  const scenario = findScenario(scenarioName);
  if (!scenario) throw new Error(`no scenario ${scenarioName}`);
  const series = new Map<string, Member[]>();
  for (const session of simulate({ seed, endTs: END_TS, scenarios: [scenario] })) {
    for (const event of session.events) {
      const members = series.get(event.primitive) ?? [];
      members.push({
        value: JSON.stringify(event.value),
        ts: event.ts,
        evidenceRef: event.evidence_ref,
        attackerUuid: event.attacker_uuid,
      });
      series.set(event.primitive, members);
    }
  }
  const registry = createRegistry({});
  const states: Record<string, State> = {};
  for (const [primitive, members] of series) {
    const kind = mergeKindOf(registry.kindOf(primitive));
    states[primitive] = merge(kind, members, STANDARD_THRESHOLDS).state;
  }
  return states;
}

function bytesOf(seed: number): string {
  return JSON.stringify([...simulate({ seed, endTs: END_TS, identities: 30 })]);
}

function eventsOfFirstAttacker(identities: number): unknown[] {
  return [...simulate({ seed: 9, endTs: END_TS, identities })]
    .filter(({ attacker }) => attacker.scenario.name === "steady-operator" && attacker.round === 0)
    .flatMap(({ events }) => events);
}

describe("scenarios", () => {
  it.each(SCENARIOS.map(({ name }) => name))(
    "end in the states they promise, whatever the seed: %s",
    (name) => {
      for (const seed of SEEDS) expect(finalStates(seed, name)).toEqual(findScenario(name)?.expected);
    },
  );

  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "are suspected exactly if two primitives alternate: %s",
    (_name, scenario) => {
      const alternating = Object.values(scenario.expected).filter((state) => state === "multi_actor").length;
      expect(scenario.isSuspected).toBe(alternating >= STANDARD_THRESHOLDS.multiActorPrimitives);
    },
  );

  it("together show all five states and a suspicion", () => {
    const shown = new Set(SCENARIOS.flatMap(({ expected }) => Object.values(expected)));
    expect(STATES.filter((state) => !shown.has(state))).toEqual([]);
    expect(SCENARIOS.some(({ isSuspected }) => isSuspected)).toBe(true);
  });

  it("name only primitives and values that the registry lists", () => {
    const unlisted = [...simulate({ seed: 1, endTs: END_TS })]
      .flatMap(({ events }) => events)
      .filter(({ primitive, value }) => {
        const facts = PRIMITIVES[primitive];
        if (facts === undefined) return true;
        return facts.allowed !== null && !facts.allowed.some((allowed) => allowed === value);
      });
    expect(unlisted).toEqual([]);
  });

  it("have distinct names, and sessions shorter than half a gap", () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
    expect(SCENARIOS.filter(({ durationSecs, gapSecs }) => durationSecs[1] >= gapSecs / 2)).toEqual([]);
  });
});

describe("simulate", () => {
  it("gives the same bytes for the same options, and others for another seed", () => {
    expect(bytesOf(5)).toBe(bytesOf(5));
    expect(bytesOf(5)).not.toBe(bytesOf(6));
  });

  it("does not change an attacker when others are added", () => {
    expect(eventsOfFirstAttacker(1)).toHaveLength(7 * 6);
    expect(eventsOfFirstAttacker(SCENARIOS.length * 3)).toEqual(eventsOfFirstAttacker(1));
  });

  it("makes payloads that the engine accepts", () => {
    const registry = createRegistry({});
    for (const { events, attacker } of simulate({ seed: 3, endTs: END_TS, identities: 40 })) {
      const parsed = parseMessage({ events }, { registry, receivedTs: END_TS });
      expect(parsed).toHaveLength(events.length);
      for (const each of parsed) expect(each).toMatchObject({ outcome: "observation", isUnlisted: false });
      expect(normalizeUuid(attacker.attackerUuid)).toBe(attacker.attackerUuid);
    }
  });

  it("gives every observation its own key, over attackers and seeds", () => {
    const keys = [1, 2].flatMap((seed) =>
      [...simulate({ seed, endTs: END_TS, identities: 100 })].flatMap(({ events }) =>
        events.map((event) => `${event.attacker_uuid} ${event.primitive} ${event.evidence_ref}`),
      ),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("ends at the given time, stays within the week before it, and is in order", () => {
    const ends = [...simulate({ seed: 1, endTs: END_TS, identities: 50 })].map(({ endTs }) => endTs);
    expect(Math.max(...ends)).toBeLessThanOrEqual(END_TS);
    expect(Math.min(...ends)).toBeGreaterThan(END_TS - WEEK_SECS);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
  });

  it("gives every attacker of every seed its own address from the documentation ranges", () => {
    const addresses = [0, 1, 2, 83, 84, 85, 65_536, 4_294_967_295].flatMap((seed) =>
      castAttackers({ seed, endTs: END_TS, identities: 200 }).map(({ address }) => address),
    );
    expect(new Set(addresses).size).toBe(addresses.length);
    const documentation = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.([1-9]\d{0,2})$|^2001:db8:[0-9a-f:]+$/;
    expect(addresses.filter((address) => !documentation.test(address))).toEqual([]);
    expect(addresses.filter((address) => /\.(255|0)$/.test(address))).toEqual([]);
  });

  it("plays the requested numbers of identities and sessions, and marks an incomplete scenario", () => {
    const sessions = [...simulate({ seed: 1, endTs: END_TS, identities: 12, sessions: 3 })];
    expect(sessions).toHaveLength(36);
    expect(new Set(sessions.map(({ attacker }) => attacker.attackerUuid)).size).toBe(12);
    const told = castAttackers({ seed: 1, endTs: END_TS, sessions: 7 });
    expect(told.find(({ scenario }) => scenario.name === "steady-operator")?.isComplete).toBe(true);
    expect(told.find(({ scenario }) => scenario.name === "one-short-session")?.isComplete).toBe(false);
  });

  it.each([
    [{ seed: -1 }, "seed must be a whole number from 0 to 4294967295, got -1"],
    [{ seed: 1.5 }, "seed must be"],
    [{ seed: 2 ** 32 }, "seed must be"],
    [{ identities: 0 }, "identities must be a whole number from 1 to 50000, got 0"],
    [{ sessions: 1_001 }, "sessions must be a whole number from 1 to 1000, got 1001"],
    [{ endTs: Number.NaN }, "endTs must be a finite number"],
    [{ endTs: 1_000 }, "leaves no time before it"],
    [{ scenarios: [] }, "scenarios must not be empty"],
  ])("names the option that is out of range: %j", (wrong, message) => {
    expect(() => [...simulate({ seed: 1, endTs: END_TS, ...wrong })]).toThrow(message);
  });
});
