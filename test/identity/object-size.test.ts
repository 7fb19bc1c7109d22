/** What a small identity takes: pages of its object's SQLite, and rows written from its first session to its last event. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { deliver } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { payload } from "../setup/payload.ts";
import { quiesce } from "./sound.ts";

type Stub = DurableObjectStub<IdentityObject>;

/** The target: eight pages of 4 KB, one of which is the local runtime's. */
const EIGHT_PAGES = 32_768;

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** A session with an observation of each of some primitives, and three pointers. */
function session(attackerUuid: string, primitives: number, nth: number) {
  return {
    events: Array.from({ length: primitives }, (_, i) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `cognitive.primitive_number_${i}`,
        value: `value ${i}`,
        ts: 1_714_000_000 + nth * 600,
        evidence_ref: `cowrie:sensor-a/${String(nth).padStart(12, "0")}#${i % 3}`,
      }),
    ),
  };
}

/** Counts what an object writes from now on: rows of its tables, and alarms set, each of which is billed as a row. */
async function countRows(stub: Stub): Promise<{ take(): { rows: number; alarms: number } }> {
  const cursors: SqlStorageCursor<never>[] = [];
  let alarms = 0;
  await runInDurableObject(stub, (_, { storage }) => {
    const exec = storage.sql.exec.bind(storage.sql);
    replace(storage.sql, "exec", (text: string, ...bindings: unknown[]) => {
      const cursor = exec<never>(text, ...bindings);
      cursors.push(cursor);
      return cursor;
    });
    const setAlarm = storage.setAlarm.bind(storage);
    replace(storage, "setAlarm", (at: number) => {
      alarms++;
      return setAlarm(at);
    });
  });
  return {
    take() {
      const counted = {
        rows: cursors.splice(0).reduce((sum, cursor) => sum + cursor.rowsWritten, 0),
        alarms,
      };
      alarms = 0;
      return counted;
    },
  };
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Waits until everything is published, without an alarm. */
async function published(stub: Stub): Promise<void> {
  await expect.poll(async () => (await stub.inspect()).pending).toBe(0);
}

describe("[design] an object with one session", () => {
  it.each([[4], [30]])(
    "of %d observations has at most eight pages, with an alarm set",
    async (primitives) => {
      const { attackerUuid, identityUuid, stub } = fresh();
      await deliver([session(attackerUuid, primitives, 0)]);
      await runInDurableObject(stub, async (_, { storage }) => {
        await storage.setAlarm(Date.now() + 60_000);
        expect(storage.sql.databaseSize).toBeLessThanOrEqual(EIGHT_PAGES);
      });
      await quiesce(identityUuid);
      await runInDurableObject(stub, async (_, { storage }) => {
        await storage.setAlarm(Date.now() + 60_000);
        // What the events took is free again.
        expect(storage.sql.databaseSize).toBeLessThanOrEqual(24_576);
      });
      const names = await inObject(stub, (sql) =>
        sql
          .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name")
          .toArray(),
      );
      expect(names.map(({ name }) => name)).toEqual(["attackers", "meta", "sessions", "states"]);
    },
  );

  it.each([
    [4, 1],
    [30, 2],
  ])("of %d observations writes few rows, a further one %d for its states", async (primitives, pages) => {
    const { attackerUuid, stub } = fresh();
    const counted = await countRows(stub);
    const repeated = session(attackerUuid, primitives, 0);
    await deliver([repeated]);
    await published(stub);
    // Two rows for each of four tables, the attacker, the session, the states, the head with its events, and without them.
    expect(counted.take()).toEqual({ rows: 8 + 1 + 1 + pages + 2, alarms: 1 });
    const costs = [];
    for (let nth = 1; nth <= 12; nth++) {
      await deliver([session(attackerUuid, primitives, nth)]);
      await published(stub);
      costs.push(counted.take());
    }
    const [transition, steady] = [
      { rows: 1 + pages + 2, alarms: 1 },
      { rows: 1 + pages, alarms: 0 },
    ];
    expect(costs.slice(4)).toEqual(costs.slice(4).map(() => steady));
    expect(costs.filter(({ alarms }) => alarms > 0)).toEqual([transition]);
    await deliver([repeated]);
    expect(counted.take()).toEqual({ rows: 0, alarms: 0 });
  });
});
