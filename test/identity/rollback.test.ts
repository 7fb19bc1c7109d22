/** A transaction that did not commit leaves nothing behind: after `forget` a store answers like one that was just opened. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { type AppliedObservation, decide, STANDARD_POLICY } from "../../src/core/index.ts";
import { arrive } from "../../src/identity/arrivals.ts";
import { eraseAttacker, forgetIfDeserted } from "../../src/identity/erase.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import { observation } from "./open-store.ts";

const ATTACKERS = ["a", "b", "c"].map((name) => `00000000-0000-4000-8000-00000000000${name}`);
const HASHES = "toolchain.tls.ja3_client";

function apply(store: IdentityStore, observations: readonly AppliedObservation[]): void {
  store.prepare();
  const links = [...new Set(observations.map(({ attackerUuid }) => attackerUuid))].map((attackerUuid) => ({
    attackerUuid,
    linkVersion: 1,
    firstSeenTs: 1,
    needsBackfill: false,
  }));
  const cause = arrive(store, { links, observations });
  store.save(decide(store.facts(STANDARD_POLICY, 1, cause.observations), cause));
}

function session(attacker: number, name: string, count: number, fromTs: number): AppliedObservation[] {
  return Array.from({ length: count }, (_, i) =>
    observation({
      attackerUuid: ATTACKERS[attacker] ?? "",
      primitive: i % 4 === 0 ? HASHES : `p.n${i % 7}`,
      evidenceRef: `cowrie:s/${name}#${i}`,
      ts: fromTs + i,
      value: `"${name}${i}"`,
    }),
  );
}

function everything(store: IdentityStore, sql: SqlStorage): unknown {
  const tables = sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .toArray();
  const stored = tables.map(({ name }) => [name, sql.exec(`SELECT * FROM ${name}`).toArray()]);
  if (store.isEmpty) return [stored];
  return [
    stored,
    store.head,
    store.attributionsJson(),
    store.outbox.pending(),
    store.outbox.next(100, 200_000),
    store.jobs.status(),
    store.jobs.isEmpty,
    store.links.all(),
    ATTACKERS.map((uuid) => [
      store.links.version(uuid),
      store.links.numberOf(uuid),
      store.links.erasedTs(uuid),
    ]),
    [...store.observations.range({ after: null, through: null })],
    [...store.observations.standing([...session(0, "x", 200, 1), ...session(1, "y", 40, 1)])].map(
      ([name, { ts, id, value }]) => [name, ts, id, value],
    ),
    store.hashWindow(HASHES).valuesBetween(0, 1e12).toSorted(),
    store.meta.read("removed"),
  ];
}

const ACTS: readonly ((store: IdentityStore, round: number) => void)[] = [
  (store, round) => apply(store, session(0, "x", 40 + 60 * round, 1_000)),
  (store, round) => apply(store, session(1, "y", 10 + round, 1_000)),
  (store, round) => apply(store, session(2, `z${round}`, 300, 2_000 + round)),
  (store, round) =>
    store.jobs.start("backfill", `b${round}`, { attackerUuid: ATTACKERS[0] ?? "", linkVersion: 1 }),
  (store) => store.staged.add("k", session(0, "x", 20, 1_000)),
  (store) => {
    store.links.link(ATTACKERS[0] ?? "", 2, 1);
    store.staged.putInPlace("k", ATTACKERS[0] ?? "");
    store.save(
      decide(store.facts(STANDARD_POLICY, 1, []), {
        kind: "recompute",
        forms: true,
        notice: null,
        reason: { kind: "changed" },
      }),
    );
  },
  (store, round) => {
    const cause = eraseAttacker(store, ATTACKERS[round % 3] ?? "", 5_000);
    store.save(decide(store.facts(STANDARD_POLICY, 1, []), cause));
    forgetIfDeserted(store);
  },
  (store) => store.outbox.deleteThrough(store.outbox.next(100, 200_000).at(-1)?.seq ?? 0),
  (store) => store.observations.remove(session(0, "x", 30, 1_000)),
  (store) => store.meta.write("removed", { "p.a": 1 }),
];

it.each([1, 2, 3, 4, 5, 6, 7, 8])("[design] is as if it was just opened (%d)", async (seed) => {
  await runInDurableObject(env.IDENTITIES.getByName(crypto.randomUUID()), (_, { storage }) => {
    const open = () => new IdentityStore(storage, "00000000-0000-4000-8000-0000000000ff");
    const store = open();
    let state = seed;
    const int = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 25; round++) {
      const acts = Array.from({ length: 1 + int(3) }, () => ACTS[int(ACTS.length)]);
      const isKept = int(2) === 0;
      try {
        storage.transactionSync(() => {
          store.prepare();
          for (const act of acts) act?.(store, int(4));
          if (!isKept) throw new Error("cut off");
        });
      } catch (error) {
        expect(error).toEqual(new Error("cut off"));
        store.forget();
      }
      expect(everything(store, storage.sql)).toEqual(everything(open(), storage.sql));
    }
  });
});
