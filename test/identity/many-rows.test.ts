/** A call that touches more observations than the store keeps decoded loses none of them. */
import { describe, expect, it } from "vitest";
import type { AppliedObservation } from "../../src/core/index.ts";
import { observation, withStore } from "./open-store.ts";

const SESSIONS = 180;
const PER_SESSION = 128;

function member(session: number, i: number): AppliedObservation {
  return observation({ evidenceRef: `cowrie:s/${session}#${i}`, ts: 1_700_000_000 + i });
}

const ALL = Array.from({ length: SESSIONS }, (_, session) =>
  Array.from({ length: PER_SESSION }, (__, i) => member(session, i)),
).flat();
/** One of each session. */
const SOME = Array.from({ length: SESSIONS }, (_, session) => member(session, 0));

describe("[design] a call that touches very many session rows", () => {
  it("finds every stored observation", async () => {
    await withStore(({ store, reopen }) => {
      store.prepare();
      store.observations.put(ALL);
      expect(reopen().observations.standing(SOME).size).toBe(SESSIONS);
    });
  });

  it("overwrites none", async () => {
    await withStore(({ store, reopen }) => {
      store.prepare();
      store.observations.put(ALL);
      reopen().observations.put(SOME.map((each) => ({ ...each, ts: each.ts + 1 })));
      expect([...reopen().observations.counts().values()]).toEqual([ALL.length]);
    });
  });

  it("of several attackers, too", async () => {
    await withStore(({ store, reopen }) => {
      const attackers = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
      const of = (each: AppliedObservation, n: number) => ({ ...each, attackerUuid: attackers[n] ?? "" });
      store.prepare();
      for (const n of [0, 1, 2]) store.observations.put(ALL.slice(0, 10_000).map((each) => of(each, n)));
      const later = [0, 1, 2].flatMap((n) =>
        SOME.map((each, i) => ({ ...of(each, n), ts: each.ts + 1, evidenceRef: `cowrie:s/${i}#later` })),
      );
      reopen().observations.put(later);
      expect([...reopen().observations.counts().values()]).toEqual([30_000 + later.length]);
    });
  });

  it("removes what it is to remove", async () => {
    await withStore(({ store, reopen }) => {
      store.prepare();
      store.observations.put(ALL);
      reopen().observations.remove(SOME);
      expect([...reopen().observations.counts().values()]).toEqual([ALL.length - SESSIONS]);
    });
  });
});
