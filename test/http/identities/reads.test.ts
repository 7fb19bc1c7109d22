/** Stored observations and published events, as the API answers them. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { compareUtf8, stubIdentityUuid } from "../../../src/core/index.ts";
import { mergeIdentities, readSeries } from "../../../src/storage/index.ts";
import { deliver } from "../../setup/deliver.ts";
import { get, type Page, readAll } from "../../setup/get.ts";
import { waitForSeq } from "../../setup/outbound.ts";
import { payload, series } from "../../setup/payload.ts";
import { countingDatabase } from "../../storage/counting-database.ts";

const DEFER: Env = { ...env, UNKNOWN_ATTACKER: "defer" as never };
const START_TS = 1_714_000_000;

interface Answered {
  readonly id: string;
  readonly attacker_uuid: string;
  readonly primitive: string;
  readonly value: unknown;
  readonly evidence_ref: string;
  readonly ts: number;
}

function link(attackerUuid: string, identityUuid: string): Promise<Response> {
  return exports.default.fetch(`https://x/api/v1/attackers/${attackerUuid}`, {
    method: "PUT",
    headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
    body: JSON.stringify({ identity_uuid: identityUuid }),
  });
}

/** Says that an identity was merged into another, as D1 keeps it. */
async function mergeAway(loserUuid: string, winnerUuid: string): Promise<void> {
  const merged = await mergeIdentities(env.DB, winnerUuid, loserUuid, Date.now() / 1_000);
  expect(merged.outcome).toBe("merged");
}

const latest = (attackerUuid: string) => `/api/v1/attackers/${attackerUuid}/observations`;
const seriesPath = (identityUuid: string) => `/api/v1/identities/${identityUuid}/observations`;
const historyPath = (identityUuid: string) => `/api/v1/identities/${identityUuid}/transitions`;

/** Two attackers of one identity with observations that coincide in every part of the order. */
async function entangled(): Promise<{ identityUuid: string; expected: Answered[] }> {
  const identityUuid = crypto.randomUUID();
  const attackerUuids = [crypto.randomUUID(), crypto.randomUUID()];
  for (const attackerUuid of attackerUuids) await link(attackerUuid, identityUuid);
  const events = attackerUuids.flatMap((attacker_uuid) =>
    [0, 1].flatMap((ts) =>
      // U+FF5E sorts before U+1F600 by bytes, and after it by UTF-16 code units.
      ["b", "a", "\u{1F600}", "～", "\u0001".repeat(511)].flatMap((evidence_ref) =>
        ["motor.input_modality", "a.b"].map((primitive) =>
          payload({
            attacker_uuid,
            primitive,
            ts: START_TS + ts + 0.5,
            evidence_ref: ts === 1 ? `${evidence_ref}'` : evidence_ref,
          }),
        ),
      ),
    ),
  );
  await deliver([{ events }]);
  const expected = (events as unknown as Answered[]).toSorted(
    (a, b) =>
      a.ts - b.ts ||
      compareUtf8(a.evidence_ref, b.evidence_ref) ||
      compareUtf8(a.attacker_uuid, b.attacker_uuid) ||
      compareUtf8(a.primitive, b.primitive),
  );
  return { identityUuid, expected };
}

