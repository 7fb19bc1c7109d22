/**
 * Runs a random history of the pure parts: it parses messages, applies observations in batches of any order and with repeats,
 * merges and unmerges identities, erases attackers, changes constants, and sends events through an outbox that fails. It calls
 * the core as the identity object and the consumer do, without both, so hundreds of thousands of histories can run.
 */
import { type AppliedObservation, type Observation, parseMessage } from "../../src/core/index.ts";
import { compareArrivals } from "../../src/core/order.ts";
import { STANDARD_THRESHOLDS, type Thresholds } from "../../src/core/thresholds.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { applyTogether, type Arrival, decideAnew, nameOf, newModel } from "./model.ts";
import { deliverAtRandom } from "./pure-verdicts.ts";
import { verify } from "./pure-verify.ts";
import { linkOf, PRIMITIVES, type PureWorld, registry, VALUES } from "./pure-world.ts";

const RECEIVED_TS = 1_750_000_000;
const THRESHOLDS: readonly Thresholds[] = [
  STANDARD_THRESHOLDS,
  { ...STANDARD_THRESHOLDS, windowSize: 3, categoricalMajority: 2 },
  { ...STANDARD_THRESHOLDS, windowSize: 2, hashWindowSecs: 600, multiActorPrimitives: 1 },
];

/** Runs the history of a seed. @returns one sentence per failed check */
export function playPureHistory(seed: number): string[] {
  const random = randomOf(seed, [11]);
  const world: PureWorld = {
    random,
    attackers: Array.from({ length: 3 }, (_, i) => `${random.hex(8)}-0000-4000-8000-00000000000${i}`),
    links: [0, 1, 1],
    models: [newModel(), newModel()],
    record: new Map(),
    thresholds: STANDARD_THRESHOLDS,
  };
  const problems: string[] = [];
  const steps = random.integer(2, 7);
  let hasOtherConstants = false;
  for (let step = 0; step < steps; step++) {
    const draw = random.integer(0, 19);
    if (draw < 14) deliver(world, problems);
    else if (draw < 16) moveLink(world, random.integer(0, 2), random.integer(0, 1));
    else if (draw < 17) erase(world, random.integer(0, 2));
    else if (draw < 18) {
      world.thresholds = THRESHOLDS[random.integer(0, 2)] ?? STANDARD_THRESHOLDS;
      hasOtherConstants = true;
    } else exchange(world, random.integer(0, 1));
  }
  // A state that was computed with other constants stays until its next observation or a rebuild.
  for (const i of hasOtherConstants ? [0, 1] : []) exchange(world, i);
  for (const [i, model] of world.models.entries()) verify(world, i, model, problems);
  problems.push(...deliverAtRandom(random));
  return problems.map((problem) => `seed ${seed}: ${problem}`);
}

/** Parses a few messages and applies what they bring to each identity, one by one in the order of arrival. */
function deliver(world: PureWorld, problems: string[]): void {
  const { random } = world;
  const observations: Observation[] = [];
  const bodies = Array.from({ length: random.integer(1, 4) }, () => {
    const events = Array.from({ length: random.integer(1, 4) }, () => wire(world));
    return { events, isDamaged: events.map(() => random.integer(0, 19) === 0) };
  });
  // Some are delivered twice.
  for (const { events, isDamaged } of [...bodies, ...bodies.slice(0, random.integer(0, 1))]) {
    const sent = events.map((event, i) => (isDamaged[i] ? { ...event, confidence: 2 } : event));
    const body = random.integer(0, 1) === 0 ? { events: sent } : JSON.stringify({ events: sent });
    for (const [i, parsed] of parseMessage(body, { receivedTs: RECEIVED_TS, registry }).entries()) {
      if (parsed.outcome !== (isDamaged[i] ? "refused" : "observation")) {
        problems.push(`${JSON.stringify(sent[i])} was ${parsed.outcome}`);
      }
      if (parsed.outcome === "observation") observations.push(parsed.observation);
    }
  }
  for (const observation of observations) keep(world, observation);
  const together = random.integer(0, 1) === 0;
  for (const [i, model] of world.models.entries()) {
    const own = observations.filter(({ attackerUuid }) => linkOf(world, attackerUuid) === i).map(toApplied);
    model.thresholds = world.thresholds;
    if (together) applyTogether(model, own);
    else for (const observation of own.toSorted(compareArrivals)) applyTogether(model, [observation]);
  }
}

function toApplied({ attackerUuid, primitive, evidenceRef, ts, id, value }: Observation): AppliedObservation {
  return { attackerUuid, primitive, evidenceRef, ts, id, value };
}

function wire(world: PureWorld): Record<string, unknown> {
  const { random } = world;
  const primitive = PRIMITIVES[random.integer(0, PRIMITIVES.length - 1)] ?? PRIMITIVES[0];
  const ts = 1_749_000_000 + random.integer(0, 30) * 60;
  return {
    id: `id-${random.integer(0, 2)}`,
    attacker_uuid: world.attackers[random.integer(0, 2)],
    primitive,
    value: VALUES[primitive]?.[random.integer(0, 5)],
    confidence: 0.5,
    window: { start_ts: ts, end_ts: ts },
    source: "pure",
    // The first sorts one way by UTF-16 code units and the other way by UTF-8 bytes.
    evidence_ref: `${random.integer(0, 3) === 0 ? "\u{1f600}" : "\uffee"}${random.integer(0, 12)}`,
    ts,
  };
}

/** Stores an observation as the record does: of each key the greatest by (`ts`, `id`, `value`). */
function keep(world: PureWorld, { attackerUuid, primitive, evidenceRef, ts, id, value }: Observation): void {
  const key = `${attackerUuid} ${primitive} ${evidenceRef}`;
  const prior = world.record.get(key);
  const differences = prior
    ? [ts - prior.ts, compareTexts(id, prior.id), compareTexts(value, prior.value)]
    : [1];
  if ((differences.find((difference) => difference !== 0) ?? 0) <= 0) return;
  world.record.set(key, { attackerUuid, primitive, evidenceRef, ts, id, value });
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Merges or unmerges one or several attackers: the link changes, and both identities are recomputed. */
function moveLink(world: PureWorld, attacker: number, identity: number): void {
  world.links[attacker] = identity;
  for (const i of [0, 1]) exchange(world, i);
}

function erase(world: PureWorld, attacker: number): void {
  for (const [key, stored] of world.record) {
    if (stored.attackerUuid === world.attackers[attacker]) world.record.delete(key);
  }
  exchange(world, world.links[attacker] ?? 0);
}

/** Replaces the observations of an identity by those of the record, and compares every state (contract §4). */
function exchange(world: PureWorld, identity: number): void {
  const model = world.models[identity];
  if (!model) return;
  model.thresholds = world.thresholds;
  model.stored.clear();
  for (const { primitive, ...stored } of world.record.values()) {
    if (linkOf(world, stored.attackerUuid) !== identity) continue;
    const members = model.stored.get(primitive) ?? new Map<string, Arrival>();
    model.stored.set(primitive, members.set(nameOf(stored), stored));
  }
  decideAnew(model);
}
