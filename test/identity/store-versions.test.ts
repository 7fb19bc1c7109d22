/** Stores written by every earlier version are opened and go on: states, links, outbox, long work. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import * as schema from "../../src/identity/store/schema.ts";
import { Tables } from "../../src/identity/store/tables.ts";
import { metered } from "./metered.ts";
import { eventsOf, expectSound, heldRows, jobCount, quiesce, waitingWork } from "./sound.ts";
import { UNNUMBERED_TABLES } from "./unnumbered-tables.ts";
import { insertRows, toVersionOne, writeVersionOne } from "./version-one.ts";
import { writeVersionTwo } from "./version-two.ts";

const PRIMITIVE = "motor.input_modality";
const HASHES = "toolchain.tls.ja3_client";

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** Puts an object's store into the tables of before migrations had numbers, as that version wrote them. */
async function writeUnnumbered(stub: ReturnType<typeof fresh>["stub"], more: string): Promise<void> {
  await writeVersionOne(stub, (sql) => {
    for (const table of [
      "meta",
      "attackers",
      "erased",
      "observations",
      "attributions",
      "hash_window",
      "outbox",
    ]) {
      sql.exec(`ALTER TABLE ${table} RENAME TO new_${table}`);
    }
    sql.exec("DROP INDEX hash_window_by_ts; DROP TABLE jobs; DROP TABLE staged");
    sql.exec(UNNUMBERED_TABLES);
    sql.exec(`
      INSERT INTO head SELECT 1, value FROM new_meta WHERE name = 'head';
      INSERT INTO attackers SELECT * FROM new_attackers;
      INSERT INTO erased SELECT * FROM new_erased;
      INSERT INTO observations SELECT primitive, evidence_ref, attacker_uuid, ts, id, value FROM new_observations;
      INSERT INTO attributions SELECT primitive, current_value, state, confidence, observation_count, last_change_ts,
        last_observation_ts, tail, '5,3,4,0.6,2,0.3,0.3,1,2,86400' FROM new_attributions;
      INSERT INTO hash_window SELECT * FROM new_hash_window;
      INSERT INTO outbox SELECT seq, due_ts, event, NULL FROM new_outbox;
      ${more}`);
    for (const table of [
      "meta",
      "attackers",
      "erased",
      "observations",
      "attributions",
      "hash_window",
      "outbox",
    ]) {
      sql.exec(`DROP TABLE new_${table}`);
    }
  });
}

