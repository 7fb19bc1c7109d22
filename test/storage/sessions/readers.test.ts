import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { compareUtf8, type Observation } from "../../../src/core/index.ts";
import {
  type ObservationPage,
  readAttackersPage,
  readBackfillPage,
  readIdentityPage,
  readLatestObservations,
  readSeries,
  type SessionCursor,
} from "../../../src/storage/index.ts";
import { makeObservation, store } from "../../setup/observations.ts";
import { countingDatabase } from "../counting-database.ts";

const SESSION_SIZE = 5;

/** Sessions of several attackers of one identity, whose times overlap. */
async function fill(attackers: number, sessions: number): Promise<{ uuids: string[]; all: Observation[] }> {
  const uuids = Array.from({ length: attackers }, () => crypto.randomUUID()).toSorted(compareUtf8);
  const all = uuids.flatMap((attackerUuid, a) =>
    Array.from({ length: sessions }, (_, s) =>
      Array.from({ length: SESSION_SIZE }, (_unused, i) =>
        makeObservation({
          attackerUuid,
          primitive: `test.primitive_${i}`,
          value: String(i),
          ts: 1_000 + ((a + s * 7) % 50) + i * 10,
          evidenceRef: `cowrie:sensor/${attackerUuid}-${s}#${i % 3}`,
        }),
      ),
    ).flat(),
  );
  await store(all);
  return { uuids, all };
}

async function pages(
  read: (after: SessionCursor | null) => Promise<ObservationPage>,
): Promise<ObservationPage[]> {
  const all: ObservationPage[] = [];
  let after: SessionCursor | null = null;
  do {
    const page = await read(after);
    all.push(page);
    after = page.next;
  } while (after !== null);
  return all;
}

const idsOf = (observations: readonly { id: string }[]) => observations.map(({ id }) => id).toSorted();

function inSeriesOrder(observations: readonly Observation[]): string[] {
  return observations
    .toSorted(
      (a, b) =>
        a.ts - b.ts ||
        compareUtf8(a.evidenceRef, b.evidenceRef) ||
        compareUtf8(a.attackerUuid, b.attackerUuid) ||
        compareUtf8(a.primitive, b.primitive),
    )
    .map(({ id }) => id);
}

describe("pages of session rows", () => {
  it.each([1, 3, 5, 17, 1_000])("hold every observation once, %d at a time", async (limit) => {
    const { uuids, all } = await fill(4, 6);
    const read = await pages((after) => readAttackersPage(env.DB, uuids, after, limit));
    expect(idsOf(read.flatMap(({ observations }) => observations))).toEqual(idsOf(all));
    const rows = Math.ceil(limit / SESSION_SIZE);
    for (const page of read.slice(0, -1)) expect(page.sessions).toHaveLength(rows);
  });

  it("hold those of an identity's attackers, in the order of their UUIDs whatever their numbers are", async () => {
    const { uuids } = await fill(3, 4);
    const winner = crypto.randomUUID();
    await env.DB.prepare(
      "UPDATE attackers SET identity_uuid = ?1 WHERE uuid IN (SELECT value FROM json_each(?2))",
    )
      .bind(winner, JSON.stringify(uuids))
      .run();
    const read = await pages((after) => readIdentityPage(env.DB, winner, after, 7));
    const order = read.flatMap(({ observations }) => observations.map(({ attackerUuid }) => attackerUuid));
    expect(order).toEqual(order.toSorted(compareUtf8));
    expect(order).toHaveLength(3 * 4 * SESSION_SIZE);
  });

  it("go on behind an attacker that is not there any more", async () => {
    const { uuids, all } = await fill(3, 2);
    const [first = ""] = uuids;
    const after = { attackerUuid: first, place: 4_294_967_295 };
    const rest = all.filter(({ attackerUuid }) => attackerUuid !== first);
    await env.DB.prepare("DELETE FROM attackers WHERE uuid = ?1").bind(first).run();
    const page = await readAttackersPage(env.DB, uuids, after, 1_000);
    expect(idsOf(page.observations)).toEqual(idsOf(rest));
    expect(page.next).toBeNull();
  });

  it("read no more rows than they hold, and one per attacker", async () => {
    const { uuids } = await fill(5, 40);
    const { db, take } = countingDatabase(env.DB);
    await readAttackersPage(db, uuids, null, 10);
    // The rows of two sessions and of five attackers, each a few times; 200 rows are stored.
    expect(take()).toBeLessThan(100);
  });
});

describe("a series", () => {
  it.each([
    [null, 1_000],
    [null, 7],
    [null, 1],
    ["test.primitive_2", 9],
    ["test.primitive_none", 9],
  ])("of primitive %s is read in order, %d at a time", async (primitive, limit) => {
    const { all } = await fill(1, 30);
    const identity = await identityOf(all);
    const wanted = all.filter((each) => primitive === null || each.primitive === primitive);
    const filter = { primitive, fromTs: null, toTs: null };
    const read: Observation[] = [];
    for (;;) {
      const page = (await readSeries(env.DB, identity, filter, read.at(-1) ?? null, limit)) ?? [];
      read.push(...page);
      if (page.length < limit) break;
    }
    expect(read.map(({ id }) => id)).toEqual(inSeriesOrder(wanted));
  });

  it("is cut to a time, bounds included", async () => {
    const { all } = await fill(1, 30);
    const filter = { primitive: null, fromTs: 1_010, toTs: 1_030 };
    const read = await readSeries(env.DB, await identityOf(all), filter, null, 1_000);
    expect(read?.map(({ id }) => id)).toEqual(
      inSeriesOrder(all.filter(({ ts }) => ts >= 1_010 && ts <= 1_030)),
    );
  });

  it("of an identity that is not known is null, of one without observations empty", async () => {
    const filter = { primitive: null, fromTs: null, toTs: null };
    expect(await readSeries(env.DB, crypto.randomUUID(), filter, null, 10)).toBeNull();
  });
});

it("a backfill is read in the order of arrival", async () => {
  const { uuids, all } = await fill(1, 25);
  const [uuid = ""] = uuids;
  const read: { id: string; ts: number; evidenceRef: string; primitive: string }[] = [];
  for (;;) {
    const page = await readBackfillPage(env.DB, uuid, read.at(-1) ?? null, 11);
    if (page.length === 0) break;
    read.push(...page);
  }
  expect(read.map(({ id }) => id)).toEqual(inSeriesOrder(all));
});

it("the latest observation of each primitive is the one with the greatest ts, then pointer", async () => {
  const attackerUuid = crypto.randomUUID();
  const given = [
    { primitive: "b", ts: 5, evidenceRef: "x" },
    { primitive: "b", ts: 5, evidenceRef: "y" },
    { primitive: "a", ts: 9, evidenceRef: "x" },
    { primitive: "a", ts: 8, evidenceRef: "z" },
    { primitive: "c", ts: 1, evidenceRef: "x" },
  ].map((each) => makeObservation({ attackerUuid, ...each }));
  await store(given);
  const latest = await readLatestObservations(env.DB, attackerUuid, "", 2);
  expect(latest.map(({ id }) => id)).toEqual([given[2]?.id, given[1]?.id]);
  const rest = await readLatestObservations(env.DB, attackerUuid, "b", 2);
  expect(rest.map(({ id }) => id)).toEqual([given[4]?.id]);
});

async function identityOf(observations: readonly Observation[]): Promise<string> {
  const row = await env.DB.prepare("SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1")
    .bind(observations[0]?.attackerUuid)
    .first<{ uuid: string }>();
  return row?.uuid ?? "";
}
