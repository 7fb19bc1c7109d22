/** The checks at the end of a pure history. */
import { merge } from "../../src/core/index.ts";
import { type Model, recordOf } from "./model.ts";
import { kindOf, linkOf, type PureWorld } from "./pure-world.ts";
import { drainAtRandom } from "./pure-outbox.ts";

/** Compares an identity with its observations and with its published events. */
export function verify(world: PureWorld, identity: number, model: Model, problems: string[]): void {
  const expected = [...world.record.values()].filter(
    (stored) => linkOf(world, stored.attackerUuid) === identity,
  );
  const primitives = [...new Set(expected.map(({ primitive }) => primitive))].toSorted();
  if (primitives.join() !== [...model.records.keys()].toSorted().join())
    problems.push("states of other primitives");
  for (const primitive of primitives) {
    const members = expected.filter((stored) => stored.primitive === primitive);
    const whole = merge(kindOf(primitive), members, world.thresholds);
    const { attribution } = recordOf(model, primitive);
    const found = [
      attribution.state,
      attribution.currentValue,
      attribution.confidence,
      attribution.observationCount,
    ];
    const right = [whole.state, whole.currentValue, whole.confidence, members.length];
    if (found.join() !== right.join())
      problems.push(`${primitive} is ${found.join()}, must be ${right.join()}`);
    if (attribution.lastObservationTs !== whole.lastObservationTs) problems.push(`${primitive}: last ts`);
  }
  const published = drainAtRandom(world.random, model.events, problems);
  const states = new Map<string, string>();
  for (const [i, event] of published.entries()) {
    if (event.seq !== i + 1) problems.push(`event ${i + 1} has seq ${event.seq}`);
    if (event.type !== "profile.state_changed") continue;
    const { primitive, old_state, new_state } = event.payload;
    const before = states.get(primitive) ?? null;
    if (old_state !== null && old_state !== before)
      problems.push(`${primitive} was ${before}, not ${old_state}`);
    states.set(primitive, new_state);
  }
  const alternating: string[] = [];
  for (const primitive of primitives) {
    const { state } = recordOf(model, primitive).attribution;
    if (states.get(primitive) !== state)
      problems.push(`${primitive} is ${state}, published ${states.get(primitive)}`);
    if (state === "multi_actor") alternating.push(primitive);
  }
  const isSuspicious = alternating.length >= world.thresholds.multiActorPrimitives;
  const suspected = model.head.suspected?.join() ?? "";
  if (suspected !== (isSuspicious ? alternating.join() : "")) problems.push(`suspected ${suspected}`);
  const told = published.findLast(({ type }) => type === "profile.multi_actor_suspected");
  if (
    isSuspicious &&
    (told?.type !== "profile.multi_actor_suspected" || told.payload.primitives.join() !== suspected)
  ) {
    problems.push(`${suspected} suspected, published ${JSON.stringify(told?.payload)}`);
  }
}
