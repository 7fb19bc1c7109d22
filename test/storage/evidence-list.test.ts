/** The list of identities by evidence: the same entries as by trying each, in each order, and how many rows are read for them. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { State } from "../../src/core/index.ts";
import { NOTED_AT, PRIMITIVES_PER_IDENTITY } from "../../src/evidence/constants.ts";
import {
  type IdentityFilter,
  type IdentitySort,
  type IdentitySummary,
  listGlances,
  listIdentities,
  positionIn,
} from "../../src/storage/index.ts";
import { NOTED_E } from "../../src/storage/identity-filter.ts";
import { countingDatabase } from "./counting-database.ts";
import { addIdentities, type ProjectedIdentity } from "./projected-identities.ts";

const IDENTITIES = 6_000;
const START_TS = 1_700_000_000;
const { db, take } = countingDatabase(env.DB);

/** A tenth has changed once, two at one time; a fiftieth is noted; a hundredth has several operators; of some nothing is known. */
function evidenceOf(i: number): ProjectedIdentity["evidence"] {
  if (i % 7 === 3) return undefined;
  return {
    e: i % 50 === 1 ? NOTED_E + (i % 20) / 4 : 0.5 + (i % 10) / 10,
    changedTs: i % 10 === 4 ? START_TS + Math.floor(((i * 17) % IDENTITIES) / 2) : null,
    operators: i % 100 === 6 ? 2 + (i % 2) : 1,
  };
}

const identities = Array.from({ length: IDENTITIES }, (_, i): ProjectedIdentity => {
  const evidence = evidenceOf(i);
  return {
    uuid: `feedfeed-0000-4000-8000-${String((i * 7_919) % IDENTITIES).padStart(12, "0")}`,
    lastChangeTs: START_TS + Math.floor(((i * 31) % IDENTITIES) / 2),
    states: {
      "motor.first": i % 2 === 0 ? "stable" : "unknown",
      "motor.second": i % 400 === 14 ? "conflicted" : "stable",
    },
    ...(evidence && { evidence }),
  };
});
const merged: ProjectedIdentity = {
  ...identities[4],
  uuid: "gone",
  lastChangeTs: START_TS,
  states: { "motor.first": "stable" },
  mergedIntoUuid: identities[0]?.uuid ?? "",
  evidence: { e: 1e6, changedTs: 2e9, operators: 3 },
};

beforeAll(() => addIdentities(env.DB, [...identities, merged]));

const none: IdentityFilter = { state: null, primitive: null };

function fits({ states, evidence }: ProjectedIdentity, filter: IdentityFilter): boolean {
  const { changedTs = null, e = 0, operators = 1 } = evidence ?? {};
  const byEvidence = {
    unchanged: changedTs === null,
    changed: changedTs !== null,
    several_operators: operators > 1,
    noted: e >= NOTED_E,
  };
  return (
    Object.entries(states).some(
      ([name, each]) => (filter.primitive ?? name) === name && (filter.state ?? each) === each,
    ) &&
    (!filter.evidence || byEvidence[filter.evidence]) &&
    (filter.changedSinceTs === undefined || (changedTs ?? 0) >= (filter.changedSinceTs ?? 0))
  );
}

function expected(filter: IdentityFilter, sort: IdentitySort): string[] {
  const keyOf = ({ evidence }: ProjectedIdentity) => {
    if (sort === "change") return null;
    if (sort === "evidence_changed") return evidence?.changedTs ?? null;
    return (evidence?.e ?? 0) >= NOTED_E ? (evidence?.e ?? null) : null;
  };
  return identities
    .filter((each) => fits(each, filter))
    .toSorted((a, b) => {
      const [keyOfA, keyOfB] = [keyOf(a), keyOf(b)];
      const byKey = keyOfA === keyOfB ? 0 : (keyOfB ?? -1) - (keyOfA ?? -1);
      const byChange = keyOfA === null && keyOfB === null ? b.lastChangeTs - a.lastChangeTs : 0;
      return byKey || byChange || (a.uuid < b.uuid ? 1 : -1);
    })
    .map(({ uuid }) => uuid);
}

async function readAll(
  filter: IdentityFilter,
  sort: IdentitySort,
  limit: number,
): Promise<IdentitySummary[]> {
  const all: IdentitySummary[] = [];
  for (;;) {
    const last = all.at(-1);
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    const page = await listIdentities([env.DB], filter, last ? positionIn(sort, last) : null, limit, sort);
    all.push(...page);
    if (page.length < limit) return all;
  }
}