describe("[design] a store of the version before migrations had numbers", () => {
  it("keeps every state, observation and link, and goes on applying", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const hashes = Array.from({ length: 70 }, (_, i) => `h${i}`);
    await deliver([
      {
        events: [
          ...series(attackerUuid, PRIMITIVE, ["a", "a", "a", "b"]),
          ...series(attackerUuid, HASHES, hashes),
        ],
      },
    ]);
    await quiesce(identityUuid);
    const [states, rows] = [await statesOf(identityUuid), await heldRows(identityUuid)];
    await writeUnnumbered(stub, "");
    expect(await statesOf(identityUuid)).toEqual(states);
    expect(await heldRows(identityUuid)).toEqual(rows);
    expect(await stub.inspect()).toMatchObject({ winnerUuid: null, linkCount: 1, pending: 0 });
    const tables = await inObject(stub, (sql) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'unnumbered%' OR name = 'head'").toArray(),
    );
    expect(tables).toEqual([]);
    await deliver([
      payload({ attacker_uuid: attackerUuid, primitive: PRIMITIVE, value: "a", ts: 1_715_000_000 }),
    ]);
    await deliver([
      payload({ attacker_uuid: attackerUuid, primitive: HASHES, value: "h71", ts: 1_714_005_000 }),
    ]);
    await quiesce(identityUuid);
    await expectSound(identityUuid);
  });

  it("publishes what its outbox held, whole lists included", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const seq = await inObject(stub, (sql) =>
      Number(sql.exec("SELECT value ->> 'seq' AS seq FROM meta WHERE name = 'head'").one()["seq"]),
    );
    const event = {
      v: 1,
      id: crypto.randomUUID(),
      seq: seq + 1,
      topic: "attribution.profile.multi_actor_suspected",
      type: "profile.multi_actor_suspected",
      ts: 1,
      payload: {
        identity_uuid: identityUuid,
        primitives: ["p.a", "p.b"],
        evidence_summary: "",
        confidence: 0.6,
        ts: 1,
      },
    };
    await writeUnnumbered(
      stub,
      `UPDATE head SET head = json_set(head, '$.seq', ${seq + 1});
       INSERT INTO outbox VALUES (${seq + 1}, 1, '${JSON.stringify(event)}', '["p.a","p.b"]');`,
    );
    await stub.drain();
    expect((await waitForSeq(identityUuid, seq + 1)).at(-1)).toEqual(event);
    expect(await waitingWork(identityUuid)).toEqual([]);
  });

  it("goes on from a suspicion that was published before", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const alternate = (primitive: string) => series(attackerUuid, primitive, ["a", "b", "a", "b"]);
    await deliver([{ events: [...alternate("p.a"), ...alternate("p.b"), ...alternate("p.c")] }]);
    await quiesce(identityUuid);
    await writeUnnumbered(stub, "");
    await deliver([{ events: [...alternate("p.d"), ...alternate("p.e")] }]);
    await quiesce(identityUuid);
    expect(await waitingWork(identityUuid)).toEqual([]);
    await expectSound(identityUuid);
  });

  it("goes on with its backfills and exchanges, and knows which merges it has heard of", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([{ events: series(attackerUuid, PRIMITIVE, ["a", "a", "a", "a", "a", "b", "c"]) }]);
    await quiesce(identityUuid);
    await env.DB.prepare("UPDATE attackers SET needs_backfill = 1 WHERE uuid = ?1").bind(attackerUuid).run();
    const link = `{"attackerUuid":"${attackerUuid}","linkVersion":1,"firstSeenTs":1714000000}`;
    await writeUnnumbered(
      stub,
      `DELETE FROM observations WHERE primitive = '${PRIMITIVE}' AND value = '"c"';
       INSERT INTO merged VALUES (1, NULL, 7, 1);
       INSERT INTO sync_keys VALUES ('unmerge:7');
       INSERT INTO syncs (plan, attacker_index) VALUES ('{"key":null,"load":[${link}],"drop":[],"announce":null}', 0);
       INSERT INTO backfills (attacker_uuid, link_version) VALUES ('${attackerUuid}', 1);`,
    );
    // The third one packs the observations.
    expect(await jobCount(identityUuid)).toBe(3);
    // The merge before that unmerge comes too late.
    await stub.mergeAway(crypto.randomUUID(), [], 7);
    expect((await stub.inspect()).winnerUuid).toBeNull();
    await stub.drain();
    await quiesce(identityUuid);
    await expectSound(identityUuid);
    const row = await env.DB.prepare("SELECT needs_backfill AS n FROM attackers WHERE uuid = ?1")
      .bind(attackerUuid)
      .first<{ n: number }>();
    expect(row?.n).toBe(0);
  });

  it("is refused if a newer version of the Worker wrote it", async () => {
    const { attackerUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await inObject(stub, (sql) => sql.exec("INSERT INTO meta (name, value) VALUES ('version', '99')"));
    await evictDurableObject(stub);
    await expect(runInDurableObject(stub, () => {})).rejects.toThrow(/of version 3 or older, found 99/);
  });
});

/** The tables that are created when they are needed. */
const ON_DEMAND = ["outbox", "jobs", "staged", "erased", "hash_window", "hook_entries"] as const;

const EXCHANGE = { notice: null, isWhole: true, drop: [] };

