/** What an observation costs an identity object: a bounded number of rows, whatever came before. */
import { describe, expect, it } from "vitest";
import { type AppliedObservation, decide, STANDARD_POLICY } from "../../src/core/index.ts";
import { arrive } from "../../src/identity/arrivals.ts";
import type { IdentityStore } from "../../src/identity/store/index.ts";
import type { Rows } from "./metered.ts";
import { observation, withStore } from "./open-store.ts";

const LINK = {
  attackerUuid: observation({}).attackerUuid,
  linkVersion: 1,
  firstSeenTs: 1,
  needsBackfill: false,
};

function apply(store: IdentityStore, observations: readonly AppliedObservation[]): void {
  store.prepare();
  const cause = arrive(store, { links: [LINK], observations });
  store.save(decide(store.facts(STANDARD_POLICY, 1, cause.observations), cause));
}

/** A session with one observation of each of 30 primitives. */
function session(name: string, ts: number): AppliedObservation[] {
  return Array.from({ length: 30 }, (_, i) =>
    observation({ primitive: `motor.p${i}`, evidenceRef: `cowrie:s/${name}#kex`, ts: ts + i }),
  );
}

const KINDS: Record<string, { primitive: string; value: (i: number) => string }> = {
  categorical: { primitive: "motor.input_modality", value: () => '"typed"' },
  numeric: { primitive: "toolchain.c2.beacon_interval_ms", value: (i) => String(5_000 + (i % 3)) },
  hash: { primitive: "toolchain.ssh.hassh_client", value: (i) => `"h${i % 2}"` },
  "hash, every value new": { primitive: "toolchain.tls.ja3_client", value: (i) => `"h${i}"` },
};

describe("[design] rows per observation", () => {
  it.each(Object.entries(KINDS))(
    "%s: the same at a history of 10 and of 3,000",
    async (name, { primitive, value }) => {
      await withStore(({ store, takeCost }) => {
        const costs: Rows[] = [];
        for (let i = 0; i < 3_100; i++) {
          takeCost();
          apply(store, [
            observation({ primitive, value: value(i), ts: 1_700_000_000 + i * 600, evidenceRef: `e${i}` }),
          ]);
          costs.push(takeCost());
        }
        const average = (from: number) => {
          const slice = costs.slice(from, from + 100);
          const mean = (pick: (cost: Rows) => number) =>
            slice.reduce((sum, cost) => sum + pick(cost), 0) / slice.length;
          return { read: mean(({ read }) => read), written: mean(({ written }) => written) };
        };
        const [early, late] = [average(name.includes("new") ? 300 : 10), average(3_000)];
        expect(late).toEqual(early);
        if (!name.includes("new")) {
          expect(late.written).toBeLessThanOrEqual(2.1);
          expect(late.read).toBeLessThanOrEqual(4);
        } else {
          // A wide hash window keeps its values in rows of its own: one in, one out, and their index.
          expect(late.written).toBeLessThanOrEqual(8);
          expect(late.read).toBeLessThanOrEqual(8);
        }
      });
    },
  );

  it("a session of 30: one session row, and the pages of their states", async () => {
    await withStore(({ store, takeCost }) => {
      for (let i = 0; i < 20; i++) apply(store, session(`known-${i}`, 1_700_000_000 + i * 600));
      takeCost();
      apply(store, session("next", 1_701_000_000));
      expect(takeCost().written).toBeLessThanOrEqual(3);
    });
  });

  it("a session that comes in two calls: each writes its row once", async () => {
    await withStore(({ store, takeCost, reopen }) => {
      const all = session("one", 1_700_000_000);
      apply(store, []);
      takeCost();
      store.observations.standing(all.slice(0, 10));
      store.observations.put(all.slice(0, 10));
      expect(takeCost()).toMatchObject({ written: 1 });
      const { observations } = reopen();
      takeCost();
      expect(observations.standing(all)).toHaveProperty("size", 10);
      observations.put(all.slice(10));
      expect(takeCost()).toMatchObject({ written: 1 });
      observations.put([observation({ primitive: "motor.other", evidenceRef: "cowrie:s/one#close" })]);
      expect(takeCost()).toMatchObject({ written: 1 });
    });
  });

  it("repeats write nothing", async () => {
    await withStore(({ store, takeCost }) => {
      const all = [...session("one", 1_700_000_000), ...session("two", 1_700_000_000)];
      apply(store, all);
      takeCost();
      apply(store, all.toReversed());
      expect(takeCost().written).toBe(0);
      store.observations.put(all);
      expect(takeCost().written).toBe(0);
    });
  });

  it("100 sessions in a call: a row each", async () => {
    await withStore(({ store, takeCost }) => {
      const all = Array.from({ length: 100 }, (_, i) => session(`${i}`, 1_700_000_000 + i)).flat();
      apply(store, []);
      takeCost();
      store.observations.put(all);
      expect(takeCost().written).toBe(100);
      expect(store.observations.standing(all)).toHaveProperty("size", 3_000);
      expect(takeCost().read).toBeLessThanOrEqual(200);
    });
  });
});
