/** What the conformance streams leave out: replacement, equal times, abstention, objects, late arrivals, edges. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type OutboundEvent, stubIdentityUuid } from "../../src/core/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { receivedFor, waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { storedObservations } from "../setup/observations.ts";

const CATEGORICAL = "motor.input_modality";
const START = 1_714_000_000;

function fresh() {
  const attackerUuid = crypto.randomUUID();
  return { attackerUuid, identityUuid: stubIdentityUuid(attackerUuid) };
}

async function stateOf(identityUuid: string, primitive = CATEGORICAL) {
  const attribution = (await statesOf(identityUuid)).find((state) => state.primitive === primitive);
  if (!attribution) throw new Error(`${primitive} must have a state`);
  return { ...attribution, currentValue: JSON.parse(attribution.currentValue) };
}

/** The state changes published so far, as `old>new`, once everything is. */
async function changesOf(identityUuid: string): Promise<string[]> {
  const seq = await runInDurableObject(env.IDENTITIES.getByName(identityUuid), (_, state) => {
    const head = state.storage.sql
      .exec<{ head: string }>("SELECT value AS head FROM meta WHERE name = 'head'")
      .one().head;
    return Number(JSON.parse(head).seq);
  });
  const events = await waitForSeq(identityUuid, seq);
  expect(events).toHaveLength(seq);
  return events.flatMap((event) =>
    event.type === "profile.state_changed" ? [`${event.payload.old_state}>${event.payload.new_state}`] : [],
  );
}

describe("[§3] one observation per key", () => {
  it("a greater one replaces, a lesser or equal one is ignored, whatever the batching", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const events = series(attackerUuid, CATEGORICAL, ["a", "a", "a"]);
    await deliver(events);
    expect(await stateOf(identityUuid)).toMatchObject({ state: "stable", observationCount: 3 });
    const [first] = events;
    const later = { ...first, value: "b", ts: START + 1_000 };
    const earlier = { ...first, value: "c", ts: START - 1_000 };
    await deliver([earlier, later, later, { ...first, value: "d" }]);
    expect(await stateOf(identityUuid)).toMatchObject({
      state: "conflicted",
      currentValue: "b",
      observationCount: 3,
      lastObservationTs: START + 1_000,
    });
    expect(await changesOf(identityUuid)).toEqual(["null>unknown", "unknown>stable", "stable>conflicted"]);
    const stored = await storedObservations(attackerUuid);
    expect(stored.filter(({ evidenceRef }) => evidenceRef === first?.["evidence_ref"])).toMatchObject([
      { value: '"b"', ts: START + 1_000 },
    ]);
  });

  it("at the same ts the greater id, then the greater value stands; D1 and object agree", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const base = payload({ attacker_uuid: attackerUuid, id: "id-\uffee", value: "m" });
    const greaterId = { ...base, id: "id-\u{1f600}", value: "a" };
    await deliver([base]);
    await deliver([greaterId]);
    await deliver([base, { ...greaterId, value: "z" }, { ...greaterId, value: "y" }]);
    expect(await stateOf(identityUuid)).toMatchObject({ currentValue: "z", observationCount: 1 });
    expect(await storedObservations(attackerUuid)).toMatchObject([{ id: "id-\u{1f600}", value: '"z"' }]);
  });
});

describe("[§3] order at equal times", () => {
  it("is that of the evidence pointers' UTF-8 bytes, whatever came first", async () => {
    for (const reversed of [false, true]) {
      const { attackerUuid, identityUuid } = fresh();
      const events = ["\uffee", "\u{1f600}", "a"].map((evidence_ref, i) =>
        payload({ attacker_uuid: attackerUuid, evidence_ref, value: `v${i}` }),
      );
      for (const event of reversed ? events.toReversed() : events) await deliver([event]);
      // a < U+FFEE < U+1F600 by bytes; by UTF-16 units the last two would swap.
      expect(await stateOf(identityUuid)).toMatchObject({ currentValue: "v1", state: "conflicted" });
    }
  });
});

describe("[§3] abstention", () => {
  it('"unknown" counts and moves the last time, and takes no part in the state', async () => {
    const { attackerUuid, identityUuid } = fresh();
    await deliver(series(attackerUuid, CATEGORICAL, ["unknown", "a", "unknown", "a", "unknown"]));
    expect(await stateOf(identityUuid)).toMatchObject({
      state: "unknown",
      currentValue: "a",
      observationCount: 5,
      lastObservationTs: START + 240,
      lastChangeTs: START,
    });
    await deliver(series(attackerUuid, CATEGORICAL, ["a", "unknown"], START + 600));
    expect(await stateOf(identityUuid)).toMatchObject({
      state: "stable",
      confidence: 1,
      observationCount: 7,
      lastObservationTs: START + 660,
      lastChangeTs: START + 600,
    });
  });

  it('a hash whose value is "unknown" is a hash like any other', async () => {
    const { attackerUuid, identityUuid } = fresh();
    const primitive = "toolchain.ssh.hassh_client";
    await deliver(series(attackerUuid, primitive, ["unknown", "f00d"]));
    expect(await stateOf(identityUuid, primitive)).toMatchObject({ state: "drifting", confidence: 0.5 });
  });
});

