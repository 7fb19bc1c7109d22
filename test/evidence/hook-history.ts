/**
 * Runs a random history of two identities whose series are followed: observations in batches of any order, late, replaced and repeated,
 * decisions that are not saved, merges, unmerges, erasure, expiry, rebuilds, another secret, threshold or kind, and evidence switched off and
 * on. After every step each series must be what its stored observations give from nothing, and what was published must be what stands.
 */
import { type AppliedObservation, compareMembers, isInformative } from "../../src/core/index.ts";
import { evidenceHook, type EvidenceInputs } from "../../src/evidence/index.ts";
import { type Random, randomOf } from "../../src/simulate/random.ts";
import { applyTogether, type Arrival, decideOnly, type Model, nameOf, recomputeFor } from "../core/model.ts";
import {
  differences,
  entriesOf,
  FIRST_TS,
  followedModel,
  inputsOf,
  shuffled,
  stateOfSeries,
} from "./followed.ts";

const KINDS = { "motor.mode": "categorical", "motor.speed": "numeric", "toolchain.client": "hash" } as const;
const PRIMITIVES = ["motor.mode", "motor.speed", "toolchain.client"] as const;
const TAGS = ["qq", "zz", "kk"];
/** Observations of a primitive that an expiry leaves, as a state needs them. */
const NEEDED = 10;

interface World {
  readonly random: Random;
  readonly attackers: readonly string[];
  readonly links: number[];
  readonly models: readonly Model[];
  /** All that is stored, by key. */
  readonly record: Map<string, AppliedObservation>;
  inputs: EvidenceInputs;
  /** Number of the session that is sent next, about. */
  session: number;
  readonly problems: string[];
}

/** Counts what happened, so that a test can tell that something did. */
export interface Seen {
  changed: number;
  withdrawn: number;
  frozen: number;
}

/** @returns one sentence per failed check */
export function playHistory(seed: number, seen: Seen): string[] {
  const random = randomOf(seed, [21]);
  const inputs = inputsOf({ threshold: random.integer(12, 40) });
  const world: World = {
    random,
    attackers: TAGS.map((_, i) => `${random.hex(8)}-0000-4000-8000-00000000000${i}`),
    links: [0, 0, 1],
    models: [followedModel(inputs, KINDS), followedModel(inputs, KINDS)],
    record: new Map(),
    inputs,
    session: 0,
    problems: [],
  };
  const steps = random.integer(6, 24);
  for (let step = 0; step < steps; step++) {
    const what = act(world);
    check(world, `seed ${seed}, step ${step}, ${what}`, seen);
    if (world.problems.length > 0) break;
  }
  return world.problems;
}

function act(world: World): string {
  const { random } = world;
  const draw = random.integer(0, 99);
  if (draw < 60) return deliver(world);
  if (draw < 68) return moveLink(world);
  if (draw < 72) return erase(world);
  if (draw < 80) return expire(world);
  if (draw < 85) return recompute(world, "rebuilt");
  if (draw < 90) return recompute(world, "changed");
  if (draw < 95) return changeRules(world);
  return switchOff(world);
}

function check({ models, inputs, problems }: World, place: string, seen: Seen): void {
  for (const model of models) {
    problems.push(...differences(model, inputs).map((problem) => `${place}: ${problem}`));
    for (const primitive of model.records.keys())
      seen.frozen += entriesOf(model, primitive).filter(({ isFrozen }) => isFrozen).length;
  }
  const events = models.flatMap((model) => model.events);
  seen.changed = Math.max(seen.changed, events.filter(({ type }) => type === "evidence.changed").length);
  seen.withdrawn += events.filter(({ type }) => type === "evidence.withdrawn").length;
}