describe("[§7] GET /attackers/{uuid}/observations", () => {
  it("[§7] the latest observation per primitive, as it came in", async () => {
    const attackerUuid = crypto.randomUUID();
    const at = (primitive: string, ts: number, overrides: object = {}) =>
      payload({ attacker_uuid: attackerUuid, primitive, ts: START_TS + ts, ...overrides });
    const expected = [
      at("cognitive.depth", 7, { value: { b: [1, "é"], a: false }, identity_ref: crypto.randomUUID() }),
      at("motor.input_modality", 9, { evidence_ref: "z" }),
      at("toolchain.payload.sha256", 3, { value: "ff" }),
    ];
    const earlier = [
      at("cognitive.depth", 6),
      // The same time: the greater evidence_ref comes later in the series.
      at("motor.input_modality", 9, { evidence_ref: "a", value: "pasted" }),
      at("motor.input_modality", 1),
    ];
    await deliver([...expected, ...earlier].toReversed());
    expect(await (await get(latest(attackerUuid))).json()).toEqual({
      data: expected.map((event) => ({ identity_ref: null, ...event })),
      next_cursor: null,
    });
    const { data, lengths } = await readAll<Answered>(`${latest(attackerUuid)}?limit=1`);
    expect(data.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(lengths).toEqual([1, 1, 1]);
  });

  it("[§7] a value goes out as it was stored, whatever its keys", async () => {
    const attackerUuid = crypto.randomUUID();
    const value = '{"__proto__":{"a":1},"constructor":[null,{"toString":1e-7}]}';
    const primitive = "cognitive.depth";
    const event = JSON.stringify(payload({ attacker_uuid: attackerUuid, primitive, value: "*" }));
    await deliver([event.replace('"*"', value)]);
    expect(await (await get(latest(attackerUuid))).text()).toContain(`"value":${value}`);
    const attribution = await get(`/api/v1/attackers/${attackerUuid}/attribution`);
    expect(await attribution.text()).toContain(`"current_value":${value}`);
  });

  it("[§6] of an attacker that waits to be registered, too", async () => {
    const attackerUuid = crypto.randomUUID();
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "b"]), { env: DEFER });
    const page = await (await get(latest(attackerUuid))).json<Page<Answered>>();
    expect(page.data).toMatchObject([{ value: "b" }]);
  });

  it("[§7] none of one that is registered only; 404 of one that is not known", async () => {
    const attackerUuid = crypto.randomUUID();
    await link(attackerUuid, crypto.randomUUID());
    expect(await (await get(latest(attackerUuid))).json()).toEqual({ data: [], next_cursor: null });
    const unknown = await get(latest(crypto.randomUUID()));
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({ code: "not_found" }),
    ]);
  });
});

describe("[§7] GET /identities/{uuid}/observations", () => {
  it("[§3] every observation of every attacker, in the order of the series, whatever the page", async () => {
    const { identityUuid, expected } = await entangled();
    const ids = expected.map(({ id }) => id);
    for (const limit of [1, 7, 39, 40, 1_000]) {
      const { data, lengths } = await readAll<Answered>(`${seriesPath(identityUuid)}?limit=${limit}`);
      expect(data.map(({ id }) => id)).toEqual(ids);
      expect(lengths).toHaveLength(Math.ceil(ids.length / limit));
    }
  });

  it("[§7] of one primitive, from and to a time, both included", async () => {
    const { identityUuid, expected } = await entangled();
    const read = async (query: string) =>
      (await readAll<Answered>(`${seriesPath(identityUuid)}?limit=3&${query}`)).data.map(({ id }) => id);
    const of = (keep: (event: Answered) => boolean) => expected.filter(keep).map(({ id }) => id);
    expect(await read("primitive=a.b")).toEqual(of(({ primitive }) => primitive === "a.b"));
    const middle = START_TS + 1.5;
    expect(await read(`from=${middle}`)).toEqual(of(({ ts }) => ts >= middle));
    expect(await read(`to=${START_TS + 0.5}`)).toEqual(of(({ ts }) => ts < middle));
    expect(await read(`from=${START_TS + 0.5}&to=${middle}`)).toEqual(of(() => true));
    expect(await read(`from=${middle + 0.001}`)).toEqual([]);
    expect(await read(`to=0`)).toEqual([]);
    expect(await read(`primitive=a.b&from=${middle}&to=${middle}`)).toEqual(
      of(({ primitive, ts }) => primitive === "a.b" && ts === middle),
    );
  });

  it("[§6] a merged-away identity answers the one its attackers went to, over several merges", async () => {
    const attackerUuid = crypto.randomUUID();
    const [first, second, third] = [stubIdentityUuid(attackerUuid), crypto.randomUUID(), crypto.randomUUID()];
    await link(crypto.randomUUID(), second);
    await link(crypto.randomUUID(), third);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "b"]));
    await mergeAway(first, second);
    await mergeAway(second, third);
    for (const uuid of [first, second, third]) {
      const { data } = await readAll<Answered>(seriesPath(uuid));
      expect(data.map(({ value }) => value)).toEqual(["a", "b"]);
      expect(await (await get(`/api/v1/identities/${uuid}`)).json()).toMatchObject({
        uuid: third,
        attacker_count: 3,
        merged_from: [first, second].toSorted(),
      });
    }
    const { data } = await readAll<{ uuid: string }>("/api/v1/identities?limit=1000");
    const listed = new Set(data.map(({ uuid }) => uuid));
    expect([first, second, third].map((uuid) => listed.has(uuid))).toEqual([false, false, true]);
  });

  it("[§7] a page reads the rows of its own identity, and nothing of any other", async () => {
    const [attackerUuid, other] = [crypto.randomUUID(), crypto.randomUUID()];
    await deliver([
      {
        events: series(
          attackerUuid,
          "a.b",
          Array.from({ length: 200 }, () => "x"),
        ),
      },
      {
        events: series(
          attackerUuid,
          "a.c",
          Array.from({ length: 500 }, () => "x"),
        ),
      },
      {
        events: series(
          other,
          "a.b",
          Array.from({ length: 500 }, () => "x"),
        ),
      },
    ]);
    const { db, take } = countingDatabase(env.DB);
    const filter = { primitive: "a.b", fromTs: null, toTs: null };
    const page = await readSeries(db, stubIdentityUuid(attackerUuid), filter, null, 10);
    expect(page).toHaveLength(10);
    // A pass over the rows of the attacker, here one for each pointer, and those that overlap in the time of the page.
    expect(take()).toBeLessThan(3 * 700);
  });

  it("[§7] what is not known is 404, what is wrong is 422", async () => {
    expect((await get(seriesPath(crypto.randomUUID()))).status).toBe(404);
    const identityUuid = crypto.randomUUID();
    await link(crypto.randomUUID(), identityUuid);
    expect(await (await get(seriesPath(identityUuid))).json()).toEqual({ data: [], next_cursor: null });
    for (const [query, field] of [
      ["from=-1", "from"],
      ["to=NaN", "to"],
      ["to=Infinity", "to"],
      ["from=1714000000000", "from"],
      ["from=2&to=1", "from"],
      ["from=", "from"],
      ["primitive=x", "primitive"],
      ["limit=1001", "limit"],
      ["cursor=eA", "cursor"],
    ]) {
      const response = await get(`${seriesPath(identityUuid)}?${query}`);
      expect([query, response.status]).toEqual([query, 422]);
      expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ field }] });
    }
  });
});