describe("[§3] values that are objects", () => {
  it("are equal when their canonical JSON is", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const primitive = "custom.profile";
    await deliver(
      series(attackerUuid, primitive, [
        { a: 1, b: [2.0] },
        { b: [2], a: 1.0 },
        { a: 1, b: [2] },
      ]),
    );
    expect(await stateOf(identityUuid, primitive)).toMatchObject({
      state: "stable",
      currentValue: { a: 1, b: [2] },
      confidence: 1,
    });
  });
});

describe("[§3 numeric] edges", () => {
  it("a CV of exactly 1 is no conflict", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const primitive = "toolchain.c2.beacon_interval_ms";
    // With α 0.3 the EWMA of (0, 0, x) is 0.3·x; choose values whose deviation from it equals it.
    await deliver(series(attackerUuid, primitive, [1, 1, 1]));
    expect(await stateOf(identityUuid, primitive)).toMatchObject({ state: "stable", confidence: 1 });
    const other = fresh();
    await deliver(series(other.attackerUuid, primitive, [1, -1, 1]));
    expect(await stateOf(other.identityUuid, primitive)).toMatchObject({
      state: "conflicted",
      confidence: 0.5,
    });
  });
});

describe("[§4] late arrivals", () => {
  it("change the state as if they had come in time; the change is dated by the newest observation", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const events = series(attackerUuid, CATEGORICAL, ["b", "b", "b", "b", "b", "a", "a", "a", "a", "a"]);
    await deliver(events.slice(5));
    expect(await stateOf(identityUuid)).toMatchObject({ state: "stable", lastChangeTs: START + 420 });
    await deliver(events.slice(0, 5));
    expect(await stateOf(identityUuid)).toMatchObject({
      state: "drifting",
      currentValue: "a",
      observationCount: 10,
      lastChangeTs: START + 540,
      lastObservationTs: START + 540,
    });
    expect(await changesOf(identityUuid)).toEqual(["null>unknown", "unknown>stable", "stable>drifting"]);
  });

  it("below the windows change nothing but the count", async () => {
    const { attackerUuid, identityUuid } = fresh();
    await deliver(
      series(
        attackerUuid,
        CATEGORICAL,
        Array.from({ length: 10 }, () => "a"),
      ),
    );
    const before = await stateOf(identityUuid);
    await deliver(series(attackerUuid, CATEGORICAL, ["x", "y"], START - 10_000));
    expect(await stateOf(identityUuid)).toEqual({ ...before, observationCount: 12 });
    expect(await changesOf(identityUuid)).toHaveLength(2);
  });
});

describe("[§4] multi_actor_suspected", () => {
  const primitives = ["cognitive.cognitive_load", "motor.input_modality", "motor.keystroke_cadence"];
  const suspicions = (events: readonly OutboundEvent[]) =>
    events.flatMap((event) => (event.type === "profile.multi_actor_suspected" ? [event.payload] : []));

  it("follows the set of primitives up to three, down to two, below and back, with the newest time of the set", async () => {
    const { attackerUuid, identityUuid } = fresh();
    for (const [i, primitive] of primitives.entries()) {
      await deliver(series(attackerUuid, primitive, ["a", "b", "a", "b"], START + i * 10_000));
    }
    // Three of them alternate. Five in a row end that for one, then for another.
    await deliver(series(attackerUuid, primitives[2] ?? "", ["c", "c", "c", "c", "c"], START + 30_000));
    await deliver(series(attackerUuid, primitives[1] ?? "", ["c", "c", "c", "c", "c"], START + 40_000));
    await deliver(series(attackerUuid, primitives[1] ?? "", ["d", "e", "d", "e", "d"], START + 50_000));
    await changesOf(identityUuid);
    const [two, three] = [primitives.slice(0, 2), primitives];
    const summary = (n: number) => ({
      confidence: 0.6,
      evidence_summary: `${n} primitives flagged multi_actor`,
    });
    const base = { identity_uuid: identityUuid };
    const published = suspicions(receivedFor(identityUuid));
    expect(published.map(({ primitives: set }) => set)).toEqual([two, three, two, two]);
    expect(published[0]).toEqual({ ...base, primitives: two, ...summary(2), ts: START + 10_180 });
    expect(published[1]).toEqual({ ...base, primitives: three, ...summary(3), ts: START + 20_180 });
    // The one that left the set is newer than both that stay: its time no longer counts.
    expect(published[2]).toMatchObject({ primitives: two, ts: START + 10_180 });
  });

  it("comes right after the transition that caused it", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const events = primitives
      .slice(0, 2)
      .flatMap((primitive, i) => series(attackerUuid, primitive, ["a", "b", "a", "b"], START + i * 10_000));
    await deliver(events);
    await changesOf(identityUuid);
    const types = receivedFor(identityUuid).map(({ type }) => type);
    const place = types.indexOf("profile.multi_actor_suspected");
    const cause = receivedFor(identityUuid)[place - 1];
    expect(cause).toMatchObject({
      type: "profile.state_changed",
      payload: { new_state: "multi_actor", primitive: primitives[1] },
    });
  });
});
