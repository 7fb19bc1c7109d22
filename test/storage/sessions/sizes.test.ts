/** The sizes that session rows may take: they stay bounded whatever is sent, and everything is found again. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { type Observation, SESSION_ROW } from "../../../src/core/index.ts";
import {
  deleteObservations,
  readAttackersPage,
  readBackfillPage,
  readExistingKeys,
  type SessionCursor,
  type StoredMember,
} from "../../../src/storage/index.ts";
import { counting } from "../../maintenance/counting.ts";
import { pieces } from "../../setup/deliver.ts";
import { countStored, makeObservation, store, storedSessions, totals } from "../../setup/observations.ts";

function ofPointer(attackerUuid: string, evidenceRef: string, count: number): Observation[] {
  return Array.from({ length: count }, (_, i) =>
    makeObservation({ attackerUuid, evidenceRef, primitive: `test.primitive_${i}`, ts: 1_000 + i }),
  );
}

/** A text that cannot be compressed. */
const noise = (bytes: number) =>
  [...crypto.getRandomValues(new Uint8Array(bytes / 2))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

async function readAll(attackerUuid: string, limit: number): Promise<StoredMember[]> {
  const all: StoredMember[] = [];
  let after: SessionCursor | null = null;
  do {
    const page = await readAttackersPage(env.DB, [attackerUuid], after, limit);
    expect(page.observations.length).toBeLessThan(limit + SESSION_ROW.observations);
    all.push(...page.observations);
    after = page.next;
  } while (after !== null);
  return all;
}

const idsOf = (observations: readonly { id: string }[]) => observations.map(({ id }) => id).toSorted();

it("a session of 10,000 observations, in messages of 300, is stored once, read, and removed", async () => {
  const attackerUuid = crypto.randomUUID();
  const all = ofPointer(attackerUuid, "cowrie:sensor/long#close", 10_000);
  const before = (await totals())["observations"] ?? 0;
  for (const message of pieces(all, 300)) await store(message);
  for (const message of pieces(all, 3_000).toReversed()) await store(message);
  expect((await totals())["observations"]).toBe(before + 10_000);
  const rows = await storedSessions(attackerUuid);
  expect(Math.max(...rows.map(({ size }) => size))).toBeLessThanOrEqual(SESSION_ROW.observations);
  expect(idsOf(await readAll(attackerUuid, 1_000))).toEqual(idsOf(all));
  expect(await readExistingKeys(env.DB, all)).toHaveLength(10_000);
  const page = await readBackfillPage(env.DB, attackerUuid, all[4_999] ?? null, 500);
  expect(page.map(({ id }) => id)).toEqual(all.slice(5_000, 5_500).map(({ id }) => id));
  const identityUuid = await env.DB.prepare("SELECT identity_uuid AS uuid FROM attackers WHERE uuid = ?1")
    .bind(attackerUuid)
    .first<string>("uuid");
  const old = all.slice(0, 9_000);
  expect(await deleteObservations(env.DB, identityUuid ?? "", old, 1e9)).toBe(9_000);
  expect(idsOf(await readAll(attackerUuid, 1_000))).toEqual(idsOf(all.slice(9_000)));
  // What was removed may come again, and stands once.
  await store(all);
  expect(await countStored(attackerUuid)).toBe(10_000);
  expect((await totals())["observations"]).toBe(before + 10_000);
});

it("a pointer that is used for ever, one observation at a time", async () => {
  const attackerUuid = crypto.randomUUID();
  const all = ofPointer(attackerUuid, "file:/var/log/all", 200);
  for (const observation of all) await store([observation]);
  for (let i = 0; i < 50; i++) {
    await store([makeObservation({ ...all[0], attackerUuid, id: `later-${i}`, ts: 5_000 + i })]);
  }
  expect(await countStored(attackerUuid)).toBe(200);
  const held = await readAll(attackerUuid, 1_000);
  expect(held.find(({ primitive }) => primitive === "test.primitive_0")).toMatchObject({ id: "later-49" });
});

it("values of the maximum length: a row holds few, and one whose values are replaced by such stays readable", async () => {
  const attackerUuid = crypto.randomUUID();
  const long = ofPointer(attackerUuid, "cowrie:sensor/long-values#close", 100).map((each) => ({
    ...each,
    value: JSON.stringify(noise(4_090)),
  }));
  await store(long);
  const rows = await storedSessions(attackerUuid);
  expect(Math.max(...rows.map(({ size }) => size))).toBeLessThanOrEqual(17);
  expect(await readAll(attackerUuid, 1_000)).toHaveLength(100);

  const other = crypto.randomUUID();
  const short = ofPointer(other, "cowrie:sensor/replaced#close", SESSION_ROW.observations);
  await store(short);
  await store(
    short.map((each) => ({ ...each, ts: each.ts + 1, id: noise(128), value: JSON.stringify(noise(4_090)) })),
  );
  const bytes = await env.DB.prepare(
    "SELECT max(length(body)) AS bytes FROM sessions JOIN attackers ON number = sessions.id >> 32 WHERE uuid = ?1",
  )
    .bind(other)
    .first<number>("bytes");
  expect(await storedSessions(other)).toHaveLength(1);
  expect(bytes).toBeLessThan(700_000);
  expect(await readAll(other, 1_000)).toHaveLength(SESSION_ROW.observations);
});

it("a page ends by bytes, too", async () => {
  const attackerUuid = crypto.randomUUID();
  const large = Array.from({ length: 1_000 }, () =>
    makeObservation({ attackerUuid, value: JSON.stringify(noise(4_090)) }),
  );
  for (const part of pieces(large, 100)) await store(part);
  const page = await readAttackersPage(env.DB, [attackerUuid], null, 100_000);
  expect(page.next).not.toBeNull();
  // A hexadecimal digit takes half a byte when it is packed.
  expect(page.observations.length).toBeLessThan(1_000);
  expect(idsOf(await readAll(attackerUuid, 100_000))).toEqual(idsOf(large));
  expect(await readExistingKeys(env.DB, large)).toHaveLength(1_000);
  expect(await readBackfillPage(env.DB, attackerUuid, null, 2_000)).toHaveLength(1_000);
});

it("a batch that continues more large rows than one reading takes reads them in parts, and leaves none out", async () => {
  const attackerUuid = crypto.randomUUID();
  const value = () => JSON.stringify(noise(4_000));
  const sessions = Array.from({ length: 160 }, (_, n) =>
    ofPointer(attackerUuid, `cowrie:sensor/${n}#close`, 15).map((each) => ({ ...each, value: value() })),
  );
  for (const some of pieces(sessions, 40)) await store(some.flat());
  const { db, counted } = counting(env.DB);
  const further = sessions.map((_, n) =>
    makeObservation({ attackerUuid, evidenceRef: `cowrie:sensor/${n}#kex`, primitive: "test.further" }),
  );
  const before = (await totals())["observations"] ?? 0;
  await store(further, { db });
  expect((await totals())["observations"]).toBe(before + further.length);
  expect(await countStored(attackerUuid)).toBe(160 * 16);
  // Two readings, and a round more that writes what the second one has read.
  expect(counted.calls).toBe(3);
});
