/** The list of identities where there are many: the same entries as by trying each, and how many rows are read for them. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type State, STATES } from "../../src/core/index.ts";
import {
  findIdentity,
  type IdentityFilter,
  type IdentitySummary,
  listGlances,
  listIdentities,
} from "../../src/storage/index.ts";
import { countingDatabase } from "./counting-database.ts";
import { addIdentities, type ProjectedIdentity } from "./projected-identities.ts";

const IDENTITIES = 5_000;
const { db, take } = countingDatabase(env.DB);

/** Five primitives each, all in common states but: a state that 20 are in, a primitive that 25 have, a wide profile in 5. */
const identities = Array.from({ length: IDENTITIES }, (_, i): ProjectedIdentity => {
  const often: State = i % 2 === 0 ? "stable" : "unknown";
  return {
    uuid: `feedfeed-0000-4000-8000-${String((i * 7_919) % IDENTITIES).padStart(12, "0")}`,
    // Two at one time.
    lastChangeTs: 1_700_000_000 + Math.floor(i / 2),
    states: {
      "motor.first": often,
      // Its first quarter, the longest unchanged, has another state than all others.
      "motor.second": i < IDENTITIES / 4 ? "drifting" : "stable",
      "motor.third": i % 250 === 3 ? "conflicted" : often,
      "motor.fourth": i % 250 === 4 ? "multi_actor" : often,
      [i % 200 === 7 ? "motor.rare" : "motor.fifth"]: often,
    },
    ...(i % 1_000 === 4 ? { valueCharacters: 60_000 } : {}),
  };
});
const merged = { ...identities[4], uuid: "gone", mergedIntoUuid: identities[0]?.uuid ?? "" };

beforeAll(() => addIdentities(env.DB, [...identities, merged as ProjectedIdentity]));

function expected({ state, primitive }: IdentityFilter): string[] {
  return identities
    .filter(({ states }) =>
      Object.entries(states).some(([name, each]) => (primitive ?? name) === name && (state ?? each) === each),
    )
    .toSorted((a, b) => b.lastChangeTs - a.lastChangeTs || (a.uuid < b.uuid ? 1 : -1))
    .map(({ uuid }) => uuid);
}

async function readAll(filter: IdentityFilter, limit: number): Promise<IdentitySummary[]> {
  const all: IdentitySummary[] = [];
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    const page = await listIdentities([env.DB], filter, all.at(-1) ?? null, limit);
    all.push(...page);
    if (page.length < limit) return all;
  }
}

/** Rows of D1 that a page of 50 may read at most, the first one or one from the middle. */
const FILTERS: readonly [string, IdentityFilter, most: number][] = [
  ["a rare state", { state: "multi_actor", primitive: null }, 250],
  ["a common state", { state: "stable", primitive: null }, 4_800],
  ["a state of many that have not changed for long", { state: "drifting", primitive: null }, 7_000],
  ["a rare primitive", { state: null, primitive: "motor.rare" }, 250],
  ["a common primitive", { state: null, primitive: "motor.first" }, 4_800],
  ["a common primitive in a rare state", { state: "conflicted", primitive: "motor.third" }, 250],
  ["a common primitive in a common state", { state: "stable", primitive: "motor.second" }, 4_800],
  ["nothing", { state: "multi_actor", primitive: "motor.rare" }, 10],
  ["none", { state: null, primitive: null }, 250],
];

describe("[§7] the list of 5,000 identities, filtered by", () => {
  it.each(FILTERS)("%s: the same entries in the same order, page by page", async (_, filter) => {
    const all = await readAll(filter, 1_000);
    expect(all.map(({ uuid }) => uuid)).toEqual(expected(filter));
    const first = all.slice(0, 120);
    const pages: IdentitySummary[] = [];
    for (const after of [null, 49, 99]) {
      // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
      pages.push(
        ...(await listIdentities([env.DB], filter, after === null ? null : (all[after] ?? null), 50)),
      );
      if (all.length <= 50) break;
    }
    expect(pages.slice(0, 120)).toEqual(first);
  });

  it.each(FILTERS)("%s: a page reads a bounded number of rows", async (_, filter, most) => {
    const all = expected(filter);
    const uuid = all[Math.floor(all.length / 2)] ?? "";
    const lastChangeTs = identities.find((each) => each.uuid === uuid)?.lastChangeTs ?? 0;
    take();
    await listIdentities([db], filter, null, 50);
    expect(take()).toBeLessThanOrEqual(most);
    await listIdentities([db], filter, { lastChangeTs, uuid }, 50);
    expect(take()).toBeLessThanOrEqual(most);
    // A wide profile costs a row for each primitive.
    await listGlances([db], filter, null, 50);
    expect(take()).toBeLessThanOrEqual(most + 100);
  });

  it("counts of states are those of the profile, wide or not, and so is what is not stable", async () => {
    const filter = { state: "multi_actor", primitive: null } as const;
    const [summaries, glances] = await Promise.all([
      listIdentities([env.DB], filter, null, 1_000),
      listGlances([env.DB], filter, null, 1_000),
    ]);
    expect(summaries).toHaveLength(20);
    for (const [i, summary] of summaries.entries()) {
      const { states } = identities.find(({ uuid }) => uuid === summary.uuid) ?? { states: {} };
      const names = Object.values(states);
      const counts = Object.fromEntries(
        STATES.map((state) => [state, names.filter((each) => each === state).length]),
      );
      expect(summary.states).toEqual(counts);
      expect(glances[i]).toMatchObject(summary);
      const troubled = Object.entries(states).filter(
        ([, state]) => state !== "stable" && state !== "unknown",
      );
      expect(glances[i]?.troubled.map(({ primitive, state }) => [primitive, state])).toEqual(
        troubled.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await findIdentity(env.DB, summary.uuid)).toMatchObject({ states: counts });
    }
  });

  it("a state is not found in values, policies, or pages of a profile before", async () => {
    const value = JSON.stringify(JSON.stringify('x","drifting","y'));
    const profile = `{"seq":1,"policies":["drifting","drifting","drifting"],"states":[["a.drifting","stable",${value},1,1,1,1,0]],"pages":0}`;
    await env.DB.batch([
      env.DB.prepare(
        "INSERT INTO identities (uuid, last_change_ts, profile) VALUES ('x', 1, ?1), ('y', 1, NULL)",
      ).bind(profile),
      env.DB.prepare(`INSERT INTO profile_pages VALUES ('x', 0, 1, '[["b.c","drifting","1",1,1,1,1,0]]')`),
    ]);
    const none = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };
    expect(await findIdentity(env.DB, "x")).toMatchObject({ states: { ...none, stable: 1 } });
    expect(await findIdentity(env.DB, "y")).toMatchObject({ states: none });
    const glances = await listGlances(
      [env.DB],
      { state: null, primitive: null },
      { lastChangeTs: 2, uuid: "" },
      10,
    );
    expect(glances).toMatchObject([
      { uuid: "y", states: none, troubled: [] },
      { uuid: "x", states: { ...none, stable: 1 }, troubled: [] },
    ]);
    await env.DB.prepare("DELETE FROM identities WHERE uuid IN ('x', 'y')").run();
  });
});
