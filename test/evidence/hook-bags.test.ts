/** How evidence follows bags of words: in the order of arrival, without events. */
import { describe, expect, it } from "vitest";
import type { AppliedObservation } from "../../src/core/index.ts";
import {
  CommandsState,
  describeCommands,
  evidenceHook,
  type EvidenceInputs,
  wordSecretStamp,
} from "../../src/evidence/index.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { applyTogether, type Model, recomputeFor, recordOf } from "../core/model.ts";
import { entriesOf, followedModel, inputsOf, nth, observationsOf, valuesOf } from "./followed.ts";

const WORDS = "cognitive.command_words";
const STAMP = "words 1";
const shareOf = (word: string) => (word.startsWith("common") ? 0.1 : 0.001);

function inputsWith(stamp: string | null): EvidenceInputs {
  return { ...inputsOf(), words: stamp === null ? null : { stamp, shareOf } };
}

function bags(count: number, offset = 0): AppliedObservation[] {
  const random = randomOf(1, [offset]);
  const values = Array.from({ length: count }, () =>
    Array.from(
      { length: random.integer(1, 6) },
      () => `${random.integer(0, 1) ? "common" : "own"}${random.integer(0, 9)}`,
    ),
  );
  return observationsOf(WORDS, values, { offset });
}

function modelOf(stamp: string | null = STAMP): Model {
  return followedModel(inputsWith(stamp), { [WORDS]: "bag" });
}

/** The state after sessions in this order. */
function expected(observations: readonly AppliedObservation[], stamp = STAMP): Uint8Array {
  const state = CommandsState.empty(wordSecretStamp(stamp));
  for (const { value } of observations) state.take(JSON.parse(value), shareOf);
  return Uint8Array.of(1, 2, ...state.write());
}

const keptOf = (model: Model) => recordOf(model, WORDS).kept;
const evidenceEvents = (model: Model) => model.events.filter(({ type }) => type.startsWith("evidence"));

describe("bags", () => {
  const all = bags(70);

  it("are taken in the order of arrival, a key once", () => {
    const model = modelOf();
    const order = [...all.slice(30), ...all.slice(0, 30)];
    for (const each of order) applyTogether(model, [each]);
    expect(keptOf(model)).toEqual(expected(order));
    applyTogether(model, [{ ...nth(all, 3), id: "j", value: '["other"]' }]);
    applyTogether(model, order);
    expect(keptOf(model)).toEqual(expected(order));
    expect(model.orderedPasses).toEqual([]);
    expect(evidenceEvents(model)).toEqual([]);
  });

  it("are taken in series order within a batch, and when everything is computed again", () => {
    const model = modelOf();
    applyTogether(model, all.slice(40).toReversed());
    expect(keptOf(model)).toEqual(expected(all.slice(40)));
    applyTogether(model, all.slice(0, 40));
    expect(keptOf(model)).toEqual(expected([...all.slice(40), ...all.slice(0, 40)]));
    recomputeFor(model, { kind: "changed" });
    expect(keptOf(model)).toEqual(expected(all));
    model.stored.get(WORDS)?.delete([...(model.stored.get(WORDS)?.keys() ?? [])][69] ?? "");
    recomputeFor(model, { kind: "expired", beforeTs: nth(all, 5).ts });
    expect(keptOf(model)).toEqual(expected(all));
    recomputeFor(model, { kind: "rebuilt" });
    expect(keptOf(model)).not.toEqual(expected(all));
  });

  it("stored before they were followed, are read once", () => {
    const model = modelOf();
    const { hook } = model;
    model.hook = null;
    applyTogether(model, all.slice(0, 30));
    model.hook = hook;
    for (const each of all.slice(30)) applyTogether(model, [each]);
    expect(model.orderedPasses).toEqual([-Infinity]);
    expect(keptOf(model)).toEqual(expected(all));
  });

  it("of another secret start anew; without a secret nothing is kept", () => {
    const model = modelOf();
    applyTogether(model, all.slice(0, 30));
    model.hook = evidenceHook(inputsWith("words 2"));
    applyTogether(model, all.slice(30));
    expect(keptOf(model)).toEqual(expected(all.slice(30), "words 2"));
    expect(describeCommands(keptOf(model))?.sessions).toBe(40);
    model.hook = evidenceHook(inputsWith(null));
    applyTogether(model, bags(1, 500));
    expect(describeCommands(keptOf(model))).toBeNull();
    const never = modelOf(null);
    applyTogether(never, all);
    expect(keptOf(never)).toBeNull();
  });

  it("empty bags and values of another kind are no sessions", () => {
    const model = modelOf();
    applyTogether(model, observationsOf(WORDS, [[], "text", 1, ["a", 1], ["a", ["b"]], [1], { a: 1 }]));
    expect(describeCommands(keptOf(model))).toEqual({ sessions: 0, last: { score: null, p: null } });
  });

  it("a series that becomes one of bags has no changes any more, and begins anew as another kind", () => {
    const model = modelOf();
    model.kinds[WORDS] = "numeric";
    applyTogether(model, observationsOf(WORDS, valuesOf("numeric", randomOf(1, [1]), 120, [60])));
    const { length } = entriesOf(model, WORDS);
    expect(length).toBeGreaterThan(0);
    model.kinds[WORDS] = "bag";
    applyTogether(model, bags(5, 500));
    expect(entriesOf(model, WORDS)).toEqual([]);
    const types = evidenceEvents(model).map(({ type }) => type);
    expect(types.filter((type) => type === "evidence.withdrawn")).toHaveLength(length);
    model.kinds[WORDS] = "numeric";
    applyTogether(model, observationsOf(WORDS, [1], { offset: 600 }));
    expect(entriesOf(model, WORDS)).toHaveLength(length);
  });
});
