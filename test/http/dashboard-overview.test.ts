/** `GET /dashboard/overview`: the newest events summed up. A file of its own, since it sums up everything there is. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { handleScheduled } from "../../src/maintenance/index.ts";
import { OVERVIEW_EVENTS, updateOverviews } from "../../src/overview/index.ts";
import { shardsOf } from "../../src/shard.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { get } from "../setup/get.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";

interface Overview {
  readonly turns: { hour_ts: number; old_state: string | null; new_state: string; count: number }[];
  readonly active: { uuid: string; transitions: number; last_ts: number }[];
  readonly suspicions: { uuid: string; primitives: string[]; primitive_count: number; ts: number }[];
  readonly event_count: number;
  readonly totals: Record<string, unknown>;
}

/** A whole hour. */
const HOUR_TS = 1_713_999_600;
const MODALITY = "motor.input_modality";
const CADENCE = "motor.keystroke_cadence";

const read = async () => (await get("/api/v1/dashboard/overview")).json<Overview>();
let minute = 0;
/** What the cron of every minute starts. */
const update = () => updateOverviews(shardsOf(env), HOUR_TS + 60 * (minute += 1));

/** Delivers series of one attacker, one value a minute, and waits for its identity's events. */
async function play(
  startTs: number,
  values: Readonly<Record<string, readonly string[]>>,
  seq: number,
): Promise<string> {
  const attackerUuid = crypto.randomUUID();
  const events = Object.entries(values).flatMap(([primitive, each]) =>
    series(attackerUuid, primitive, each, startTs),
  );
  await deliver([{ events }]);
  await waitForSeq(stubIdentityUuid(attackerUuid), seq);
  return stubIdentityUuid(attackerUuid);
}