describe("[design] a store of version 1", () => {
  it("keeps every state, observation and link before its observations are packed and after, and goes on applying", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const hashes = Array.from({ length: 70 }, (_, i) => `h${i}`);
    await deliver([
      {
        events: [
          ...series(attackerUuid, PRIMITIVE, ["a", "a", "a", "b"]),
          ...series(attackerUuid, "toolchain.c2.beacon_interval_ms", [5_000, 5_001.5, 1e-7, -3]),
          ...series(attackerUuid, HASHES, hashes),
        ],
      },
    ]);
    await quiesce(identityUuid);
    const [states, rows] = [await statesOf(identityUuid), await heldRows(identityUuid)];
    const recent = await stub.readRecent();
    await writeVersionOne(stub);
    expect(await statesOf(identityUuid)).toEqual(states);
    expect(await heldRows(identityUuid)).toEqual(rows);
    expect(await stub.readRecent()).toEqual(recent);
    expect((await stub.inspect()).jobs.map(({ kind }) => kind)).toEqual(["pack"]);
    const before = payload({
      attacker_uuid: attackerUuid,
      primitive: PRIMITIVE,
      value: "a",
      ts: 1_715_000_000,
    });
    const after = payload({
      attacker_uuid: attackerUuid,
      primitive: HASHES,
      value: "h71",
      ts: 1_714_005_000,
    });
    await deliver([before]);
    await quiesce(identityUuid);
    await deliver([after, before]);
    await expectSound(identityUuid);
    expect(await heldRows(identityUuid)).toHaveLength(rows.length + 2);
    expect(await inObject(stub, (sql) => tableTexts(sql))).toEqual(await newTables(["jobs", "hash_window"]));
  });

  it("has the same tables as a new one once its observations are packed", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const texts = await inObject(stub, tableTexts);
    expect(texts).toEqual(await newTables([]));
    await writeVersionOne(stub);
    await quiesce(identityUuid);
    await stub.drain();
    expect(await inObject(stub, tableTexts)).toEqual(await newTables(["jobs"]));
    await writeUnnumbered(stub, "");
    await quiesce(identityUuid);
    await stub.drain();
    expect(await inObject(stub, tableTexts)).toEqual(await newTables(["jobs"]));
    await expectSound(identityUuid);
  });

  it("has the tables that the schema declares, and so has a new one", async () => {
    const declared = Object.values(schema).map((table) => {
      const { name, columns, primaryKeys } = getTableConfig(table);
      const inKey = new Set(primaryKeys.flatMap((key) => key.columns.map((column) => column.name)));
      return {
        name,
        columns: columns.map((column) => ({
          name: column.name,
          type: column.getSQLType().toUpperCase(),
          isRequired: column.notNull,
          isInKey: column.primary || inKey.has(column.name),
        })),
      };
    });
    const stored = await inObject(fresh().stub, (sql) => {
      const tables = new Tables(sql);
      tables.create();
      for (const name of ON_DEMAND) tables.need(name);
      return Object.keys(tableTexts(sql))
        .filter((name) => name !== "hash_window_by_ts")
        .map((name) => ({
          name,
          columns: sql
            .exec<{ name: string; type: string; notnull: number; pk: number }>(
              'SELECT name, type, "notnull", pk FROM pragma_table_info(?)',
              name,
            )
            .toArray()
            .map((column) => ({
              name: column.name,
              type: column.type,
              isRequired: column.notnull === 1,
              isInKey: column.pk > 0,
            })),
        }));
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(stored.toSorted(byName)).toEqual(
      declared.filter(({ name }) => name !== "observation_rows").toSorted(byName),
    );
  });

  it("publishes what its outbox held: suspicions as differences, to one that was published and to each other", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const seq = (await eventsOf(identityUuid)).length;
    const lists = [
      ["p.a", "p.b"],
      ["p.a", "p.b", "p.c"],
      ["p.a", "p.c"],
    ];
    const events = lists.map((primitives, i) => ({
      v: 1,
      id: crypto.randomUUID(),
      seq: seq + 1 + i,
      topic: "attribution.profile.multi_actor_suspected",
      type: "profile.multi_actor_suspected",
      ts: 5,
      payload: { identity_uuid: identityUuid, primitives, evidence_summary: "", confidence: 0.6, ts: 1 },
    }));
    const differences = [
      { added: ["p.b"], removed: ["p.0"] },
      { added: ["p.c"], removed: [] },
      { added: [], removed: ["p.b"] },
    ];
    await writeVersionOne(stub, (sql) => {
      sql.exec("UPDATE meta SET value = json_set(value, '$.seq', ?) WHERE name = 'head'", seq + 3);
      const published = { seq, primitives: ["p.0", "p.a"], differences: 0 };
      insertRows(sql, "meta", [["suspicion", JSON.stringify(published)]]);
      const rows = events.map(({ payload: { primitives: _, ...rest }, ...event }, i) => [
        event.seq,
        5,
        JSON.stringify({ ...event, payload: rest, difference: differences[i] }),
      ]);
      insertRows(sql, "outbox", rows);
    });
    expect((await stub.inspect()).pending).toBe(3);
    await stub.drain();
    expect((await waitForSeq(identityUuid, seq + 3)).slice(-3)).toEqual(events);
    expect(await waitingWork(identityUuid)).toEqual([]);
  });

  it("publishes thousands of events that waited, in rows of a hundred", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const seq = (await eventsOf(identityUuid)).length;
    const events = Array.from({ length: 2_345 }, (_, i) => ({
      v: 1,
      id: crypto.randomUUID(),
      seq: seq + 1 + i,
      topic: "identity.formed",
      type: "formed",
      ts: 5 + i,
      payload: {
        identity_uuid: identityUuid,
        observation_uuids: [attackerUuid],
        confidence: null,
        first_seen_at: 1,
      },
    }));
    await writeVersionOne(stub, (sql) => {
      sql.exec(
        "UPDATE meta SET value = json_set(value, '$.seq', ?) WHERE name = 'head'",
        seq + events.length,
      );
      insertRows(
        sql,
        "outbox",
        events.map((event) => [event.seq, event.ts, JSON.stringify(event)]),
      );
    });
    expect((await stub.inspect()).pending).toBe(events.length);
    const rows = await inObject(stub, (sql) => sql.exec("SELECT size FROM outbox").toArray());
    expect(rows).toHaveLength(Math.ceil(events.length / 100) - 1);
    await expect
      .poll(async () => {
        await stub.drain();
        return (await stub.inspect()).pending;
      })
      .toBe(0);
    expect((await eventsOf(identityUuid)).slice(seq)).toEqual(events);
  });

  it("goes on with its backfills, and starts its exchanges again", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([{ events: series(attackerUuid, PRIMITIVE, ["a", "a", "a", "a", "a", "b", "c"]) }]);
    await quiesce(identityUuid);
    await env.DB.prepare("UPDATE attackers SET needs_backfill = 1 WHERE uuid = ?1").bind(attackerUuid).run();
    const link = { attackerUuid, linkVersion: 1, firstSeenTs: 1_714_000_000 };
    await writeVersionOne(stub, (sql) => {
      sql.exec(`DELETE FROM observations WHERE value = '"c"'`);
      insertRows(sql, "jobs", [
        ["rebuild", "exchange", 1, JSON.stringify({ ...EXCHANGE, load: [link] }), READ, 7, 2, "an error", 0],
        [
          `backfill:${attackerUuid}`,
          "backfill",
          2,
          JSON.stringify({ attackerUuid, linkVersion: 1 }),
          null,
          0,
          0,
          null,
          0,
        ],
        ["merge:1:x", "exchange", 0, null, null, 3, 0, null, 0],
      ]);
      insertRows(sql, "staged", [["rebuild", attackerUuid, PRIMITIVE, "gone", 1, "i", '"z"']]);
    });
    expect((await stub.inspect()).jobs.map(({ kind }) => kind)).toEqual(["exchange", "backfill", "pack"]);
    const [job] = await inObject(stub, (sql) =>
      sql.exec("SELECT progress, revision FROM jobs WHERE key = 'rebuild'").toArray(),
    );
    expect(job).toEqual({ progress: null, revision: 8 });
    await stub.drain();
    await expectSound(identityUuid);
    expect((await heldRows(identityUuid)).map(({ value }) => value)).toContain('"c"');
    const known = await inObject(stub, (sql) => sql.exec("SELECT key, revision FROM jobs").toArray());
    expect(known).toEqual([{ key: "merge:1:x", revision: 3 }]);
  });

  it("keeps its rows if the conversion is cut off, and is converted at the next call", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([{ events: series(attackerUuid, PRIMITIVE, ["a", "a", "a", "b"]) }]);
    await quiesce(identityUuid);
    const states = await statesOf(identityUuid);
    let text: SqlStorageValue = null;
    await runInDurableObject(stub, (_, { storage }) => {
      storage.transactionSync(() => {
        toVersionOne(storage);
        text = storage.sql.exec("SELECT tail FROM attributions").one()["tail"] ?? null;
        storage.sql.exec("UPDATE attributions SET tail = 'none'");
      });
      const before = tableTexts(storage.sql);
      expect(() => new IdentityStore(storage, identityUuid)).toThrow(SyntaxError);
      expect(tableTexts(storage.sql)).toEqual(before);
      storage.sql.exec("UPDATE attributions SET tail = ?", text);
    });
    await evictDurableObject(stub);
    expect(await statesOf(identityUuid)).toEqual(states);
    await expectSound(identityUuid);
  });

  it("with 100,000 observations opens at once, and takes calls while they are packed", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid, primitive: "p.first" })]);
    await quiesce(identityUuid);
    const count = 100_000;
    await runInDurableObject(stub, (_, { storage }) => {
      storage.transactionSync(() => {
        toVersionOne(storage);
        storage.sql.exec(
          `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
           INSERT INTO observations
           SELECT ?, 'p.n' || (i % 30), 'cowrie:s/' || (i / 30) || '#close', 1700000000 + i, 'i' || i, '"v"' FROM n`,
          count,
          attackerUuid,
        );
      });
      const { sql, take } = metered(storage.sql);
      // Opened as an object opens it.
      expect(new IdentityStore(metering(storage, sql), identityUuid).jobs.isEmpty).toBe(false);
      const { read, written } = take();
      expect(read).toBeLessThan(200);
      expect(written).toBeLessThan(100);
    });
    await evictDurableObject(stub);
    const late = (i: number, value: string) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `p.n${i % 30}`,
        evidence_ref: `cowrie:s/${Math.floor(i / 30)}#close`,
        ts: 1_790_000_000 + i,
        value,
      });
    // Some are known, one is new, and packing goes on beside them.
    const packing = stub.drain();
    for (const [i, value] of [
      [0, "first"],
      [count / 2, "middle"],
      [count - 1, "last"],
      [count, "new"],
    ] as const) {
      await deliver([late(i, value)]);
    }
    expect(await unpackedIn(stub)).toBeGreaterThan(0);
    await packing;
    await expect.poll(() => unpackedIn(stub)).toBe(0);
    const held = await heldRows(identityUuid);
    expect(held).toHaveLength(count + 2);
    expect(
      held
        .filter(({ ts }) => ts >= 1_790_000_000)
        .map(({ value }) => value)
        .toSorted(),
    ).toEqual(['"first"', '"last"', '"middle"', '"new"']);
    await stub.verify();
    const counts = (await statesOf(identityUuid)).map(({ observationCount }) => observationCount);
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(count + 2);
  });
});

