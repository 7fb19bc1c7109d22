/** Merge and unmerge: exact states from the union, and back again; nothing lost in between. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { merge, createRegistry, stubIdentityUuid } from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import {
  followLinks,
  mergeIdentities,
  readHistory,
  readIdentityPage,
  readTotals,
  unmergeIdentity,
} from "../../src/storage/index.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { afterPageRead } from "../setup/identity-object.ts";
import { receivedFor, waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";

const PRIMITIVES = [
  "motor.input_modality",
  "toolchain.c2.beacon_interval_ms",
  "toolchain.ssh.hassh_client",
] as const;

const mergeInto = (winner: string, loser: string) =>
  call("POST", `identities/${winner}/merge`, { loser_uuid: loser });
const unmerge = (loser: string) => call("POST", `identities/${loser}/unmerge`);

/** An attacker with a history over three kinds of primitives, already applied. */
async function attacker(seed: number, startTs = 1_714_000_000 + seed * 10) {
  const attackerUuid = crypto.randomUUID();
  const events = [
    ...series(attackerUuid, PRIMITIVES[0], ["a", "b", "a", seed % 2 ? "a" : "b", "c"], startTs),
    ...series(attackerUuid, PRIMITIVES[1], [100, 110, 90, 100 * seed], startTs),
    ...series(attackerUuid, PRIMITIVES[2], [`h${seed}`, `h${seed}`], startTs),
  ];
  await deliver(events);
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, events };
}

/** What the states of an identity must be, from what D1 holds of its attackers. */
async function expectedStates(identityUuid: string) {
  const { observations: results } = await readIdentityPage(env.DB, identityUuid, null, 100_000);
  return [...new Set(results.map(({ primitive }) => primitive))].toSorted().map((primitive) => {
    const members = results.filter((row) => row.primitive === primitive);
    const outcome = merge(mergeKindOf(createRegistry().kindOf(primitive)), members, STANDARD_THRESHOLDS);
    const { currentValue, state, confidence, observationCount, lastObservationTs } = outcome;
    return { primitive, currentValue, state, confidence, observationCount, lastObservationTs };
  });
}

async function expectExact(identityUuid: string): Promise<void> {
  const found = (await statesOf(identityUuid)).map(({ lastChangeTs: _, ...state }) => state);
  expect(found).toEqual(await expectedStates(identityUuid));
}

/** Replays the published events of an identity: the state of every primitive they end in. */
async function expectEventsEndInStates(identityUuid: string): Promise<void> {
  const stub = env.IDENTITIES.getByName(identityUuid);
  const states = await stub.attribution();
  await vi.waitFor(async () => {
    const history = await readHistory(env.DB, identityUuid, 0, 1_000);
    const events = history.map(({ event }) => JSON.parse(event));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    const last = new Map<string, string>();
    for (const event of events) {
      if (event.type === "profile.state_changed") last.set(event.payload.primitive, event.payload.new_state);
    }
    for (const { primitive, state } of states) expect(last.get(primitive)).toBe(state);
  });
}

