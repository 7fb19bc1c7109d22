import { expect, it } from "vitest";
import {
  type IdentityRow,
  mostInteresting,
  notablePrimitives,
  renderIdentities,
  renderStates,
} from "../../src/cli/states-table.ts";

const plain = { color: false };
// oxlint-disable-next-line no-control-regex -- looking for exactly those
const ESCAPE = /\u001B/;

function row(identityUuid: string, states: string[], sessions = 1, value: unknown = "v"): IdentityRow {
  const primitives = states.map((state, index) => ({
    primitive: `motor.p${index}`,
    state,
    current_value: value,
    confidence: 0.8,
    observation_count: 7,
  }));
  return { identityUuid, label: `name of ${identityUuid}`, sessions, primitives };
}

it("[states table] has all five states, also those with count 0, and the total", () => {
  const table = renderStates({ stable: 1234, multi_actor: 2 }, plain);
  for (const state of ["unknown", "stable", "drifting", "conflicted", "multi_actor"])
    expect(table).toContain(state);
  expect(table).toMatch(/stable\s+│\s+1,234/);
  expect(table).toMatch(/drifting\s+│\s+0/);
  expect(table).toMatch(/total\s+│\s+1,236/);
});

it("[states table] the text is the same with and without colour", () => {
  const coloured = renderStates({ stable: 1 }, { color: true });
  expect(coloured).toMatch(ESCAPE);
  expect(renderStates({ stable: 1 }, plain)).not.toMatch(ESCAPE);
  // oxlint-disable-next-line no-control-regex -- taking the colour out
  expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(renderStates({ stable: 1 }, plain));
});

it("[states table] an unknown state is shown", () => {
  expect(renderStates({ asleep: 3 }, plain)).toMatch(/asleep\s+│\s+3/);
});

it("[states table] identities are ordered by multi_actor, conflicted, drifting, sessions", () => {
  const rows = [
    row("drifts", ["drifting", "stable"]),
    row("busy", ["drifting"], 9),
    row("calm", ["stable", "unknown"], 99),
    row("conflicts", ["conflicted"]),
    row("alternates", ["multi_actor"]),
    row("alternates twice", ["multi_actor", "multi_actor"]),
  ];
  const order = (limit: number) => mostInteresting(rows, limit).map((each) => each.identityUuid);
  expect(order(10)).toEqual(["alternates twice", "alternates", "conflicts", "busy", "drifts"]);
  expect(order(2)).toEqual(["alternates twice", "alternates"]);
});

it("[states table] an identity shows its primitives that are not stable, in the same order", () => {
  const each = row("x", ["stable", "drifting", "unknown", "multi_actor", "conflicted"]);
  expect(notablePrimitives(each).map((p) => p.state)).toEqual(["multi_actor", "conflicted", "drifting"]);
  const table = renderIdentities([each], plain);
  expect(table).toContain("name of x");
  expect(table).toContain("motor.p3 (7)");
  expect(table).not.toContain("motor.p0");
});

it("[states table] control characters of an attacker's text are replaced, and long values are cut", () => {
  const table = renderIdentities([row("x", ["drifting"], 1, `\u001B[2J\u009B${"y".repeat(99)}`)], plain);
  expect(table).not.toMatch(ESCAPE);
  expect(table).not.toContain("\u009B");
  expect(table).toContain("··[2J".slice(1));
  expect(table).not.toContain("y".repeat(40));
});
