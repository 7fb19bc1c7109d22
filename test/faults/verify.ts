/** Checks every promise once nothing of a history is under way. Says in words which one is broken. */
import {
  compareUtf8,
  createRegistry,
  merge,
  type OutboundEvent,
  readThresholds,
} from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { injection } from "./injection.ts";
import { type Expected, observationOf } from "./messages.ts";
import { type Snapshot, snapshotOf, type StoredState } from "./snapshot.ts";
import { readRecord, type StoredRecord } from "./stored-record.ts";
import { verifyEvidence } from "./verify-evidence.ts";
import { identityOf, verifyPublished } from "./verify-published.ts";
import type { World } from "./world.ts";

/** Checks every promise. */
export async function verify(world: World): Promise<string[]> {
  const problems: string[] = [];
  const record = await readRecord(problems);
  verifyRecord(world, record, problems);
  verifyDeadLetters(world, record, problems);
  const states = new Map<string, readonly StoredState[]>();
  for (const i of world.cast.identities.keys()) {
    states.set(world.identityUuid(i), await verifyObject(world, i, record, problems));
  }
  const events = injection.published as OutboundEvent[];
  verifyPublished(world.cast.identities, events, states, record, problems);
  return problems;
}

const keyOf = ({ attackerUuid, primitive, evidenceRef }: Expected) =>
  `${attackerUuid} ${primitive} ${evidenceRef}`;
const textOf = (row: Expected) => `${keyOf(row)} ${row.ts} ${row.id} ${row.value}`;

/**
 * Every valid observation that was not erased is stored, and nothing else, except that what is older than the horizon of
 * retention may be gone, or be there in an earlier version that came again. Links and identities fit together.
 */
function verifyRecord(world: World, record: StoredRecord, problems: string[]): void {
  const expected = new Map<string, Expected>();
  const sent = new Set<string>();
  for (const event of world.plan.messages.flatMap(({ events, form }) =>
    form === "payload" || form === "bus" ? events.slice(0, 1) : events,
  )) {
    if (event.damage !== null) continue;
    const observation = observationOf(event, world.cast);
    if (observation.ts <= (record.erasures.get(observation.attackerUuid) ?? 0)) continue;
    sent.add(textOf(observation));
    const prior = expected.get(keyOf(observation));
    if (!prior || isGreater(observation, prior)) expected.set(keyOf(observation), observation);
  }
  const isOld = ({ ts }: Expected) => ts < world.horizonTs;
  const mayExpire = (row: Expected) => isOld(expected.get(keyOf(row)) ?? row);
  compareSets(
    "stored in D1",
    [...expected.values()].filter((row) => !isOld(row)).map(textOf),
    record.observations.filter((row) => !(mayExpire(row) && sent.has(textOf(row)))).map(textOf),
    problems,
  );
  for (const attackerUuid of new Set(record.observations.map((row) => row.attackerUuid))) {
    if (!record.links.has(attackerUuid))
      problems.push(`attacker ${attackerUuid} has observations and no row`);
  }
  for (const [attackerUuid, identityUuid] of record.links) {
    const identity = record.identities.get(identityUuid);
    if (!identity) problems.push(`attacker ${attackerUuid} is linked to ${identityUuid}, which is not there`);
    if (identity?.merged_into_uuid) problems.push(`attacker ${attackerUuid} is linked to a merged identity`);
  }
  for (const { uuid, merged_into_uuid: winner } of record.identities.values()) {
    const merges = record.merges.filter((row) => row.loser_uuid === uuid && row.undone_ts === null);
    if ((winner === null) !== (merges.length === 0)) problems.push(`${uuid} and the list of merges disagree`);
    if (winner !== null && merges[0]?.winner_uuid !== winner) problems.push(`${uuid} has two winners`);
  }
}

/** Every refused event is a dead letter; there is no other one, once all were replayed. */
function verifyDeadLetters(world: World, record: StoredRecord, problems: string[]): void {
  const letters = new Map(record.deadLetters.map((letter) => [letter.id, letter]));
  for (const [m, { form, events }] of world.plan.messages.entries()) {
    const sent = form === "payload" || form === "bus" ? events.slice(0, 1) : events;
    const refused = sent.flatMap(({ damage }, i) => (damage === null ? [] : [`m${m}:${i}`]));
    if (events.length === 0) refused.push(`m${m}:0`);
    for (const id of refused) {
      if (!letters.delete(id)) problems.push(`refused without a dead letter: ${id}`);
    }
  }
  for (const letter of letters.values()) problems.push(`a dead letter too many: ${JSON.stringify(letter)}`);
}