describe("[design] a store of version 2", () => {
  it("keeps every state, observation and link, and goes on applying, also late data", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([
      {
        events: [
          ...series(attackerUuid, PRIMITIVE, ["a", "a", "a", "b"]),
          ...series(
            attackerUuid,
            HASHES,
            Array.from({ length: 70 }, (_, i) => `h${i}`),
          ),
        ],
      },
    ]);
    await quiesce(identityUuid);
    const [states, rows] = [await statesOf(identityUuid), await heldRows(identityUuid)];
    await writeVersionTwo(stub);
    expect(await statesOf(identityUuid)).toEqual(states);
    expect(await heldRows(identityUuid)).toEqual(rows);
    expect(await inObject(stub, tableTexts)).toEqual(await newTables(["hash_window"]));
    const lastTimes = () =>
      inObject(stub, (sql) =>
        sql
          .exec("SELECT last_ts FROM sessions")
          .toArray()
          .map((row) => row["last_ts"]),
      );
    // What version 2 wrote may end at any time.
    expect(new Set(await lastTimes())).toEqual(new Set([null]));
    await deliver([
      payload({ attacker_uuid: attackerUuid, primitive: PRIMITIVE, value: "c", ts: 1_715_000_000 }),
      payload({ attacker_uuid: attackerUuid, primitive: PRIMITIVE, value: "d", ts: 1_713_000_000 }),
    ]);
    await quiesce(identityUuid);
    await expectSound(identityUuid);
    expect(await heldRows(identityUuid)).toHaveLength(rows.length + 2);
    expect(await lastTimes()).toContain(1_715_000_000);
  });

  it("has the same tables as a new one, whichever tables it has needed", async () => {
    const { attackerUuid, stub } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await writeVersionTwo(stub);
    expect(await inObject(stub, tableTexts)).toEqual(await newTables([]));
    await inObject(stub, (sql) => {
      const tables = new Tables(sql);
      for (const name of ON_DEMAND) tables.need(name);
    });
    await writeVersionTwo(stub);
    const needed = ON_DEMAND.filter((name) => name !== "hook_entries");
    expect(await inObject(stub, tableTexts)).toEqual(await newTables(needed));
  });

  it("goes on with an exchange that has staged rows", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver([{ events: series(attackerUuid, PRIMITIVE, ["a", "a", "a", "b"]) }]);
    await quiesce(identityUuid);
    const load = [{ attackerUuid, linkVersion: 1, firstSeenTs: 1 }];
    await inObject(stub, (sql) => {
      const tables = new Tables(sql);
      tables.need("jobs");
      tables.need("staged");
      sql.exec(
        `INSERT INTO staged (job_key, attacker_uuid, place, is_full, size, first_ts, body)
         SELECT 'rebuild', ?, id & 4294967295, is_full, size, first_ts, body FROM sessions`,
        attackerUuid,
      );
      insertRows(sql, "jobs", [
        [
          "rebuild",
          "exchange",
          1,
          JSON.stringify({ ...EXCHANGE, load }),
          '{"phase":"read","index":1,"after":null}',
          0,
          0,
          null,
          0,
        ],
      ]);
    });
    await writeVersionTwo(stub);
    await stub.drain();
    await quiesce(identityUuid);
    expect(await waitingWork(identityUuid)).toEqual([]);
    await expectSound(identityUuid);
    expect(await heldRows(identityUuid)).toHaveLength(4);
  });
});