describe("[dashboard] GET /dashboard/overview", () => {
  it("says nothing where nothing happened", async () => {
    expect(await read()).toEqual({
      event_count: 0,
      turns: [],
      active: [],
      suspicions: [],
      totals: {
        observations: 0,
        attackers: 0,
        identities: 0,
        events: 0,
        states: { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 },
        deferred: 0,
        dead_letters: 0,
        outbox_pending: 0,
        evidence: { unchanged: 0, changed_within_day: 0, several_operators: 0 },
        queue_backlog: expect.toSatisfy((n) => n === null || n >= 0),
      },
    });
  });

  it("counts what turned into what in each hour, ranks the most active, lists the newest suspicions", async () => {
    const alternating = ["a", "b", "a", "b"];
    // Each in an hour of its own, the earlier hour delivered later.
    const calm = await play(HOUR_TS + 3_600, { [MODALITY]: ["a", "a", "a"] }, 3);
    const both = { [MODALITY]: alternating, [CADENCE]: alternating };
    const early = await play(HOUR_TS, both, 8);
    const late = await play(HOUR_TS + 7_200, both, 8);
    const overview = await read();
    const turn = (hours: number, old_state: string | null, new_state: string, count: number) => ({
      hour_ts: HOUR_TS + hours * 3_600,
      old_state,
      new_state,
      count,
    });
    const suspicious = (hours: number) => [
      turn(hours, null, "unknown", 2),
      turn(hours, "conflicted", "multi_actor", 2),
      turn(hours, "unknown", "conflicted", 2),
    ];
    expect(overview.turns).toEqual([
      ...suspicious(0),
      turn(1, null, "unknown", 1),
      turn(1, "unknown", "stable", 1),
      ...suspicious(2),
    ]);
    expect(overview.active).toEqual([
      { uuid: late, transitions: 6, last_ts: HOUR_TS + 7_200 + 180 },
      { uuid: early, transitions: 6, last_ts: HOUR_TS + 180 },
      { uuid: calm, transitions: 2, last_ts: HOUR_TS + 3_600 + 120 },
    ]);
    expect(overview.suspicions).toEqual(
      [late, early].map((uuid, i) => ({
        uuid,
        primitives: [MODALITY, CADENCE],
        primitive_count: 2,
        ts: HOUR_TS + (i === 0 ? 7_200 : 0) + 180,
      })),
    );
  });

  it("of an identity that is suspected again, only the last suspicion", async () => {
    const attackerUuid = crypto.randomUUID();
    const uuid = stubIdentityUuid(attackerUuid);
    const start = HOUR_TS + 20_000;
    const send = (primitive: string) =>
      deliver([{ events: series(attackerUuid, primitive, ["a", "b", "a", "b"], start) }]);
    await send(MODALITY);
    await send(CADENCE);
    // formed, three transitions each, the suspicion.
    await waitForSeq(uuid, 8);
    await send("motor.error_correction");
    await waitForSeq(uuid, 12);
    const own = (await read()).suspicions.filter((each) => each.uuid === uuid);
    expect(own).toEqual([
      {
        uuid,
        primitives: ["motor.error_correction", MODALITY, CADENCE],
        primitive_count: 3,
        ts: start + 180,
      },
    ]);
    expect((await read()).suspicions[0]).toEqual(own[0]);
  });

  it("lists eight at most", async () => {
    const uuids: string[] = [];
    for (let i = 0; i < 9; i += 1) {
      uuids.push(await play(HOUR_TS + 50_000, { [MODALITY]: Array<string>(i + 1).fill("a") }, i < 2 ? 2 : 3));
    }
    expect((await read()).active).toHaveLength(8);
  });

  it("an erasure leaves it readable, and nothing of the attacker or its values in it", async () => {
    const attackerUuid = crypto.randomUUID();
    const uuid = stubIdentityUuid(attackerUuid);
    const values = ["secret-1", "secret-2", "secret-1", "secret-2"];
    const of = (primitive: string) => series(attackerUuid, primitive, values, HOUR_TS + 90_000);
    await deliver([{ events: [...of(MODALITY), ...of(CADENCE)] }]);
    await waitForSeq(uuid, 8);
    expect((await call("DELETE", `attackers/${attackerUuid}`)).status).toBe(200);
    const response = await get("/api/v1/dashboard/overview");
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain("secret");
    expect(text).not.toContain(attackerUuid);
  });

  it("says the same before an update, after it, and of what came since", async () => {
    const before = await read();
    await update();
    expect({ ...(await read()), totals: null }).toEqual({ ...before, totals: null });
    const uuid = await play(HOUR_TS + 100_000, { [MODALITY]: ["a", "b", "a", "b"] }, 4);
    const since = await read();
    await update();
    const after = await read();
    expect({ ...after, totals: null }).toEqual({ ...since, totals: null });
    expect(since.event_count).toBe(before.event_count + 4);
    expect(since.turns.filter(({ hour_ts: hour }) => hour === HOUR_TS + 97_200)).toHaveLength(3);
    expect(after.active.every((each) => each.uuid !== uuid || each.transitions === 3)).toBe(true);
  });

  it("totals follow the events between two counts, and are those of the stats after one", async () => {
    await update();
    await play(HOUR_TS + 200_000, { [MODALITY]: ["a", "a", "a"] }, 3);
    const stats = async () => (await get("/api/v1/stats")).json<Record<string, unknown>>();
    const { states, events, observations } = await stats();
    expect((await read()).totals).toMatchObject({ states, events, observations });
    await update();
    const { attackers, identities, deferred } = await stats();
    expect((await read()).totals).toMatchObject({ states, events, attackers, identities, deferred });
  });

  it("an update where nothing came writes nothing; one where something came writes two rows", async () => {
    await update();
    const rows = () =>
      env.DB.prepare(
        "SELECT last_cursor, updated_ts, (SELECT count(*) FROM event_sums) AS blocks FROM overview",
      )
        .all()
        .then(({ results }) => results);
    const before = await rows();
    await update();
    expect(await rows()).toEqual(before);
    await play(HOUR_TS + 300_000, { [MODALITY]: ["a"] }, 2);
    await update();
    expect(await rows()).toMatchObject([{ blocks: before[0]?.["blocks"] }]);
    expect(await rows()).not.toEqual(before);
  });

  it("the cron of every minute starts the update", async () => {
    await play(HOUR_TS + 350_000, { [MODALITY]: ["a"] }, 2);
    const newest = () => env.DB.prepare("SELECT max(cursor) AS cursor FROM events").first("cursor");
    const summed = () => env.DB.prepare("SELECT last_cursor FROM overview").first("last_cursor");
    expect(await summed()).not.toBe(await newest());
    await handleScheduled("* * * * *", Date.now(), env);
    expect(await summed()).toBe(await newest());
  });

  it("two updates at once count each event once", async () => {
    await play(HOUR_TS + 400_000, { [MODALITY]: ["a", "b", "a", "b"] }, 4);
    const before = await read();
    await Promise.all([update(), updateOverviews([...shardsOf(env)], HOUR_TS)]);
    expect({ ...(await read()), totals: null }).toEqual({ ...before, totals: null });
  });

  it(`looks back over ${OVERVIEW_EVENTS} events, whatever is older, in few rows`, async () => {
    const row = (state: string) =>
      JSON.stringify({
        type: "profile.state_changed",
        payload: { old_state: null, new_state: state, ts: HOUR_TS + 999 * 3_600 },
      });
    // Straight into the projection: as many through the queue would take long.
    const insert = (uuid: string, count: number) =>
      env.DB.prepare(
        `INSERT INTO events (identity_uuid, seq, event) WITH RECURSIVE n (i) AS (
           SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2
         ) SELECT ?1, i, ?3 FROM n`,
      )
        .bind(uuid, count, row("stable"))
        .run();
    await insert("bulk", OVERVIEW_EVENTS + 700);
    await update();
    const overview = await read();
    expect(overview).toMatchObject({
      event_count: OVERVIEW_EVENTS,
      turns: [
        { hour_ts: HOUR_TS + 999 * 3_600, old_state: null, new_state: "stable", count: OVERVIEW_EVENTS },
      ],
      active: [{ uuid: "bulk", transitions: OVERVIEW_EVENTS, last_ts: HOUR_TS + 999 * 3_600 }],
      suspicions: [],
    });
    // What falls behind goes block by block.
    await insert("more", 700);
    await update();
    expect(await read()).toMatchObject({ event_count: OVERVIEW_EVENTS + 200 });
    const { blocks } = (await env.DB.prepare("SELECT count(*) AS blocks FROM event_sums").first()) ?? {};
    expect(blocks).toBe(11);
  });
});