describe("[§7] GET /identities/{uuid}/transitions", () => {
  it("[§7] by seq, page by page, as they were published", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a", "b", "c", "c", "c", "c"]));
    const published = await waitForSeq(identityUuid, 5);
    for (const limit of [1, 2, 5, 50]) {
      const { data, lengths } = await readAll(`${historyPath(identityUuid)}?limit=${limit}`);
      expect(data).toEqual(published);
      expect(lengths).toHaveLength(Math.ceil(published.length / limit));
    }
  });

  it("[§6] a merged-away identity answers its winner's history; its own is still there to be asked for", async () => {
    const [loser, winner] = [crypto.randomUUID(), crypto.randomUUID()];
    const [loserUuid, winnerUuid] = [stubIdentityUuid(loser), stubIdentityUuid(winner)];
    await deliver(series(loser, "motor.input_modality", ["a", "a", "a"]));
    await deliver(series(winner, "motor.input_modality", ["a"]));
    await Promise.all([waitForSeq(loserUuid, 3), waitForSeq(winnerUuid, 2)]);
    const begun = await (await get(`${historyPath(loserUuid)}?limit=1`)).json<Page<{ seq: number }>>();
    await mergeAway(loserUuid, winnerUuid);

    const followed = await readAll<{ type: string; payload: { identity_uuid: string } }>(
      historyPath(loserUuid),
    );
    expect(followed.data.map(({ payload: { identity_uuid } }) => identity_uuid)).toEqual([
      winnerUuid,
      winnerUuid,
    ]);
    const own = await readAll<{ type: string }>(`${historyPath(loserUuid)}?own=true&limit=2`);
    expect(own.data.map(({ type }) => type)).toEqual([
      "formed",
      "profile.state_changed",
      "profile.state_changed",
    ]);
    const stale = await get(`${historyPath(loserUuid)}?cursor=${begun.next_cursor}`);
    expect(stale.status).toBe(422);
    expect(await stale.json()).toMatchObject({ errors: [{ field: "cursor" }] });
    expect((await get(`${historyPath(loserUuid)}?own=maybe`)).status).toBe(422);
  });
});
