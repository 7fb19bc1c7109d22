/**
 * Long work that meets other work: a page of observations is on its way from D1 to an identity object while the attacker is
 * merged away, given back, erased, or its old observations expire. What comes with the page must not undo that.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { abort, abortAfter, holdAfter, isPageRead } from "../setup/hold.ts";
import { countStored, store, storedObservations, totals } from "../setup/observations.ts";
import { payload } from "../setup/payload.ts";
import { eventsOf, expectSound, heldRows, jobCount, linkedRows, quiesce } from "./sound.ts";

const DEFER: Env = { ...env, UNKNOWN_ATTACKER: "defer" as never };
const PRIMITIVES = ["motor.input_modality", "cognitive.cognitive_load"];
const START_TS = 1_714_000_000;
/** More observations than one page of long work holds. */
const PAGES = 2_100;

interface Known {
  readonly attackerUuid: string;
  readonly identityUuid: string;
}

/** Observations of an attacker that change its states again and again. */
function observationsOf(attackerUuid: string, count: number, fromTs = START_TS) {
  return Array.from({ length: count }, (_, i) =>
    payload({
      attacker_uuid: attackerUuid,
      primitive: PRIMITIVES[i % 2],
      value: `v${Math.floor(i / 10) % 3}`,
      ts: fromTs + i * 60,
    }),
  );
}

/** An attacker with observations that its object holds. */
async function applied(count = 12): Promise<Known> {
  const attackerUuid = crypto.randomUUID();
  await deliver([{ events: observationsOf(attackerUuid, count) }]);
  return { attackerUuid, identityUuid: stubIdentityUuid(attackerUuid) };
}

/** An attacker with observations that wait in D1 for its registration. */
async function waiting(count = 12): Promise<Known> {
  const attackerUuid = crypto.randomUUID();
  await deliver([{ events: observationsOf(attackerUuid, count) }], { env: DEFER });
  return { attackerUuid, identityUuid: stubIdentityUuid(attackerUuid) };
}

async function ok(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  if (response.status > 201) throw new Error(`${response.status} ${await response.text()}`);
}

const register = ({ attackerUuid }: Known) => ok(call("PUT", `attackers/${attackerUuid}`, {}));
const merge = (winner: Known, loser: Known) =>
  ok(call("POST", `identities/${winner.identityUuid}/merge`, { loser_uuid: loser.identityUuid }));
const unmerge = (loser: Known) => ok(call("POST", `identities/${loser.identityUuid}/unmerge`));
const erase = ({ attackerUuid }: Known) => ok(call("DELETE", `attackers/${attackerUuid}`));
const rebuild = ({ identityUuid }: Known) => ok(call("POST", `identities/${identityUuid}/rebuild`));
const stubOf = ({ identityUuid }: Known) => env.IDENTITIES.getByName(identityUuid);

/** A merge whose loser brings an attacker that is to be backfilled in the winner. */
async function mergedWithBackfillToCome(): Promise<{ winner: Known; loser: Known }> {
  const [winner, loser] = [await applied(), await applied()];
  await merge(winner, loser);
  await env.DB.prepare("UPDATE attackers SET needs_backfill = 1 WHERE uuid = ?1")
    .bind(loser.attackerUuid)
    .run();
  return { winner, loser };
}

/** Gives an object turns until something is so, or for long enough that it will not be so by itself. */
async function turnsUntil(known: Known, isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 100 && !(await isSo()); turn++) await stubOf(known).inspect();
}

/** Waits until an object has recorded so many jobs. */
function recorded({ identityUuid }: Known, jobs: number): Promise<void> {
  return vi.waitFor(async () => expect(await jobCount(identityUuid)).toBeGreaterThanOrEqual(jobs), {
    timeout: 30_000,
    interval: 2,
  });
}

async function needsBackfill({ attackerUuid }: Known): Promise<boolean> {
  const row = await env.DB.prepare("SELECT needs_backfill AS n FROM attackers WHERE uuid = ?1")
    .bind(attackerUuid)
    .first<{ n: number }>();
  return row?.n === 1;
}

