/** `GET /identities` and `GET /identities/{uuid}`: from D1, in order, page by page, filtered. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type State, STATES, stubIdentityUuid } from "../../../src/core/index.ts";
import { app } from "../../../src/http/index.ts";
import { FEW_IDENTITIES } from "../../../src/storage/identity-list.ts";
import { type IdentityFilter, listIdentities } from "../../../src/storage/index.ts";
import { profileColumns } from "../../../src/storage/profile.ts";
import { deliver } from "../../setup/deliver.ts";
import { get, type Page, readAll } from "../../setup/get.ts";
import { waitForSeq } from "../../setup/outbound.ts";
import { payload, series } from "../../setup/payload.ts";
import { profileOf } from "../../storage/projected-identities.ts";

interface Summary {
  readonly uuid: string;
  readonly attacker_count: number;
  readonly first_seen_at: number | null;
  readonly last_seen_at: number | null;
  readonly last_change_ts: number | null;
  readonly states: Record<State, number>;
  readonly multi_actor_suspected: string[] | null;
}

const LIST = "/api/v1/identities";
const START_TS = 1_714_000_000;

/** Ends in the state that the list says, with a number of events. */
const ENDINGS = {
  unknown: { values: ["a"], seq: 2 },
  stable: { values: ["a", "a", "a"], seq: 3 },
  conflicted: { values: ["a", "a", "b"], seq: 3 },
  drifting: { values: ["a", "a", "a", "a", "a", "b", "b", "b", "b", "b"], seq: 5 },
} as const;
type Ending = keyof typeof ENDINGS;

/** An identity with one attacker and these primitives; `at` moves its time. */
async function make(endings: Record<string, Ending>, at = 0): Promise<string> {
  const attackerUuid = crypto.randomUUID();
  const events = Object.entries(endings).flatMap(([primitive, ending]) =>
    series(attackerUuid, primitive, ENDINGS[ending].values, START_TS + at),
  );
  await deliver([{ events }]);
  const seq = Object.values(endings).reduce((sum, ending) => sum + ENDINGS[ending].seq - 1, 1);
  await waitForSeq(stubIdentityUuid(attackerUuid), seq);
  return stubIdentityUuid(attackerUuid);
}

function put(attackerUuid: string, body: object): Promise<Response> {
  return exports.default.fetch(`https://x/api/v1/attackers/${attackerUuid}`, {
    method: "PUT",
    headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A cursor as somebody else would make it. */
function cursor(...parts: string[]): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(parts.join("\0")))).replace(/=+$/, "");
}

/** What of a list is about these identities, in the list's order. */
function among(summaries: readonly Summary[], uuids: readonly string[]): string[] {
  return summaries.map(({ uuid }) => uuid).filter((uuid) => uuids.includes(uuid));
}

/** Rows of D1 that a page of the list reads. */
const rowsRead = async (limit: number, filter: IdentityFilter = { state: null, primitive: null }) => {
  let total = 0;
  const counting = new Proxy(env.DB, {
    get: (db, name) =>
      name === "prepare"
        ? (sql: string) => {
            const bind = (...values: unknown[]) => ({
              all: async () => {
                const result = await db
                  .prepare(sql)
                  .bind(...values)
                  .all();
                total += result.meta.rows_read;
                return result;
              },
            });
            return { bind };
          }
        : Reflect.get(db, name),
  });
  await listIdentities([counting], filter, null, limit);
  return total;
};

const find = async (uuid: string) => (await get(`${LIST}/${uuid}`)).json<Summary & Record<string, unknown>>();