/** How many observations of an object are not packed yet. */
function unpackedIn(stub: ReturnType<typeof fresh>["stub"]): Promise<number> {
  return inObject(stub, (sql) =>
    new Tables(sql).has("observation_rows")
      ? Number(sql.exec("SELECT count(*) AS n FROM observation_rows").one()["n"])
      : 0,
  );
}

/** An object's storage with another SQLite. */
function metering(storage: DurableObjectStorage, sql: SqlStorage): DurableObjectStorage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "sql") return sql;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** The progress of an exchange that was reading, as version 1 wrote it. */
const READ = '{"phase":"read","index":0,"after":{"primitive":"p","evidenceRef":"e"}}';

/** The statements that made the tables and indexes of a store, in one spelling. */
function tableTexts(sql: SqlStorage): Record<string, string> {
  const rows = sql
    .exec<{ name: string; sql: string | null }>("SELECT name, sql FROM sqlite_master")
    .toArray();
  return Object.fromEntries(
    rows
      .filter(({ name, sql: text }) => text !== null && !/^(_|sqlite_)/.test(name))
      .map(({ name, sql: text }) => [name, (text ?? "").replaceAll(/["`\s]+/g, "").toLowerCase()]),
  );
}

/** The same of a new store. @param onDemand - tables that it has needed */
function newTables(onDemand: readonly Parameters<Tables["need"]>[0][]): Promise<Record<string, string>> {
  return inObject(fresh().stub, (sql) => {
    const tables = new Tables(sql);
    tables.create();
    for (const name of onDemand) tables.need(name);
    return tableTexts(sql);
  });
}

describe("[design] an object that nothing was written to", () => {
  it("has no tables, whatever it is asked", async () => {
    const { identityUuid, stub } = fresh();
    await stub.attribution();
    await stub.readAttribution(5);
    await stub.inspect();
    await stub.verify();
    await stub.remove([]);
    await stub.expire(5, 10);
    await stub.drain();
    await stub.release(crypto.randomUUID(), 3);
    await stub.checkRange({ after: null, through: null }, { count: 0, digest: "" });
    const tables = await inObject(env.IDENTITIES.getByName(identityUuid), (sql) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});
