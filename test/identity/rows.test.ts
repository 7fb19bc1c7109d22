/** What an observation costs an identity object: a bounded number of rows, whatever came before. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { decide, STANDARD_POLICY } from "../../src/core/index.ts";
import { arrive } from "../../src/identity/arrivals.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";

const ATTACKER = "00000000-0000-4000-8000-000000000001";
const LINK = { attackerUuid: ATTACKER, linkVersion: 1, firstSeenTs: 1, needsBackfill: false };

/** A SqlStorage that counts the rows its statements read and write. */
function metered(sql: SqlStorage) {
  const cursors: SqlStorageCursor<never>[] = [];
  const proxy = new Proxy(sql, {
    get(target, name) {
      if (name !== "exec") return Reflect.get(target, name);
      return (query: string, ...bindings: unknown[]) => {
        const cursor = target.exec<never>(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      };
    },
  });
  return {
    sql: proxy,
    take: () => {
      const total = { read: 0, written: 0 };
      for (const { rowsRead, rowsWritten } of cursors.splice(0)) {
        total.read += rowsRead;
        total.written += rowsWritten;
      }
      return total;
    },
  };
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
      await runInDurableObject(env.IDENTITIES.getByName(crypto.randomUUID()), (_, state) => {
        const { sql, take } = metered(state.storage.sql);
        const { storage } = state;
        const transactionSync = storage.transactionSync.bind(storage);
        const metering = new Proxy(storage, {
          get: (target, member) =>
            member === "sql"
              ? sql
              : member === "transactionSync"
                ? transactionSync
                : Reflect.get(target, member),
        });
        const store = new IdentityStore(metering, crypto.randomUUID());
        const costs: { read: number; written: number }[] = [];
        for (let i = 0; i < 3_100; i++) {
          const observation = {
            id: "i",
            attackerUuid: ATTACKER,
            primitive,
            value: value(i),
            ts: 1_700_000_000 + i * 600,
            evidenceRef: `e${i}`,
          };
          take();
          store.prepare();
          const cause = arrive(store, { links: [LINK], observations: [observation] });
          store.save(decide(store.facts(STANDARD_POLICY, 1, cause.observations), cause));
          costs.push(take());
        }
        const average = (from: number) => {
          const slice = costs.slice(from, from + 100);
          const mean = (pick: (cost: { read: number; written: number }) => number) =>
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
});
