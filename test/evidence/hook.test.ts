/** How evidence follows series inside decisions: any order of arrival, late data, replacements. */
import { describe, expect, it } from "vitest";
import { randomOf } from "../../src/simulate/random.ts";
import { applyTogether, type Model } from "../core/model.ts";
import {
  applyInAnyOrder,
  differences,
  entriesOf,
  type FollowedKind,
  followedModel,
  inputsOf,
  observationsOf,
  publishedIds,
  stateOfSeries,
  valuesOf,
} from "./followed.ts";

const KINDS = { "motor.speed": "numeric", "motor.mode": "categorical", "toolchain.client": "hash" } as const;
const NAMES = Object.entries(KINDS);
const INPUTS = inputsOf();

/** A series with two changes. */
function seriesOf(primitive: string, kind: FollowedKind, seed: number) {
  return observationsOf(primitive, valuesOf(kind, randomOf(seed, [1]), 260, [90, 170]));
}

/** What does not depend on the order of arrival. */
function knownOf(model: Model, primitive: string) {
  const { checkpoints, ...state } = stateOfSeries(model, primitive);
  return { state, entries: model.entries.get(primitive) ?? [] };
}

describe("what stands does not depend on arrival", () => {
  it.each(NAMES)("%s: one batch, one by one, and any order and batching give the same", (primitive, kind) => {
    for (let seed = 1; seed <= 12; seed++) {
      const observations = seriesOf(primitive, kind, seed);
      const together = followedModel(INPUTS, KINDS);
      applyTogether(together, observations);
      expect(differences(together, INPUTS)).toEqual([]);
      expect(entriesOf(together, primitive).length).toBeGreaterThan(0);
      const single = followedModel(INPUTS, KINDS);
      for (const observation of observations) applyTogether(single, [observation]);
      expect(differences(single, INPUTS)).toEqual([]);
      expect(single.records.get(primitive)?.kept).toEqual(together.records.get(primitive)?.kept);
      expect(single.orderedPasses).toEqual([]);
      const anyOrder = followedModel(INPUTS, KINDS);
      applyInAnyOrder(anyOrder, observations, randomOf(seed, [2]));
      expect(differences(anyOrder, INPUTS)).toEqual([]);
      for (const model of [single, anyOrder])
        expect(knownOf(model, primitive)).toEqual(knownOf(together, primitive));
      expect(publishedIds(anyOrder)).toEqual(publishedIds(together));
    }
  });
});
