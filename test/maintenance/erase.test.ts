/** Erasing an attacker: nothing of it is found anywhere afterwards, but the tombstone and the `seq` counter. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { followLinks, keepExhausted, readHistory, readTotals } from "../../src/storage/index.ts";
import { unpack } from "../../src/storage/packed.ts";
import { call } from "../setup/api.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { afterPageRead, retarget } from "../setup/identity-object.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { letter } from "./letters.ts";
import { countHeld, stageHeld } from "../setup/object-observations.ts";
import { countStored } from "../setup/observations.ts";

const PRIMITIVE = "motor.input_modality";

const erase = (attackerUuid: string) => call("DELETE", `attackers/${attackerUuid}`);

/** Every row of every table that holds a text, as `table: row`. */
function rowsWith(tables: { name: string; rows: unknown[] }[], text: string): string[] {
  return tables.flatMap(({ name, rows }) =>
    rows.map((row) => `${name}: ${JSON.stringify(row)}`).filter((row) => row.includes(text)),
  );
}

/** A row of D1 with its packed columns as texts. */
function unpacked(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const columns = Object.entries(row).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    return [name, unpack(value.map((byte) => Number(byte).toString(16).padStart(2, "0")).join(""))];
  });
  return Object.fromEntries(columns);
}

async function databaseRowsWith(text: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
  ).all<{ name: string }>();
  const tables = await Promise.all(
    results.map(async ({ name }) => ({
      name,
      rows: (await env.DB.prepare(`SELECT * FROM ${name}`).all()).results.map(unpacked),
    })),
  );
  return rowsWith(tables, text);
}

function objectRowsWith(identityUuid: string, text: string): Promise<string[]> {
  return runInDurableObject(env.IDENTITIES.getByName(identityUuid), (_, state) => {
    const { sql } = state.storage;
    const names = sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray();
    return rowsWith(
      names.map(({ name }) => ({ name, rows: sql.exec(`SELECT * FROM "${name}"`).toArray() })),
      text,
    );
  });
}

/** Values and evidence pointers that occur nowhere else. */
function secretSeries(attackerUuid: string, mark: string, count = 6) {
  return series(
    attackerUuid,
    PRIMITIVE,
    Array.from({ length: count }, (_, i) => `${mark}-value-${i % 2}`),
  ).map((event, i) => ({ ...event, id: `${mark}-id-${i}`, evidence_ref: `${mark}-evidence-${i}` }));
}

async function expectErased(attackerUuid: string, mark: string, identityUuids: string[]): Promise<void> {
  expect(await databaseRowsWith(mark)).toEqual([]);
  expect((await databaseRowsWith(attackerUuid)).filter((row) => !row.startsWith("erasures: "))).toEqual([]);
  for (const identityUuid of identityUuids) {
    expect(await objectRowsWith(identityUuid, mark)).toEqual([]);
    const rows = await objectRowsWith(identityUuid, attackerUuid);
    expect(rows.filter((row) => !row.startsWith("erased: "))).toEqual([]);
  }
}