describe("[§7] GET /identities", () => {
  let made: string[] = [];
  const silent: string[] = [];

  beforeAll(async () => {
    // In no order, and two at one time.
    const times = [400, 100, 500, 300, 300, 200];
    const endings: Record<string, Ending>[] = [
      { "motor.input_modality": "stable", "motor.keystroke_cadence": "drifting" },
      { "motor.input_modality": "drifting" },
      { "motor.input_modality": "unknown" },
      { "motor.input_modality": "stable" },
      { "motor.keystroke_cadence": "stable" },
      { "motor.input_modality": "conflicted", "motor.keystroke_cadence": "conflicted" },
    ];
    made = await Promise.all(endings.map((ending, i) => make(ending, 10_000 * (times[i] ?? 0))));
    // Registered, and never heard of again: nothing to tell when it changed.
    for (const attackerUuid of [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]) {
      await put(attackerUuid, {});
      silent.push(stubIdentityUuid(attackerUuid));
    }
  });

  it("[§7] most recently changed first, those without a change last", async () => {
    const { data } = await readAll<Summary>(`${LIST}?limit=1000`);
    const expected = [2, 0, ...[3, 4].toSorted((a, b) => ((made[a] ?? "") > (made[b] ?? "") ? -1 : 1)), 5, 1];
    expect(among(data, made)).toEqual(expected.map((i) => made[i]));
    expect(among(data.slice(-silent.length), silent)).toHaveLength(silent.length);
    const times = data.map((summary) => summary.last_change_ts ?? -1);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it.each([1, 2, 3, 7])("[§7] pages of %d give the same entries, each once", async (limit) => {
    const whole = await readAll<Summary>(`${LIST}?limit=1000`);
    const { data, lengths } = await readAll<Summary>(`${LIST}?limit=${limit}`);
    expect(data).toEqual(whole.data);
    expect(lengths.slice(0, -1).every((length) => length === limit)).toBe(true);
  });

  it.each<[string, number[]]>([
    ["state=stable", [0, 3, 4]],
    ["state=drifting", [0, 1]],
    ["state=multi_actor", []],
    ["primitive=motor.keystroke_cadence", [0, 4, 5]],
    ["primitive=motor.keystroke_cadence&state=stable", [4]],
    ["primitive=motor.input_modality&state=stable", [0, 3]],
    ["primitive=motor.input_modality&state=unknown", [2]],
    ["primitive=no.such_primitive", []],
  ])("[§7] filtered by %s, also page by page", async (query, expected) => {
    const [{ data }, paged] = await Promise.all([
      readAll<Summary>(`${LIST}?${query}`),
      readAll<Summary>(`${LIST}?${query}&limit=1`),
    ]);
    expect(new Set(among(data, made))).toEqual(new Set(expected.map((i) => made[i])));
    expect(among(data, silent)).toEqual([]);
    expect(paged.data).toEqual(data);
  });

  it("[§7] an entry that changed meanwhile does not come twice, and the others are all there", async () => {
    const first = await (await get(`${LIST}?limit=3`)).json<Page<Summary>>();
    const late = await make({ "motor.input_modality": "stable" }, 9_000_000);
    const rest = await readAll<Summary>(`${LIST}?limit=3`, first.next_cursor);
    const uuids = [...first.data, ...rest.data].map(({ uuid }) => uuid);
    expect(new Set(uuids).size).toBe(uuids.length);
    expect(made.filter((uuid) => !uuids.includes(uuid))).toEqual([]);
    expect(uuids).not.toContain(late);
  });

  it("[§7] wakes no object", async () => {
    const { data } = await readAll<Summary>(`${LIST}?limit=1000`);
    expect(data.length).toBeGreaterThan(silent.length);
    const closed = { ...env, IDENTITIES: undefined } as unknown as Env;
    const init = { headers: { authorization: "Bearer read-token" } };
    for (const path of [
      LIST,
      ...["observations", "transitions"].map((name) => `${LIST}/${made[0]}/${name}`),
    ]) {
      expect((await app.fetch(new Request(`https://x${path}`, init), closed)).status).toBe(200);
    }
  });

  it("[§7] reads rows in proportion to the page, not to the list", async () => {
    await Promise.all(Array.from({ length: 20 }, () => make({ "a.b": "stable" })));
    expect(await rowsRead(2)).toBeLessThanOrEqual(2 * 20);
    expect(await rowsRead(2)).toBeLessThan(await rowsRead(8));
  });

  it.each([
    ["few", 40, 75, 600],
    ["more than few", FEW_IDENTITIES + 40, 3, 12_000],
  ])(
    "[§7] filtered where %s fit: the same order, page by page, and not much is read",
    async (_, fitting, each, most) => {
      // Straight into the projection: as many through the queue would take long. Several change at one time.
      const primitive = `bulk.p${fitting}`;
      const startTs = START_TS + 10_000 * fitting + 20_000_000;
      await env.DB.batch([
        env.DB.prepare(
          `INSERT INTO identities (uuid, last_change_ts) WITH RECURSIVE n (i) AS (
           SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1
         ) SELECT lower(hex(randomblob(16))), ?2 + i / (2 * ?3) FROM n`,
        ).bind(each * fitting - 1, startTs, each),
        env.DB.prepare(
          `INSERT INTO attributions (identity_uuid, primitive, state, seq)
         SELECT uuid, ?1, 'multi_actor', 1 FROM (
           SELECT uuid, row_number() OVER (ORDER BY last_change_ts, uuid) AS i FROM identities WHERE last_change_ts >= ?2
         ) WHERE i % ?3 = 0`,
        ).bind(primitive, startTs, each),
        env.DB.prepare(
          `UPDATE identities SET profile = ?1
         WHERE uuid IN (SELECT identity_uuid FROM attributions WHERE state = 'multi_actor' AND primitive = ?2)`,
        ).bind(profileColumns(profileOf({ [primitive]: "multi_actor" }, 1)).profile, primitive),
      ]);
      const { results } = await env.DB.prepare(
        `SELECT uuid FROM identities WHERE uuid IN (SELECT identity_uuid FROM attributions WHERE primitive = ?1)
       ORDER BY last_change_ts DESC, uuid DESC`,
      )
        .bind(primitive)
        .all<{ uuid: string }>();
      expect(results.length).toBe(fitting);
      for (const query of [`primitive=${primitive}`, `primitive=${primitive}&state=multi_actor`]) {
        const { data } = await readAll<Summary>(`${LIST}?${query}&limit=${fitting > 1_000 ? 700 : 7}`);
        expect(data.map(({ uuid }) => uuid)).toEqual(results.map(({ uuid }) => uuid));
      }
      expect(await rowsRead(50, { state: "multi_actor", primitive })).toBeLessThan(most);
      await env.DB.batch([
        env.DB.prepare("DELETE FROM identities WHERE last_change_ts >= ?1").bind(startTs),
        env.DB.prepare("DELETE FROM attributions WHERE primitive = ?1").bind(primitive),
      ]);
    },
  );

  it.each([
    ["state=sideways", "state"],
    ["state=", "state"],
    ["primitive=one", "primitive"],
    ["primitive=Motor.x", "primitive"],
    [`primitive=a.${"b".repeat(200)}`, "primitive"],
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["limit=-1", "limit"],
    ["limit=1.5", "limit"],
    ["limit=", "limit"],
    ["limit=0x10", "limit"],
    ["limit=5&limit=6", "limit"],
    ["cursor=", "cursor"],
    ["cursor=nonsense", "cursor"],
    ["cursor=W10", "cursor"],
    [`cursor=${cursor("identities", "x", "y")}`, "cursor"],
    [`cursor=${cursor("identities", "1")}`, "cursor"],
    [`cursor=${cursor("identities", "1", "y", "z")}`, "cursor"],
    [`cursor=${cursor("transitions", "y", "1")}`, "cursor"],
    [`cursor=${cursor("others", "1", "y")}`, "cursor"],
    [`cursor=${cursor("identities", "Infinity", "y")}`, "cursor"],
    [`cursor=${cursor("identities", "1e+999", "y")}`, "cursor"],
    [`cursor=${"A".repeat(1_000)}`, "cursor"],
    ["cursor=W10%00", "cursor"],
  ])("[§7] %s is refused by name", async (query, field) => {
    const response = await get(`${LIST}?${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ field }] });
  });
});

describe("[§7] GET /identities/{uuid}", () => {
  it("[§7] the entry of the list, and what only it says", async () => {
    const identityUuid = crypto.randomUUID();
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()].toSorted();
    await put(String(first), { identity_uuid: identityUuid, ip: "192.0.2.1", first_seen: START_TS - 50 });
    await put(String(second), { identity_uuid: identityUuid });
    await deliver([
      payload({ attacker_uuid: first, ts: START_TS }),
      payload({ attacker_uuid: second, ts: START_TS + 9_000 }),
      payload({ attacker_uuid: second, primitive: "motor.keystroke_cadence", ts: START_TS + 9_001 }),
    ]);
    await waitForSeq(identityUuid, 3);
    const answered = await find(identityUuid.replaceAll("-", "").toUpperCase());
    expect(answered).toEqual({
      uuid: identityUuid,
      attacker_count: 2,
      first_seen_at: START_TS - 50,
      last_seen_at: START_TS + 9_001,
      last_change_ts: START_TS + 9_001,
      states: { unknown: 2, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 },
      multi_actor_suspected: null,
      evidence: { e: 2 / 32, changed_ts: null, operators: 1 },
      attackers: [
        { uuid: first, ip: "192.0.2.1", first_seen: START_TS - 50, last_seen: START_TS },
        { uuid: second, ip: null, first_seen: START_TS + 9_000, last_seen: START_TS + 9_001 },
      ],
      merged_from: [],
      observation_count: 3,
    });
    const { data } = await readAll<Summary>(`${LIST}?limit=1000`);
    expect(answered).toMatchObject(data.find(({ uuid }) => uuid === identityUuid) ?? {});
    expect(Object.keys(answered.states)).toEqual([...STATES]);
  });

  it("[§7] a suspicion is named, in the list too", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const primitives = ["motor.input_modality", "motor.keystroke_cadence"];
    await deliver([
      { events: primitives.flatMap((primitive) => series(attackerUuid, primitive, ["a", "b", "a", "b"])) },
    ]);
    // formed, twice unknown, conflicted, multi_actor, and the suspicion.
    await waitForSeq(identityUuid, 8);
    expect(await find(identityUuid)).toMatchObject({
      multi_actor_suspected: primitives,
      states: { multi_actor: 2 },
    });
    const { data } = await readAll<Summary>(`${LIST}?state=multi_actor`);
    expect(data.find(({ uuid }) => uuid === identityUuid)?.multi_actor_suspected).toEqual(primitives);
  });

  it("[§7] registered and never heard of: zeros and nulls, and its object is left as it was", async () => {
    const attackerUuid = crypto.randomUUID();
    await put(attackerUuid, {});
    expect(await find(stubIdentityUuid(attackerUuid))).toMatchObject({
      attacker_count: 1,
      first_seen_at: null,
      last_change_ts: null,
      observation_count: 0,
    });
  });

  it("[§7] what is not known is 404, and asking leaves nothing behind", async () => {
    const unknown = crypto.randomUUID();
    const response = await get(`${LIST}/${unknown}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
    const tables = await runInDurableObject(env.IDENTITIES.getByName(unknown), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await get(`${LIST}/not-a-uuid`)).status).toBe(422);
  });
});
