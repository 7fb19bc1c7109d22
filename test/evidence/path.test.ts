/** E over time: the path ends where the series stands, shows every change, and its length is limited. */
import { expect, it } from "vitest";
import { toMember } from "../../src/core/observation.ts";
import { pathOf } from "../../src/evidence/index.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { applyTogether } from "../core/model.ts";
import {
  entriesOf,
  followedModel,
  inputsOf,
  observationsOf,
  stateOfSeries,
  THRESHOLD,
  valuesOf,
} from "./followed.ts";

const KINDS = { "motor.speed": "numeric", "motor.mode": "categorical", "toolchain.client": "hash" } as const;
const INPUTS = inputsOf();

function pathThrough(primitive: keyof typeof KINDS, most: number, inputs = INPUTS) {
  const kind = KINDS[primitive];
  const observations = observationsOf(primitive, valuesOf(kind, randomOf(3, [1]), 260, [90, 170]));
  const model = followedModel(INPUTS, KINDS);
  applyTogether(model, observations);
  const walk = pathOf(primitive, kind, model.records.get(primitive)?.kept ?? null, inputs, most);
  for (const observation of observations) walk.take(toMember(observation));
  return { model, path: walk.path(), observations };
}

it.each(["motor.speed", "motor.mode", "toolchain.client"] as const)(
  "[Change] %s: the path ends at E now, and reaches the threshold at each change and nowhere else",
  (primitive) => {
    const { model, path } = pathThrough(primitive, 1_000);
    expect(path.firstNumber).toBe(1);
    expect(path.threshold).toBe(THRESHOLD);
    expect(path.e.at(-1)).toBe(stateOfSeries(model, primitive).e);
    const ends = path.ts.filter((_, i) => (path.e[i] ?? 0) >= THRESHOLD);
    const entries = entriesOf(model, primitive);
    expect(entries.length).toBeGreaterThan(0);
    expect(ends).toEqual(entries.map(({ last }) => last.ts));
    expect(path.e.every((e) => e >= 0 && Number.isFinite(e))).toBe(true);
  },
);

it("only the newest observations are kept, with their numbers", () => {
  const whole = pathThrough("motor.speed", 1_000).path;
  const { path } = pathThrough("motor.speed", 50);
  expect(path.ts).toEqual(whole.ts.slice(-50));
  expect(path.e).toEqual(whole.e.slice(-50));
  expect(path.firstNumber).toBe(whole.ts.length - 49);
});

it("abstentions do not count", () => {
  const { path, observations } = pathThrough("motor.mode", 1_000);
  expect(path.ts).toHaveLength(observations.filter(({ value }) => value !== '"unknown"').length);
});

it("nothing is known of a series that is not followed, or was followed by another secret", () => {
  expect(pathThrough("motor.speed", 10, inputsOf({ secret: "another" })).path).toEqual({
    firstNumber: 1,
    ts: [],
    e: [],
    threshold: THRESHOLD,
  });
  expect(pathOf("motor.speed", "numeric", null, INPUTS, 10).path().ts).toEqual([]);
});
