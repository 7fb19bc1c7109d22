/** Stores written by every earlier version are opened and go on: states, links, outbox, long work. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { deliver, statesOf } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { expectSound, heldRows, jobCount, quiesce, waitingWork } from "./sound.ts";
import { UNNUMBERED_TABLES } from "./unnumbered-tables.ts";
import { writeVersionOne } from "./version-one.ts";

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
    expect(await jobCount(identityUuid)).toBe(2);
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
    await expect(runInDurableObject(stub, () => {})).rejects.toThrow(/of version 2 or older, found 99/);
  });
});

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