describe("[§6] merge", () => {
  it("the winner's states are those of the union, each change published once, after the merge itself", async () => {
    const [winner, loser] = [await attacker(1), await attacker(2)];
    const before = await statesOf(winner.identityUuid);
    const loserStates = await statesOf(loser.identityUuid);
    const response = await mergeInto(winner.identityUuid, loser.identityUuid);
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        winner_uuid: winner.identityUuid,
        loser_uuid: loser.identityUuid,
        attacker_uuids: [loser.attackerUuid],
        done: true,
      },
    ]);
    await expectExact(winner.identityUuid);
    await expectEventsEndInStates(winner.identityUuid);
    const history = (await readHistory(env.DB, winner.identityUuid, 0, 100)).map(({ event }) =>
      JSON.parse(event),
    );
    const place = history.findIndex(({ type }) => type === "merged");
    expect(history[place]).toMatchObject({
      topic: "identity.merged",
      payload: {
        winner_uuid: winner.identityUuid,
        loser_uuid: loser.identityUuid,
        observation_uuids: [loser.attackerUuid],
        confidence_after: null,
      },
    });
    const changed: string[] = history.slice(place + 1).map(({ payload: { primitive } }) => String(primitive));
    expect(changed).toEqual(changed.toSorted());
    expect(new Set(changed).size).toBe(changed.length);
    for (const { primitive, state, lastChangeTs } of before) {
      const now = (await statesOf(winner.identityUuid)).find(
        (candidate) => candidate.primitive === primitive,
      );
      if (now?.state === state) expect(now.lastChangeTs).toBe(lastChangeTs);
    }
    // For the record, the loser's own states stay as they were.
    expect(await statesOf(loser.identityUuid)).toEqual(loserStates);
  });

  it("messages and reads follow to the winner", async () => {
    const [winner, loser] = [await attacker(3), await attacker(4)];
    await mergeInto(winner.identityUuid, loser.identityUuid);
    await deliver(series(loser.attackerUuid, PRIMITIVES[0], ["z", "z"], 1_714_900_000));
    await expectExact(winner.identityUuid);
    for (const path of [
      `attackers/${loser.attackerUuid}/attribution`,
      `identities/${loser.identityUuid}/attribution`,
    ]) {
      const answer = await (await call("GET", path)).json<{ identity_uuid: string; primitives: unknown[] }>();
      expect(answer.identity_uuid).toBe(winner.identityUuid);
      expect(answer.primitives).toHaveLength(3);
    }
    const linked = crypto.randomUUID();
    const put = await call("PUT", `attackers/${linked}`, { identity_uuid: loser.identityUuid });
    expect(await put.json()).toMatchObject({ identity_uuid: winner.identityUuid });
  });

  it("after merge and unmerge every state is what it was", async () => {
    const [winner, loser] = [await attacker(5), await attacker(6)];
    const before = [await statesOf(winner.identityUuid), await statesOf(loser.identityUuid)];
    await mergeInto(winner.identityUuid, loser.identityUuid);
    const response = await unmerge(loser.identityUuid);
    expect(await response.json()).toMatchObject({ done: true, attacker_uuids: [loser.attackerUuid] });
    const after = [await statesOf(winner.identityUuid), await statesOf(loser.identityUuid)];
    expect(after[1]).toEqual(before[1]);
    const withoutChange = (states: (typeof after)[number] | undefined) =>
      states?.map(({ lastChangeTs: _, ...state }) => state);
    expect(withoutChange(after[0])).toEqual(withoutChange(before[0]));
    await expectEventsEndInStates(winner.identityUuid);
    await expectEventsEndInStates(loser.identityUuid);
    const events = (await readHistory(env.DB, loser.identityUuid, 0, 100)).map(({ event }) =>
      JSON.parse(event),
    );
    expect(events.at(-1)).toMatchObject({
      topic: "identity.unmerged",
      type: "unmerged",
      payload: {
        identity_uuid: loser.identityUuid,
        from_uuid: winner.identityUuid,
        observation_uuids: [loser.attackerUuid],
      },
    });
    const read = await (
      await call("GET", `identities/${loser.identityUuid}/attribution`)
    ).json<{ identity_uuid: string }>();
    expect(read.identity_uuid).toBe(loser.identityUuid);
  });

  it("an unmerge gives back everything of its attackers, whenever received; later attackers stay with the winner", async () => {
    const [winner, loser] = [await attacker(7), await attacker(8)];
    await mergeInto(winner.identityUuid, loser.identityUuid);
    const late = crypto.randomUUID();
    await call("PUT", `attackers/${late}`, { identity_uuid: loser.identityUuid });
    await deliver([
      ...series(loser.attackerUuid, "cognitive.cognitive_load", ["low", "low", "low"], 1_714_800_000),
      ...series(late, PRIMITIVES[0], ["q", "q", "q"], 1_714_800_000),
    ]);
    await unmerge(loser.identityUuid);
    await expectExact(winner.identityUuid);
    await expectExact(loser.identityUuid);
    expect((await statesOf(loser.identityUuid)).map(({ primitive }) => primitive)).toContain(
      "cognitive.cognitive_load",
    );
    const winnerPrimitives = (await statesOf(winner.identityUuid)).map(({ primitive }) => primitive);
    expect(winnerPrimitives).not.toContain("cognitive.cognitive_load");
    await vi.waitFor(async () => {
      const row = await env.DB.prepare(
        "SELECT count(*) AS n FROM attributions WHERE identity_uuid = ?1 AND primitive = ?2",
      )
        .bind(winner.identityUuid, "cognitive.cognitive_load")
        .first();
      expect(row).toEqual({ n: 0 });
    });
  });

  it("chains unwind one merge at a time, the latest first; anything else is 409", async () => {
    const [a, b, c] = [await attacker(9), await attacker(10), await attacker(11)];
    const before = await Promise.all([a, b, c].map(({ identityUuid }) => statesOf(identityUuid)));
    expect((await mergeInto(b.identityUuid, a.identityUuid)).status).toBe(200);
    expect((await mergeInto(c.identityUuid, b.identityUuid)).status).toBe(200);
    await expectExact(c.identityUuid);
    const answer = await (
      await call("GET", `attackers/${a.attackerUuid}/attribution`)
    ).json<{ identity_uuid: string }>();
    expect(answer.identity_uuid).toBe(c.identityUuid);
    const refused: [Promise<Response>, string][] = [
      [mergeInto(a.identityUuid, c.identityUuid), "already_merged"],
      [mergeInto(c.identityUuid, a.identityUuid), "already_merged"],
      [mergeInto(c.identityUuid, c.identityUuid), "conflict_self_merge"],
      [unmerge(a.identityUuid), "not_latest_merge"],
      [unmerge(c.identityUuid), "not_merged"],
    ];
    for (const [answered, code] of refused) {
      const response = await answered;
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code });
    }
    expect((await mergeInto(crypto.randomUUID(), c.identityUuid)).status).toBe(404);
    expect((await unmerge(crypto.randomUUID())).status).toBe(404);
    expect((await unmerge(b.identityUuid)).status).toBe(200);
    await expectExact(b.identityUuid);
    expect((await unmerge(a.identityUuid)).status).toBe(200);
    const after = await Promise.all([a, b, c].map(({ identityUuid }) => statesOf(identityUuid)));
    for (const [i, states] of after.entries()) {
      const strip = (list: typeof states | undefined) => list?.map(({ lastChangeTs: _, ...state }) => state);
      expect(strip(states)).toEqual(strip(before[i]));
    }
  });

  it("observations that arrive in the middle, in either identity, end where they belong", async () => {
    const [winner, loser] = [await attacker(12), await attacker(13)];
    const more = [winner, loser].flatMap(({ attackerUuid }) =>
      Array.from({ length: 12 }, (_, i) =>
        payload({
          attacker_uuid: attackerUuid,
          primitive: PRIMITIVES[0],
          value: `v${i % 3}`,
          ts: 1_714_500_000 + i,
        }),
      ),
    );
    await Promise.all([
      mergeInto(winner.identityUuid, loser.identityUuid),
      ...more.slice(0, 12).map((event) => deliver([event])),
      ...more.slice(12).map((event) => deliver([event])),
    ]);
    await expectExact(winner.identityUuid);
    await Promise.all([
      unmerge(loser.identityUuid),
      ...more.map((event) => deliver([{ ...event, ts: 1_714_600_000 }])),
    ]);
    await expectExact(winner.identityUuid);
    await expectExact(loser.identityUuid);
    await expectEventsEndInStates(winner.identityUuid);
  });

  it("an observation that arrives after its attacker's page was read survives the exchange", async () => {
    const [winner, loser] = [await attacker(18), await attacker(19)];
    const late = payload({ attacker_uuid: loser.attackerUuid, value: "late", ts: 1_714_700_000 });
    await afterPageRead(env.IDENTITIES.getByName(winner.identityUuid), () => deliver([late]));
    await mergeInto(winner.identityUuid, loser.identityUuid);
    const [state] = await statesOf(winner.identityUuid);
    expect(state?.observationCount).toBe(11);
    await expectExact(winner.identityUuid);
  });

  it("a call whose links were read before an unmerge is told to read them again", async () => {
    const [winner, loser] = [await attacker(20), await attacker(21)];
    await mergeInto(winner.identityUuid, loser.identityUuid);
    const links = [...(await followLinks(env.DB, [loser.attackerUuid])).values()];
    await unmerge(loser.identityUuid);
    const stale = await env.IDENTITIES.getByName(winner.identityUuid).apply({ links, observations: [] });
    expect(stale).toEqual({ outcome: "moved", attackerUuids: [loser.attackerUuid] });
  });

  it("what an object hears of too late, after something newer, changes nothing", async () => {
    const [winner, loser] = [await attacker(22), await attacker(23)];
    const readMerged = async () => [...(await followLinks(env.DB, [loser.attackerUuid])).values()];
    await mergeInto(winner.identityUuid, loser.identityUuid);
    const merged = await readMerged();
    await unmerge(loser.identityUuid);
    const unmerged = await readMerged();
    const row = await env.DB.prepare("SELECT id FROM merges WHERE loser_uuid = ?1")
      .bind(loser.identityUuid)
      .first<{ id: number }>();
    const mergeId = row?.id ?? 0;
    // The merge, at the loser, after it was undone.
    const loserStub = env.IDENTITIES.getByName(loser.identityUuid);
    await loserStub.mergeAway(winner.identityUuid, merged, mergeId);
    expect(await loserStub.inspect()).toMatchObject({ winnerUuid: null, linkCount: 1 });
    await expectExact(loser.identityUuid);
    // Its undoing, at the winner, after another merge.
    await mergeInto(winner.identityUuid, loser.identityUuid);
    await expectExact(winner.identityUuid);
    await env.IDENTITIES.getByName(winner.identityUuid).exchange(
      { key: "late", load: [], drop: unmerged, notice: null },
      { mergeId, isUndone: true },
    );
    await expectExact(winner.identityUuid);
    expect((await loserStub.inspect()).winnerUuid).toBe(winner.identityUuid);
  });

  it("more than a page of observations moves, and what waited in the loser's outbox is published", async () => {
    const [winner, loser] = [await attacker(14), await attacker(15)];
    await deliver([
      {
        events: series(
          loser.attackerUuid,
          PRIMITIVES[0],
          Array.from({ length: 2_100 }, (_, i) => `v${i % 2}`),
        ),
      },
    ]);
    await mergeInto(winner.identityUuid, loser.identityUuid);
    await vi.waitFor(() => expectExact(winner.identityUuid));
    await unmerge(loser.identityUuid);
    await vi.waitFor(() => expectExact(loser.identityUuid));
    await expectExact(winner.identityUuid);
    const history = await readHistory(env.DB, loser.identityUuid, 0, 1_000);
    await waitForSeq(loser.identityUuid, history.length);
    expect(new Set(receivedFor(loser.identityUuid).map(({ id }) => id)).size).toBe(history.length);
  });
});

describe("[§6] merge, crashed", () => {
  it("D1 changed and nothing told: the links are believed, and messages go to the winner", async () => {
    const [winner, loser] = [await attacker(16), await attacker(17)];
    const merged = await mergeIdentities(env.DB, winner.identityUuid, loser.identityUuid, 1);
    expect(merged.outcome).toBe("merged");
    await deliver(series(loser.attackerUuid, PRIMITIVES[0], ["z"], 1_714_900_000));
    const [state] = await statesOf(winner.identityUuid);
    expect(state?.observationCount).toBe(6);
    const undone = await unmergeIdentity(env.DB, loser.identityUuid, 2);
    expect(undone.outcome).toBe("unmerged");
    const totals = await readTotals(env.DB);
    expect(totals.observations).toBeGreaterThan(0);
  });
});
