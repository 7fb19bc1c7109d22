/** Identities of many primitives that never change: how many of them alarm in any primitive. */
import { BARS, THRESHOLDS, thresholdText } from "../bars.ts";
import { type Context, RANDOM } from "../context.ts";
import { statesAlarm } from "../contenders.ts";
import { randomOf } from "../draws.ts";
import type { Part } from "../figures.ts";
import { STATIONARY_KINDS, type StationaryKind } from "../series-kinds.ts";
import { shareOf } from "../statistics.ts";

/** Identities per step of progress. */
const PER_STEP = 10;

/** Steps of progress. */
export function identitiesSteps({ identities }: Context["sizes"]): number {
  return Math.floor(identities / PER_STEP);
}

/** Evaluates them. */
export function identitiesPart(context: Context): Part {
  const { identities: count, primitives, identityLength } = context.sizes;
  const counted = { changed: 0, noted: 0, states: 0 };
  for (let identity = 0; identity < count; identity++) {
    const found = identityOf(context, identity);
    if (found.changed) counted.changed++;
    if (found.noted) counted.noted++;
    if (found.states) counted.states++;
    if ((identity + 1) % PER_STEP === 0) context.onStep(`${identity + 1} identities`);
  }
  return {
    title: "Identities that never change",
    how: `${count} identities of ${primitives} primitives, the ${STATIONARY_KINDS.length} kinds in turn, ${identityLength} observations of each`,
    figures: [
      {
        name: "identities_changed",
        what: `unchanged identities of which a primitive alarms, ${thresholdText("changed")}`,
        unit: "share",
        never: shareOf(0, count),
        states: shareOf(counted.states, count),
        evidence: shareOf(counted.changed, count),
        bar: BARS.identities_changed,
      },
      {
        name: "identities_e",
        what: `unchanged identities whose own E reaches ${THRESHOLDS.noted}`,
        unit: "share",
        never: shareOf(0, count),
        states: null,
        evidence: shareOf(counted.noted, count),
        bar: null,
      },
    ],
    details: null,
    skipped: null,
  };
}

function identityOf(context: Context, identity: number) {
  const { primitives, identityLength } = context.sizes;
  /** E of the identity after each round of observations. */
  const total = new Float64Array(identityLength);
  let [changed, states] = [false, false];
  for (let primitive = 0; primitive < primitives; primitive++) {
    const { kind, draw } = kindOf(primitive);
    const random = randomOf(context.seed, [RANDOM.identities, identity, primitive]);
    const secret = `evaluation ${context.seed}`;
    const detector = context.evidence.changeDetector(kind, { threshold: THRESHOLDS.changed, secret });
    const rule = statesAlarm(kind);
    for (let i = 0; i < identityLength; i++) {
      const value = draw(random, i + 1);
      const { alarm, e } = detector.step(value, `identity ${identity} ${primitive} ${i}`);
      total[i] = (total[i] ?? 0) + e / primitives;
      changed ||= alarm;
      // One alarm is enough: what the states do after it changes nothing.
      states ||= rule.step(value).alarm;
    }
  }
  return { changed, noted: total.some((e) => e >= THRESHOLDS.noted), states };
}

function kindOf(primitive: number): StationaryKind {
  const found = STATIONARY_KINDS[primitive % STATIONARY_KINDS.length];
  if (found === undefined) throw new RangeError(`there is no kind for primitive ${primitive}`);
  return found;
}