/**
 * A living identity's object holds exactly the observations that D1 links to it; its states are those of the merger; the list
 * in D1 has the same states. An identity that is merged away is compared with what it held at the merge.
 */
async function verifyObject(
  world: World,
  identity: number,
  record: StoredRecord,
  problems: string[],
): Promise<readonly StoredState[]> {
  const uuid = world.identityUuid(identity);
  const held = await world.inObject(identity, snapshotOf);
  const { observations, states } = held;
  for (const row of observations) {
    if (row.ts <= (record.erasures.get(row.attackerUuid) ?? 0))
      problems.push(`${uuid} holds erased ${textOf(row)}`);
  }
  const winnerUuid = record.identities.get(uuid)?.merged_into_uuid ?? null;
  if (winnerUuid !== null) {
    await verifyMergedAway(world, identity, winnerUuid, held, record, problems);
    return states;
  }
  const linked = record.observations.filter((row) => record.links.get(row.attackerUuid) === uuid);
  compareSets(`applied in ${uuid}`, linked.map(textOf), observations.map(textOf), problems);
  compareSets(`states of ${uuid}`, statesOf(linked), states.map(describe), problems);
  verifyEvidence(uuid, linked, held, problems);
  verifyList(uuid, states, record, problems);
  return states;
}

/** Its states stay as they were at the merge; it takes no observations, and publishes no change. An erasure can remove both. */
async function verifyMergedAway(
  world: World,
  identity: number,
  winnerUuid: string,
  held: Snapshot,
  record: StoredRecord,
  problems: string[],
): Promise<void> {
  const uuid = world.identityUuid(identity);
  const { winnerUuid: told } = await world.stub(identity).inspect();
  if (told !== winnerUuid) problems.push(`${uuid} is merged into ${winnerUuid}, its object says ${told}`);
  verifyList(uuid, held.states, record, problems);
  const then = injection.mergedAway.get(uuid);
  if (!then) return;
  const had = new Set(then.observations.map(textOf));
  for (const row of held.observations) {
    if (!had.has(textOf(row))) problems.push(`merged away, ${uuid} took ${textOf(row)}`);
  }
  if (record.erasures.size > 0) return;
  compareSets(
    `states of ${uuid}, merged away`,
    then.states.map(describe),
    held.states.map(describe),
    problems,
  );
  // It can still learn late that an earlier merge of it was undone, and publishes that.
  for (const { seq, type, payload } of injection.published as OutboundEvent[]) {
    if (seq > then.seq && type.startsWith("profile.") && identityOf(payload) === uuid) {
      problems.push(`merged away at event ${then.seq}, ${uuid} published ${type} as event ${seq}`);
    }
  }
}

function verifyList(
  uuid: string,
  states: readonly StoredState[],
  record: StoredRecord,
  problems: string[],
): void {
  compareSets(
    `list of ${uuid}`,
    states.map(({ primitive, state }) => `${primitive} ${state}`),
    record.attributions
      .filter((row) => row.identity_uuid === uuid)
      .map(({ primitive, state }) => `${primitive} ${state}`),
    problems,
  );
}

/** The states that the merger makes of observations. */
function statesOf(observations: readonly Expected[]): string[] {
  const read = readThresholds((variable) => injection.variables[variable]);
  if (!read.ok) throw new Error("the constants must be valid");
  return [...new Set(observations.map(({ primitive }) => primitive))].map((primitive) => {
    const members = observations.filter((row) => row.primitive === primitive);
    const outcome = merge(mergeKindOf(createRegistry().kindOf(primitive)), members, read.thresholds);
    return describe({
      primitive,
      current_value: outcome.currentValue,
      state: outcome.state,
      confidence: outcome.confidence,
      observation_count: members.length,
      last_observation_ts: Math.max(...members.map(({ ts }) => ts)),
    });
  });
}

function describe(state: Omit<StoredState, "last_change_ts">): string {
  return [
    state.primitive,
    state.state,
    state.current_value,
    state.confidence,
    `of ${state.observation_count}`,
    `last ${state.last_observation_ts}`,
  ].join(" ");
}

function isGreater(a: Expected, b: Expected): boolean {
  if (a.ts !== b.ts) return a.ts > b.ts;
  return (compareUtf8(a.id, b.id) || compareUtf8(a.value, b.value)) > 0;
}

/** Adds a problem for each text that one list has more often than the other. */
export function compareSets(
  what: string,
  expected: readonly string[],
  found: readonly string[],
  problems: string[],
): void {
  const left = [...found];
  const missing = expected.filter((text) => {
    const place = left.indexOf(text);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
  for (const text of missing) problems.push(`${what}: missing ${text}`);
  for (const text of left) problems.push(`${what}: too much ${text}`);
}