function deliver(world: World): string {
  const { random, models } = world;
  const observations = Array.from({ length: random.integer(1, 120) }, () => observation(world));
  const replaced = [...world.record.values()]
    .filter(() => random.integer(0, 79) === 0)
    .map((each) => replacement(world, each));
  const all = shuffled([...observations, ...replaced], random);
  for (const [i, model] of models.entries()) {
    const own = all.filter(({ attackerUuid }) => linkOf(world, attackerUuid) === i);
    if (random.integer(0, 3) === 0) {
      const lost = own.map((each) => replacement(world, each));
      decideOnly(model, { kind: "arrivals", observations: lost });
    }
    for (const part of partsOf(own, random)) applyTogether(model, part);
    const events = model.events.length;
    applyTogether(model, own);
    if (model.events.length !== events) world.problems.push("a replay publishes");
  }
  for (const each of all) keep(world, each);
  return `${all.length} arrive`;
}

function partsOf<T>(list: readonly T[], random: Random): T[][] {
  const size = random.integer(0, 2) === 0 ? 1 : random.integer(5, 200);
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** A session's observation; most of them are newer than all others, some late. */
function observation(world: World): AppliedObservation {
  const { random } = world;
  if (random.integer(0, 1) === 0) world.session++;
  const late = random.integer(0, 9) === 0 ? random.integer(0, world.session) : random.integer(0, 2);
  const session = Math.max(0, world.session - late);
  const attacker = random.integer(0, 2);
  const primitive = PRIMITIVES[random.integer(0, 2)] ?? PRIMITIVES[0];
  return {
    attackerUuid: world.attackers[attacker] ?? "",
    primitive,
    evidenceRef: `${TAGS[attacker]}:${session}`,
    ts: FIRST_TS + session * 60,
    id: `id-${random.integer(0, 9)}`,
    value: JSON.stringify(valueOf(random, primitive, attacker, Math.floor(session / 70))),
  };
}

function valueOf(random: Random, primitive: string, attacker: number, level: number): unknown {
  const draw = random.integer(0, 99);
  if (draw === 99) return "unknown";
  if (primitive === "motor.speed") return draw === 98 ? level % 2 === 0 : 100 + (level % 3) * 60 + draw;
  if (primitive === "toolchain.client") return `${TAGS[attacker]}-${draw < 20 ? draw : 0}-${level}`;
  return ["a", "b", "c", "d", "e"][(level * 2 + (draw < 30 ? 1 : 0)) % 5];
}

/** Another observation with the same key, at the same time or later. */
function replacement({ random }: World, prior: AppliedObservation): AppliedObservation {
  const value = random.integer(0, 2) === 0 ? '"unknown"' : prior.value;
  const later = random.integer(0, 2) === 0 ? random.integer(0, 4_000) : 0;
  return { ...prior, id: `jd-${random.integer(0, 9)}`, ts: prior.ts + later, value };
}

function keep({ record }: World, each: AppliedObservation): void {
  const key = `${each.primitive} ${nameOf(each)}`;
  const prior = record.get(key);
  const order = prior
    ? each.ts - prior.ts || compareTexts(each.id, prior.id) || compareTexts(each.value, prior.value)
    : 1;
  if (order > 0) record.set(key, each);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function linkOf({ attackers, links }: World, attackerUuid: string): number {
  return links[attackers.indexOf(attackerUuid)] ?? 0;
}

/** Replaces what an identity has stored by what the record holds of it. */
function exchange(world: World, identity: number): Model {
  const model = world.models[identity];
  if (!model) throw new Error(`there is no identity ${identity}`);
  model.stored.clear();
  for (const { primitive, ...stored } of world.record.values()) {
    if (linkOf(world, stored.attackerUuid) !== identity) continue;
    const members = model.stored.get(primitive) ?? new Map<string, Arrival>();
    model.stored.set(primitive, members.set(nameOf(stored), stored));
  }
  return model;
}

/** Merges or unmerges: both identities are recomputed. */
function moveLink(world: World): string {
  const attacker = world.random.integer(0, 2);
  const to = world.random.integer(0, 1);
  world.links[attacker] = to;
  for (const i of [0, 1]) recomputeFor(exchange(world, i), { kind: "changed" });
  return `attacker ${attacker} moves to ${to}`;
}

function erase(world: World): string {
  const attacker = world.random.integer(0, 2);
  const attackerUuid = world.attackers[attacker] ?? "";
  for (const [key, each] of world.record) if (each.attackerUuid === attackerUuid) world.record.delete(key);
  const model = exchange(world, linkOf(world, attackerUuid));
  recomputeFor(model, { kind: "erased", attackerUuid });
  const kept = [...model.records].flatMap(([primitive, record]) => [
    Buffer.from(record.kept ?? []).toString("latin1"),
    ...(model.entries.get(primitive) ?? []),
  ]);
  const traces = [attackerUuid, `${TAGS[attacker]}:`, `${TAGS[attacker]}-`];
  if (kept.some((text) => traces.some((trace) => text.includes(trace))))
    world.problems.push("something of the erased attacker is kept");
  if ([...model.records.keys()].some((name) => entriesOf(model, name).some(({ isFrozen }) => isFrozen)))
    world.problems.push("a frozen change stands after an erasure");
  return `attacker ${attacker} is erased`;
}

/** Removes old observations that no state needs. */
function expire(world: World): string {
  const { random, models } = world;
  const beforeTs = FIRST_TS + random.integer(0, world.session) * 60;
  for (const [i, model] of models.entries()) {
    for (const primitive of model.records.keys()) {
      const own = [...world.record].filter(
        ([, each]) => each.primitive === primitive && linkOf(world, each.attackerUuid) === i,
      );
      own.sort(([, a], [, b]) => compareMembers(b, a));
      const needed = new Set(
        own
          .filter(([, each]) => isInformative(KINDS["motor.mode"], each.value))
          .slice(0, NEEDED)
          .map(([key]) => key),
      );
      const [newest] = own;
      for (const [key, { ts }] of own)
        if (ts < beforeTs && !needed.has(key) && key !== newest?.[0]) world.record.delete(key);
    }
    recomputeFor(exchange(world, i), { kind: "expired", beforeTs });
  }
  return `observations before ${beforeTs} expire`;
}

function recompute(world: World, kind: "changed" | "rebuilt"): string {
  const stable = world.models.map((model) => model.events.length);
  for (const i of [0, 1]) {
    const model = exchange(world, i);
    const hadStart = [...model.records.keys()].some((name) => stateOfSeries(model, name).start !== null);
    recomputeFor(model, { kind });
    if (!hadStart && model.events.length !== stable[i]) world.problems.push(`${kind} publishes something`);
  }
  return kind;
}

/** Another secret, threshold or kind. */
function changeRules(world: World): string {
  const { random, models } = world;
  const draw = random.integer(0, 2);
  if (draw === 0) {
    for (const { kinds } of models) {
      kinds["motor.speed"] = kinds["motor.speed"] === "numeric" ? "categorical" : "numeric";
    }
  } else {
    const threshold = draw === 1 ? random.integer(12, 40) : world.inputs.constants.threshold;
    world.inputs = inputsOf({ threshold, secret: `secret ${random.integer(0, 3)}` });
    for (const model of models) model.hook = evidenceHook(world.inputs);
  }
  if (random.integer(0, 1) === 0) {
    for (const i of [0, 1]) recomputeFor(exchange(world, i), { kind: "changed" });
    return "other rules, recomputed";
  }
  // Each series is touched, so that it is followed by the new rules.
  for (const [i, model] of models.entries()) touch(world, model, i);
  return "other rules, with an observation each";
}

/** Evidence is switched off for some observations. */
function switchOff(world: World): string {
  for (const model of world.models) model.hook = null;
  deliver(world);
  for (const model of world.models) model.hook = evidenceHook(world.inputs);
  for (const [i, model] of world.models.entries()) touch(world, model, i);
  return "evidence is off for a while";
}

/** One new observation of each primitive that has a record. */
function touch(world: World, model: Model, identity: number): void {
  const attacker = world.links.indexOf(identity);
  for (const primitive of model.records.keys()) {
    // Nobody is linked to it any more, so no observation can come.
    if (attacker < 0) throw new Error("an identity with records must have an attacker");
    world.session++;
    const each = {
      ...observation(world),
      primitive,
      attackerUuid: world.attackers[attacker] ?? "",
      evidenceRef: `${TAGS[attacker]}:touch ${world.session}`,
      value: '"touched"',
    };
    applyTogether(model, [each]);
    keep(world, each);
  }
}