describe("[§6] erase", () => {
  it("of an identity's only attacker: nothing stays but the tombstone and the seq counter", async () => {
    const [attackerUuid, mark] = [crypto.randomUUID(), crypto.randomUUID()];
    const identityUuid = stubIdentityUuid(attackerUuid);
    const before = await readTotals(env.DB);
    await deliver([
      ...secretSeries(attackerUuid, mark),
      { ...payload({ attacker_uuid: attackerUuid, confidence: 7 }), id: mark },
    ]);
    await waitForSeq(identityUuid, 4);
    expect(await databaseRowsWith(mark)).not.toEqual([]);
    const link = (await followLinks(env.DB, [attackerUuid])).get(attackerUuid);
    const response = await erase(attackerUuid);
    expect(response.status).toBe(200);
    const { erased_ts: erasedTs } = await response.json<{ erased_ts: number }>();
    await expectErased(attackerUuid, mark, [identityUuid]);
    expect(await databaseRowsWith(attackerUuid)).toEqual([
      `erasures: ${JSON.stringify({ attacker_uuid: attackerUuid, erased_ts: erasedTs })}`,
    ]);
    expect((await call("GET", `attackers/${attackerUuid}/attribution`)).status).toBe(404);
    expect((await call("GET", `identities/${identityUuid}/attribution`)).status).toBe(404);
    const after = await readTotals(env.DB);
    expect([after.observations, after.attackers, after.identities, after.states]).toEqual([
      before.observations,
      before.attackers,
      before.identities,
      before.states,
    ]);

    // What comes again from before is dropped and counted; what is newer begins anew, with the next seq.
    await deliver(secretSeries(attackerUuid, mark));
    await expectErased(attackerUuid, mark, [identityUuid]);
    // The call of a batch that was stored before, and got to the object only now.
    const late = {
      id: "late",
      attackerUuid,
      primitive: PRIMITIVE,
      value: `"${mark}"`,
      ts: 1,
      evidenceRef: mark,
    };
    const answer = await env.IDENTITIES.getByName(identityUuid).apply({
      links: link ? [link] : [],
      observations: [late],
    });
    expect(answer).toEqual({ outcome: "applied", applied: 0, transitions: 0 });
    await expectErased(attackerUuid, mark, [identityUuid]);
    const counted = await env.DB.prepare("SELECT value FROM counters WHERE name = 'erased'").first();
    expect(counted).toEqual({ value: 6 });
    const later = await deliver([payload({ attacker_uuid: attackerUuid, ts: erasedTs + 10 })]);
    expect(later.explicitAcks).toHaveLength(1);
    expect(await statesOf(identityUuid)).toMatchObject([{ state: "unknown", observationCount: 1 }]);
    await waitForSeq(identityUuid, 6);
    const history = await readHistory(env.DB, identityUuid, 4, 10);
    expect(history.map(({ event }) => JSON.parse(event).type)).toEqual(["formed", "profile.state_changed"]);
  });

  it("of one of several: its share of every state goes, one transition for what changed, without naming it", async () => {
    const [erased, kept, identityUuid, mark] = [
      crypto.randomUUID(),
      crypto.randomUUID(),
      crypto.randomUUID(),
      crypto.randomUUID(),
    ];
    for (const attackerUuid of [erased, kept])
      await call("PUT", `attackers/${attackerUuid}`, { identity_uuid: identityUuid, ip: "192.0.2.1" });
    await deliver(series(kept, PRIMITIVE, ["a", "a", "a"], 1_713_000_000));
    await deliver([...secretSeries(erased, mark), ...series(erased, "cognitive.cognitive_load", ["low"])]);
    const before = (await statesOf(identityUuid)).find(({ primitive }) => primitive === PRIMITIVE);
    expect(before?.state).toBe("multi_actor");
    await erase(erased);
    expect(await statesOf(identityUuid)).toMatchObject([
      {
        primitive: PRIMITIVE,
        state: "stable",
        observationCount: 3,
        currentValue: '"a"',
        lastObservationTs: 1_713_000_120,
      },
    ]);
    await vi.waitFor(async () => {
      const history = (await readHistory(env.DB, identityUuid, 0, 100)).map(({ event }) => JSON.parse(event));
      expect(history.at(-1)).toMatchObject({ payload: { old_state: "multi_actor", new_state: "stable" } });
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, i) => i + 1));
    });
    await expectErased(erased, mark, [identityUuid]);
  });

  it("reaches merged-away identities and both sides of undone merges", async () => {
    const [first, second, other] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const mark = crypto.randomUUID();
    await deliver([
      ...secretSeries(first, mark),
      ...series(second, PRIMITIVE, ["x", "x", "x"]),
      ...series(other, PRIMITIVE, ["y"]),
    ]);
    const [loser, winner, third] = [first, second, other].map(stubIdentityUuid) as [string, string, string];
    await call("POST", `identities/${third}/merge`, { loser_uuid: loser });
    await call("POST", `identities/${loser}/unmerge`);
    await call("POST", `identities/${winner}/merge`, { loser_uuid: loser });
    await vi.waitFor(async () => expect((await readTotals(env.DB)).outbox.pending).toBe(0));
    await erase(first);
    await expectErased(first, mark, [loser, winner, third]);
    expect(await statesOf(winner)).toMatchObject([{ state: "stable", observationCount: 3 }]);
    // The attacker comes back: its own identity is free again.
    await deliver([payload({ attacker_uuid: first, ts: Date.now() / 1_000 + 60 })]);
    expect(await statesOf(loser)).toMatchObject([{ observationCount: 1 }]);
  });

  it("reaches events that wait to be published, and observations that an exchange has read already", async () => {
    const [attackerUuid, other, mark] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const [identityUuid, winnerUuid] = [stubIdentityUuid(attackerUuid), stubIdentityUuid(other)];
    await deliver([payload({ attacker_uuid: other })]);
    const winner = env.IDENTITIES.getByName(winnerUuid);
    await deliver(secretSeries(attackerUuid, mark));
    const down = { sendBatch: () => Promise.reject(new Error("the queue is down")) };
    await retarget(winner, (targets) => ({ ...targets, queue: down }));
    await afterPageRead(winner, () => erase(attackerUuid));
    await call("POST", `identities/${winnerUuid}/merge`, { loser_uuid: identityUuid });
    await expectErased(attackerUuid, mark, [identityUuid, winnerUuid]);
    expect(await statesOf(winnerUuid)).toMatchObject([{ observationCount: 1 }]);

    const [second, secondMark] = [crypto.randomUUID(), crypto.randomUUID()];
    const secondUuid = stubIdentityUuid(second);
    const stub = env.IDENTITIES.getByName(secondUuid);
    await retarget(stub, (targets) => ({ ...targets, queue: down }));
    await deliver(secretSeries(second, secondMark));
    expect(await objectRowsWith(secondUuid, secondMark)).toContainEqual(
      expect.stringMatching(/^(meta|outbox): /),
    );
    await stageHeld(stub, "merge:1");
    await erase(second);
    await expectErased(second, secondMark, [secondUuid]);
  });

  it("leaves the others' events in their places in a dead letter that speaks of several", async () => {
    const [erased, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const body = { events: [payload({ attacker_uuid: erased }), payload({ attacker_uuid: other })] };
    await deliver([payload({ attacker_uuid: erased })]);
    await keepExhausted(env.DB, [letter("several", body)], []);
    await erase(erased.toUpperCase().replaceAll("-", ""));
    const row = await env.DB.prepare("SELECT body FROM dead_letters WHERE id = 'several'").first<{
      body: string;
    }>();
    expect(JSON.parse(row?.body ?? "")).toEqual({ events: [{ erased: true }, body.events[1]] });
  });

  it("of a session that goes on after it: what is newer stays, in D1 and object, and old repeats are dropped", async () => {
    const [attackerUuid, mark] = [crypto.randomUUID(), crypto.randomUUID()];
    const identityUuid = stubIdentityUuid(attackerUuid);
    const event = (i: number, ts: number) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `test.primitive_${i}`,
        evidence_ref: `cowrie:sensor/${attackerUuid}#close`,
        value: ts < Date.now() / 1_000 ? mark : "new",
        ts,
      });
    // More than a row holds, so that newer ones are deeper than a row that is emptied.
    const old = Array.from({ length: 200 }, (_, i) => event(i, 1_714_000_000 + i));
    const newer = Array.from({ length: 40 }, (_, i) => event(1_000 + i, Date.now() / 1_000 + 600 + i));
    const before = (await readTotals(env.DB)).observations;
    await deliver([{ events: old }, { events: newer }]);
    expect(await (await erase(attackerUuid)).json()).toMatchObject({ done: true });
    expect(await databaseRowsWith(mark)).toEqual([]);
    expect(await objectRowsWith(identityUuid, mark)).toEqual([]);
    await deliver([{ events: old }, { events: newer }]);
    expect(await countStored(attackerUuid)).toBe(40);
    expect(await countHeld(env.IDENTITIES.getByName(identityUuid))).toBe(40);
    expect((await readTotals(env.DB)).observations).toBe(before + 40);
    expect(await statesOf(identityUuid)).toHaveLength(40);
  });

  it("of somebody unknown is 404", async () => {
    expect((await erase(crypto.randomUUID())).status).toBe(404);
  });
});