describe("[design] a backfill of an attacker that is active", () => {
  it("keeps its place when observations arrive between its pages", async () => {
    const known = await waiting(PAGES);
    const hold = await holdAfter(known.identityUuid, isPageRead, [3]);
    await register(known);
    await hold.reached(3);
    const link = { attackerUuid: known.attackerUuid, linkVersion: 1, firstSeenTs: null, needsBackfill: true };
    await stubOf(known).apply({ links: [link], observations: [] });
    hold.release();
    await quiesce(known.identityUuid);
    expect(hold.count()).toBeLessThanOrEqual(PAGES / 500 + 2);
    await expectSound(known.identityUuid);
  });
});

describe("[§6] a merge while a backfill of the loser has a page in flight", () => {
  it.each([
    ["the first page", 12, 1],
    ["the second page", PAGES, 2],
  ])("%s: the loser takes nothing in any more, and the winner has everything", async (_, count, nth) => {
    const [winner, loser] = [await applied(), await waiting(count)];
    const hold = await holdAfter(loser.identityUuid, isPageRead, [nth]);
    await register(loser);
    await hold.reached(nth);
    const before = {
      rows: await heldRows(loser.identityUuid),
      states: await stubOf(loser).attribution(),
      events: (await eventsOf(loser.identityUuid)).length + (await stubOf(loser).inspect()).pending,
    };
    await merge(winner, loser);
    hold.release();
    await quiesce(winner.identityUuid, loser.identityUuid);
    expect(await heldRows(loser.identityUuid)).toEqual(before.rows);
    expect(await stubOf(loser).attribution()).toEqual(before.states);
    expect(await eventsOf(loser.identityUuid)).toHaveLength(before.events);
    expect(await needsBackfill(loser)).toBe(false);
    await expectSound(winner.identityUuid);
    // A call at the version before the merge is told to look again.
    const link = {
      attackerUuid: loser.attackerUuid,
      linkVersion: 1,
      firstSeenTs: null,
      needsBackfill: false,
    };
    const stale = await stubOf(loser).apply({ links: [link], observations: [] });
    expect(stale).toMatchObject({ outcome: "moved" });
  });

  it("the loser stands on its own again after an unmerge, with everything", async () => {
    const [winner, loser] = [await applied(), await waiting()];
    const hold = await holdAfter(loser.identityUuid, isPageRead);
    await register(loser);
    await hold.reached(1);
    await merge(winner, loser);
    const undone = unmerge(loser);
    hold.release();
    await undone;
    await quiesce(winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
    await expectSound(loser.identityUuid);
  });
});

describe("[§6] an unmerge while the winner has a page of the loser's attacker in flight", () => {
  it("backfill: the winner keeps nothing of the attacker that left", async () => {
    const { winner, loser } = await mergedWithBackfillToCome();
    const hold = await holdAfter(winner.identityUuid, isPageRead);
    await deliver(observationsOf(loser.attackerUuid, 1, START_TS + 900_000));
    await hold.reached(1);
    const undone = unmerge(loser);
    await recorded(winner, 2);
    hold.release();
    await undone;
    await quiesce(winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
    await expectSound(loser.identityUuid);
  });

  it("backfill and rebuild: the winner keeps nothing of the attacker that left", async () => {
    const { winner, loser } = await mergedWithBackfillToCome();
    const hold = await holdAfter(winner.identityUuid, isPageRead, [1, 2]);
    const rebuilt = rebuild(winner);
    await hold.reached(1);
    await deliver(observationsOf(loser.attackerUuid, 1, START_TS + 900_000));
    const undone = unmerge(loser);
    await recorded(winner, 3);
    hold.release(1);
    // Either the rebuild and the unmerge pass by the page that is held, or they wait for it.
    await turnsUntil(winner, async () => (await jobCount(winner.identityUuid)) <= 1);
    hold.release();
    await Promise.all([rebuilt, undone]);
    await quiesce(winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
    await expectSound(loser.identityUuid);
  });

  it("rebuild: the winner keeps nothing of the attacker that left", async () => {
    const [winner, loser] = [await applied(), await applied()];
    await merge(winner, loser);
    const hold = await holdAfter(winner.identityUuid, isPageRead);
    const rebuilt = rebuild(winner);
    await hold.reached(1);
    const undone = unmerge(loser);
    await recorded(winner, 2);
    hold.release();
    await Promise.all([rebuilt, undone]);
    await quiesce(winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
    await expectSound(loser.identityUuid);
  });
});

describe("[design] retention while a page is in flight", () => {
  /** Later than all but the last observations. */
  const BEFORE_TS = START_TS + 100 * 60;

  async function expectExpired(known: Known): Promise<void> {
    await quiesce(known.identityUuid);
    const rows = await linkedRows(known.identityUuid);
    // The windows' ten of each primitive are needed, and nothing else is.
    expect(rows).toHaveLength(20);
    await expectSound(known.identityUuid);
    expect(await countStored()).toBe((await totals())["observations"]);
  }

  it("rebuild: rows that expired do not come back", async () => {
    const known = await applied(100);
    const hold = await holdAfter(known.identityUuid, isPageRead);
    const rebuilt = rebuild(known);
    await hold.reached(1);
    await stubOf(known).expire(BEFORE_TS, 1_000);
    hold.release();
    await rebuilt;
    await expectExpired(known);
  });

  it("backfill: rows that expired do not come back", async () => {
    const known = await applied(100);
    await env.DB.prepare("UPDATE attackers SET needs_backfill = 1 WHERE uuid = ?1")
      .bind(known.attackerUuid)
      .run();
    const hold = await holdAfter(known.identityUuid, isPageRead);
    await register(known);
    await hold.reached(1);
    await stubOf(known).expire(BEFORE_TS, 1_000);
    hold.release();
    await expectExpired(known);
  });
});

describe("[§6] an erasure while a page is in flight", () => {
  async function expectErased(known: Known, ...identityUuids: readonly string[]): Promise<void> {
    await quiesce(...identityUuids);
    for (const identityUuid of identityUuids) {
      const held = await heldRows(identityUuid);
      expect(held.filter(({ attackerUuid }) => attackerUuid === known.attackerUuid)).toEqual([]);
    }
    expect(await storedObservations(known.attackerUuid)).toEqual([]);
    const left = await env.DB.prepare("SELECT count(*) AS n FROM attackers WHERE uuid = ?1")
      .bind(known.attackerUuid)
      .first();
    expect(left).toEqual({ n: 0 });
  }

  it("backfill: nothing of the attacker comes back", async () => {
    const known = await waiting();
    const hold = await holdAfter(known.identityUuid, isPageRead);
    await register(known);
    await hold.reached(1);
    await erase(known);
    hold.release();
    await expectErased(known, known.identityUuid);
    expect(await stubOf(known).attribution()).toEqual([]);
    await expectSound(known.identityUuid);
  });

  it("rebuild: nothing of the attacker comes back", async () => {
    const two = [await applied(), await applied()];
    // Attackers are read in the order of their UUIDs: the first page has the one that is erased.
    const [known, other] = two.toSorted((a, b) => (a.attackerUuid < b.attackerUuid ? -1 : 1));
    if (!known || !other) throw new Error("there must be two");
    await merge(other, known);
    const hold = await holdAfter(other.identityUuid, isPageRead);
    const rebuilt = rebuild(other);
    await hold.reached(1);
    await erase(known);
    hold.release();
    await rebuilt;
    await expectErased(known, other.identityUuid, known.identityUuid);
    await expectSound(other.identityUuid);
  });

  it("merge: nothing of the attacker comes back", async () => {
    const [winner, loser] = [await applied(), await applied()];
    const hold = await holdAfter(winner.identityUuid, isPageRead);
    const merged = merge(winner, loser);
    await hold.reached(1);
    await erase(loser);
    hold.release();
    await merged;
    await expectErased(loser, winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
  });
});

describe("[§4] exchanges that wait for one another", () => {
  it("the second one is cut off: it is done again, and nothing that came meanwhile is lost", async () => {
    const [winner, loser] = [await applied(30), await applied(30)];
    const hold = await holdAfter(winner.identityUuid, isPageRead, [1, 2]);
    const rebuilt = rebuild(winner).catch(() => {});
    await hold.reached(1);
    const merged = merge(winner, loser).catch(() => {});
    await recorded(winner, 2);
    await deliver(observationsOf(winner.attackerUuid, 3, START_TS + 800_000));
    hold.release(1);
    await hold.reached(2);
    await deliver(observationsOf(loser.attackerUuid, 3, START_TS + 800_000));
    await abort(winner.identityUuid);
    await Promise.all([rebuilt, merged]);
    await deliver(observationsOf(winner.attackerUuid, 3, START_TS + 900_000));
    await quiesce(winner.identityUuid, loser.identityUuid);
    await expectSound(winner.identityUuid);
  });
});

describe("[§4] an object that ends between any two steps", () => {
  /** More steps than any of these takes. */
  const MOST_STEPS = 40;
  const scenarios: readonly (readonly [
    string,
    () => Promise<{ at: Known; all: Known[]; readonly act: () => Promise<void> }>,
  ])[] = [
    [
      "a backfill",
      async () => {
        const known = await waiting();
        return { at: known, all: [known], act: () => register(known) };
      },
    ],
    [
      "a rebuild",
      async () => {
        const known = await applied();
        const stored = await storedObservations(known.attackerUuid);
        await store(stored.map((each) => ({ ...each, value: '"z"' })));
        return { at: known, all: [known], act: () => rebuild(known) };
      },
    ],
    [
      "a merge, the winner",
      async () => {
        const [winner, loser] = [await applied(), await applied()];
        return { at: winner, all: [winner], act: () => merge(winner, loser) };
      },
    ],
    [
      "an unmerge, the loser",
      async () => {
        const [winner, loser] = [await applied(), await applied()];
        await merge(winner, loser);
        return { at: loser, all: [winner, loser], act: () => unmerge(loser) };
      },
    ],
    [
      "a rebuild and a merge that wait for one another, the winner",
      async () => {
        const [winner, loser] = [await applied(), await applied()];
        return {
          at: winner,
          all: [winner],
          act: async () => {
            await Promise.allSettled([rebuild(winner), merge(winner, loser)]);
          },
        };
      },
    ],
    [
      "an erasure in the winner of a merge",
      async () => {
        const [winner, loser] = [await applied(), await applied()];
        await merge(winner, loser);
        return { at: winner, all: [winner], act: () => erase(loser) };
      },
    ],
    [
      "retention",
      async () => {
        const known = await applied(100);
        return {
          at: known,
          all: [known],
          act: async () => {
            await stubOf(known).expire(START_TS + 60_000, 1_000);
          },
        };
      },
    ],
  ];

  // What an object logs of being ended is expected.
  beforeEach(() => {
    vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(scenarios)("%s: the alarm goes on with it, and all is as it must be", async (_, prepare) => {
    for (let nth = 1; nth <= MOST_STEPS; nth++) {
      const { at, all, act } = await prepare();
      await quiesce(...all.map(({ identityUuid }) => identityUuid));
      const isAborted = await abortAfter(at.identityUuid, nth);
      await act().catch(() => {});
      // What was not recorded, the caller asks for again.
      if (isAborted() && (await jobCount(at.identityUuid)) === 0) await act().catch(() => {});
      await quiesce(...all.map(({ identityUuid }) => identityUuid));
      for (const { identityUuid } of all) await expectSound(identityUuid);
      if (!isAborted()) return expect(nth).toBeGreaterThan(1);
    }
    throw new Error(`${MOST_STEPS} steps must be enough`);
  });
});
