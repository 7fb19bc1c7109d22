import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Observation, placeOf } from "../../../src/core/index.ts";
import { deleteObservations, readExistingKeys } from "../../../src/storage/index.ts";
import {
  makeObservation,
  store,
  storedObservations,
  storedSessions,
  totals,
} from "../../setup/observations.ts";

const LATER = 10_000;

/** Observations of one session, more than a row holds. */
function session(attackerUuid: string, count: number): Observation[] {
  return Array.from({ length: count }, (_, i) =>
    makeObservation({
      attackerUuid,
      primitive: `test.primitive_${i}`,
      ts: 1_000 + i,
      evidenceRef: "cowrie:sensor/session#close",
    }),
  );
}

async function identityOf(attackerUuid: string): Promise<string> {
  const row = await env.DB.prepare("SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1")
    .bind(attackerUuid)
    .first<{ uuid: string }>();
  return row?.uuid ?? "";
}

const idsOf = (observations: readonly { id: string }[]) => observations.map(({ id }) => id).toSorted();

describe("keys", () => {
  it("are found in full rows and deeper ones", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 1_000);
    await store(all);
    const absent = session(attackerUuid, 1_200).slice(1_000);
    const existing = await readExistingKeys(env.DB, [...all, ...absent]);
    expect(existing.map(({ primitive }) => primitive).toSorted()).toEqual(
      all.map(({ primitive }) => primitive).toSorted(),
    );
    expect((await storedSessions(attackerUuid)).some(({ isFull }) => isFull)).toBe(true);
  });

  it("of attackers that are not there are not found", async () => {
    expect(await readExistingKeys(env.DB, session(crypto.randomUUID(), 3))).toEqual([]);
  });
});

describe("observations are removed", () => {
  it("by key; those that stay keep their row, and the total is right", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 30);
    await store(all);
    const before = await totals();
    const gone = all.slice(0, 20);
    expect(await deleteObservations(env.DB, await identityOf(attackerUuid), gone, LATER)).toBe(20);
    expect(idsOf(await storedObservations(attackerUuid))).toEqual(idsOf(all.slice(20)));
    const [row] = await storedSessions(attackerUuid);
    expect(row).toMatchObject({ size: 10, firstTs: 1_020, lastTs: 1_029 });
    expect(await totals()).toEqual({ ...before, observations: (before["observations"] ?? 0) - 20 });
  });

  it("with their row, if nothing else is in it", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 30);
    await store(all);
    const before = await totals();
    expect(await deleteObservations(env.DB, await identityOf(attackerUuid), all, LATER)).toBe(30);
    expect(await storedSessions(attackerUuid)).toEqual([]);
    expect(await totals()).toEqual({ ...before, observations: (before["observations"] ?? 0) - 30 });
  });

  it("and a full row stays when it is empty, so that a repeat of what is deeper is found", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 300);
    await store(all);
    const first = await storedSessions(attackerUuid);
    const place = placeOf({ primitive: "", evidenceRef: "cowrie:sensor/session#close" }, 0);
    const top = first.find(({ id }) => BigInt(id) % 4_294_967_296n === BigInt(place));
    const inTop = top?.recorded.map(({ observation }) => observation) ?? [];
    const removed = await deleteObservations(env.DB, await identityOf(attackerUuid), inTop, LATER);
    expect(removed).toBe(inTop.length);
    await store(all.filter(({ id }) => !inTop.some((each) => each.id === id)));
    expect(await storedObservations(attackerUuid)).toHaveLength(300 - inTop.length);
  });

  it("not if they were replaced by something newer", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 3);
    await store(all);
    await store(all.slice(0, 1).map((each) => ({ ...each, id: crypto.randomUUID(), ts: LATER + 1 })));
    expect(await deleteObservations(env.DB, await identityOf(attackerUuid), all, LATER)).toBe(2);
    expect(await storedObservations(attackerUuid)).toHaveLength(1);
  });

  it("not if their attacker is linked to another identity by now", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = session(attackerUuid, 3);
    await store(all);
    expect(await deleteObservations(env.DB, crypto.randomUUID(), all, LATER)).toBe(0);
    expect(await storedObservations(attackerUuid)).toHaveLength(3);
  });

  it("5,000 of as many rows", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = Array.from({ length: 5_000 }, (_, i) => makeObservation({ attackerUuid, ts: 1_000 + i }));
    await store(all);
    expect(await deleteObservations(env.DB, await identityOf(attackerUuid), all, LATER)).toBe(5_000);
    expect(await storedSessions(attackerUuid)).toEqual([]);
  });
});
