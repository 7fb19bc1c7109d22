/** What a small identity takes: pages of its object's SQLite, and rows written from its first session to its last event. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { deliver } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";
import { quiesce } from "./sound.ts";

type Stub = DurableObjectStub<import("../../src/identity/index.ts").IdentityObject>;

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** A session with an observation of each of some primitives. */
function session(attackerUuid: string, primitives: number, nth: number) {
  return {
    events: Array.from({ length: primitives }, (_, i) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `cognitive.primitive_number_${i}`,
        value: `value ${i} ${i % 3 === 0 ? nth % 2 : ""}`,
        ts: 1_714_000_000 + nth * 600,
        evidence_ref: `cowrie:sensor-a/${String(nth).padStart(12, "0")}#${i % 3}`,
      }),
    ),
  };
}

/** Counts the rows that an object writes from now on, alarms included. */
async function countRows(stub: Stub): Promise<{ take(): { rows: number; alarms: number } }> {
  const counted = { cursors: [] as SqlStorageCursor<never>[], alarms: 0 };
  await runInDurableObject(stub, (_, { storage }) => {
    const exec = storage.sql.exec.bind(storage.sql);
    replace(storage.sql, "exec", (text: string, ...bindings: unknown[]) => {
      const cursor = exec<never>(text, ...bindings);
      counted.cursors.push(cursor); (globalThis as any).texts ??= []; (globalThis as any).texts.push([text.slice(0,60), cursor]);
      return cursor;
    });
    const setAlarm = storage.setAlarm.bind(storage);
    replace(storage, "setAlarm", (at: number) => {
      counted.alarms++;
      return setAlarm(at);
    });
  });
  return {
    take() {
      const rows = counted.cursors.splice(0).reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
      const { alarms } = counted;
      counted.alarms = 0;
      return { rows, alarms };
    },
  };
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Bytes of an object's database with an alarm set. */
function sizeOf(stub: Stub): Promise<number> {
  return runInDurableObject(stub, async (_, { storage }) => {
    await storage.setAlarm(Date.now() + 60_000);
    return storage.sql.databaseSize;
  });
}

describe("[design] an object with one session", () => {
  it.each([[4], [30]])("of %d observations has eight pages at most", async (observations) => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const counted = await countRows(stub);
    await deliver([session(attackerUuid, observations, 0)]);
    await quiesce(identityUuid);
    console.error((globalThis as any).texts.splice(0).filter(([,c]: any) => c.rowsWritten > 0).map(([t,c]: any) => c.rowsWritten + " " + t).join("\n"));
    const first = counted.take();
    expect(await sizeOf(stub)).toBeLessThanOrEqual(32_768);
    const sizes = [await sizeOf(stub)];
    const later: unknown[] = [];
    for (let nth = 1; nth <= 14; nth++) {
      await deliver([session(attackerUuid, observations, nth)]);
      await quiesce(identityUuid);
      later.push(counted.take());
      sizes.push(await sizeOf(stub));
    }
    console.error(JSON.stringify({ observations, first, later, sizes }));
    await runInDurableObject(stub, (_, { storage }) => {
      console.error(JSON.stringify(storage.sql.exec("SELECT page, length(primitives), length(body) FROM states").toArray()), JSON.stringify(storage.sql.exec("SELECT name, length(sql) n FROM sqlite_master").toArray()));
    });
  });
});
