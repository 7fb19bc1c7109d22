/** States at an earlier time: those of the core over the sorted observations up to then, however the sessions overlap. */
import { describe, expect, it } from "vitest";
import {
  type AppliedObservation,
  attributionInOrder,
  compareMembers,
  decide,
  mergeKindIn,
  STANDARD_POLICY,
} from "../../src/core/index.ts";
import { arrive } from "../../src/identity/arrivals.ts";
import { attributionAt } from "../../src/identity/attribution-at.ts";
import type { IdentityStore } from "../../src/identity/store/index.ts";
import { observation, withStore } from "./open-store.ts";

const POLICY = STANDARD_POLICY;
const FROM_TS = 1_700_000_000;
const PRIMITIVES = [
  "motor.input_modality",
  "toolchain.c2.beacon_interval_ms",
  "toolchain.ssh.hassh_client",
  "cognitive.cognitive_load",
];

function apply(store: IdentityStore, observations: readonly AppliedObservation[]): void {
  store.prepare();
  const attackers = [...new Set(observations.map(({ attackerUuid }) => attackerUuid))];
  const links = attackers.map((attackerUuid) => ({
    attackerUuid,
    linkVersion: 1,
    firstSeenTs: 1,
    needsBackfill: false,
  }));
  const cause = arrive(store, { links, observations });
  store.save(decide(store.facts(POLICY, 1, cause.observations), cause));
}

/** Sessions that overlap in time, of two attackers, with times that are the same. */
function overlapping(sessions: number): AppliedObservation[] {
  return Array.from({ length: sessions }, (_, s) =>
    Array.from({ length: 2 + (s % 40) }, (__, i) => {
      const primitive = PRIMITIVES[(s + i) % 4] ?? "";
      return observation({
        attackerUuid: `00000000-0000-4000-8000-00000000000${s % 2}`,
        primitive,
        evidenceRef: `cowrie:s/${s}#${i}`,
        ts: FROM_TS + ((s * 37) % 90) * 10 + (i % 7) * (1 + (s % 60)),
        value: primitive.endsWith("ms") ? String(100 * (1 + ((s * i) % 7))) : `"${(s + i) % 3}"`,
      });
    }),
  ).flat();
}

describe("[§7 as_of] states at an earlier time", () => {
  it("are those of the core over the sorted observations up to then", async () => {
    await withStore(({ store }) => {
      const all = overlapping(150);
      for (let i = 0; i < all.length; i += 100) apply(store, all.slice(i, i + 100));
      for (let asOfTs = FROM_TS - 10; asOfTs < FROM_TS + 1_600; asOfTs += 97) {
        const found = attributionAt(store, POLICY, asOfTs);
        const expected = PRIMITIVES.toSorted().flatMap((primitive) => {
          const members = all
            .filter((each) => each.primitive === primitive && each.ts <= asOfTs)
            .toSorted(compareMembers);
          const state = attributionInOrder(mergeKindIn(POLICY, primitive), members, POLICY.thresholds);
          return state === null ? [] : [{ ...state, primitive }];
        });
        const isAsNow = (primitive: string) =>
          all.every((each) => each.primitive !== primitive || each.ts <= asOfTs);
        // A state that has not changed since tells when its change was seen.
        const withoutSeen = (states: typeof expected) =>
          states.map((state) => (isAsNow(state.primitive) ? { ...state, lastChangeTs: null } : state));
        expect(withoutSeen(found)).toEqual(withoutSeen(expected));
      }
    });
  });

  it("of a store whose observations are not all in session rows are the same", async () => {
    await withStore(({ store, sql }) => {
      const all = overlapping(60);
      apply(store, all);
      const before = [100, 400, 700].map((secs) => attributionAt(store, POLICY, FROM_TS + secs));
      sql.exec(
        `CREATE TABLE observation_rows (attacker_uuid TEXT NOT NULL, primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL, ts REAL NOT NULL,
           id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(attacker_uuid, primitive, evidence_ref)) WITHOUT ROWID`,
      );
      const half = all.filter((_, i) => i % 3 > 0);
      store.observations.remove(half);
      for (const { attackerUuid, primitive, evidenceRef, ts, id, value } of half) {
        const row = [attackerUuid, primitive, evidenceRef, ts, id, value];
        sql.exec("INSERT INTO observation_rows VALUES (?, ?, ?, ?, ?, ?)", ...row);
      }
      store.forget();
      const after = [100, 400, 700].map((secs) => attributionAt(store, POLICY, FROM_TS + secs));
      expect(after).toEqual(before);
    });
  });
});