const state: State = "conflicted";
/** Rows of D1 that a page of 50 may read at most, the first one or one from the middle. */
const CASES: readonly [string, IdentityFilter, IdentitySort, most: number][] = [
  ["those with several operators", { ...none, evidence: "several_operators" }, "change", 1_000],
  ["the changed ones", { ...none, evidence: "changed" }, "change", 4_000],
  ["the unchanged ones", { ...none, evidence: "unchanged" }, "change", 300],
  ["the noted ones", { ...none, evidence: "noted" }, "change", 1_000],
  ["those changed since a time", { ...none, changedSinceTs: START_TS + 2_000 }, "change", 3_000],
  ["all by proven change", none, "evidence_changed", 800],
  ["the changed ones by proven change", { ...none, evidence: "changed" }, "evidence_changed", 400],
  [
    "those changed since a time by it",
    { ...none, changedSinceTs: START_TS + 2_900 },
    "evidence_changed",
    400,
  ],
  ["the unchanged ones by proven change", { ...none, evidence: "unchanged" }, "evidence_changed", 400],
  [
    "several operators by proven change",
    { ...none, evidence: "several_operators" },
    "evidence_changed",
    1_200,
  ],
  ["all by E", none, "e", 600],
  ["the noted ones by E", { ...none, evidence: "noted" }, "e", 400],
  ["a rare state by proven change", { ...none, state }, "evidence_changed", 600],
  ["a common state by E", { ...none, state: "stable" }, "e", 12_500],
  [
    "a primitive in a rare state, changed",
    { state, primitive: "motor.second", evidence: "changed" },
    "e",
    2_000,
  ],
  [
    "both, and a state",
    { state: "stable", primitive: null, evidence: "noted", changedSinceTs: START_TS },
    "change",
    13_500,
  ],
];

it("[evidence] the bound of the index by E is what makes one primitive noted, over those that share the error rate", () => {
  expect(NOTED_E).toBe(NOTED_AT / PRIMITIVES_PER_IDENTITY);
});

describe("[evidence] the list of 6,000 identities", () => {
  it.each(CASES)("%s: the same entries in the same order, page by page", async (_, filter, sort) => {
    const all = expected(filter, sort);
    expect((await readAll(filter, sort, 1_000)).map(({ uuid }) => uuid)).toEqual(all);
    // Pages whose last entry is at the end of a part, and beside it.
    for (const limit of [7, 60, 120]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const first = await readAllOf(filter, sort, limit, 3);
      expect(first).toEqual(all.slice(0, first.length));
    }
  });

  it.each(CASES)("%s: a page reads a bounded number of rows", async (_, filter, sort, most) => {
    const all = await readAll(filter, sort, 1_000);
    const middle = all[Math.floor(all.length / 2)];
    const after = middle ? positionIn(sort, middle) : null;
    take();
    await listIdentities([db], filter, null, 50, sort);
    expect(take()).toBeLessThanOrEqual(most);
    await listIdentities([db], filter, after, 50, sort);
    expect(take()).toBeLessThanOrEqual(most);
  });

  it("says what is known of each", async () => {
    const [first] = await listGlances([env.DB], { ...none, evidence: "several_operators" }, null, 1, "e");
    const given = identities.find(({ uuid }) => uuid === first?.uuid);
    expect(first?.evidence).toEqual(given?.evidence);
  });

  it("a page of several databases is sorted as one", async () => {
    const [a, b] = await Promise.all([
      listIdentities([env.DB, env.DB], none, null, 80, "evidence_changed"),
      listIdentities([env.DB], none, null, 40, "evidence_changed"),
    ]);
    expect(a.filter((_, i) => i % 2 === 0)).toEqual(b);
  });

  it("a filter that contradicts the place in an order gives nothing", async () => {
    const after = { key: null, lastChangeTs: START_TS, uuid: "x" };
    expect(await listIdentities([env.DB], { ...none, evidence: "noted" }, after, 10, "e")).toEqual([]);
    const filter: IdentityFilter = { ...none, evidence: "unchanged", changedSinceTs: START_TS };
    expect(await listIdentities([env.DB], filter, null, 10, "evidence_changed")).toEqual([]);
    expect(await listIdentities([env.DB], filter, { lastChangeTs: null, uuid: "x" }, 10)).toEqual([]);
  });
});

async function readAllOf(
  filter: IdentityFilter,
  sort: IdentitySort,
  limit: number,
  pages: number,
): Promise<string[]> {
  const all: IdentitySummary[] = [];
  for (let page = 0; page < pages; page++) {
    const last = all.at(-1);
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    all.push(...(await listIdentities([env.DB], filter, last ? positionIn(sort, last) : null, limit, sort)));
  }
  return all.map(({ uuid }) => uuid);
}
