/** Events with long lists, and events that no queue message holds: neither stands in the way of those that follow. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { EVENT_LIST_BYTES, EVENT_LIST_ENTRIES } from "../../src/core/fitted-list.ts";
import { Tables } from "../../src/identity/store/tables.ts";
import { readHistory } from "../../src/storage/index.ts";
import { deliver } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { receivedFor, waitForSeq } from "../setup/outbound.ts";
import { payload } from "../setup/payload.ts";
import { quiesce } from "./sound.ts";

const QUEUE_MESSAGE_BYTES = 128_000;

function fresh() {
  const attackerUuid = crypto.randomUUID();
  const identityUuid = stubIdentityUuid(attackerUuid);
  return { attackerUuid, identityUuid, stub: env.IDENTITIES.getByName(identityUuid) };
}

/** A primitive of the longest name there can be. */
function longName(n: number): string {
  return `p${String(n).padStart(4, "0")}.${"x".repeat(122)}`;
}

/** Puts an event into an object's outbox, as the last one of its identity. */
async function addToOutbox(identityUuid: string, event: Record<string, unknown>): Promise<number> {
  const added = await inObject(env.IDENTITIES.getByName(identityUuid), (sql) => {
    const seq =
      Number(sql.exec("SELECT value ->> 'seq' AS seq FROM meta WHERE name = 'head'").one()["seq"]) + 1;
    sql.exec("UPDATE meta SET value = json_set(value, '$.seq', ?) WHERE name = 'head'", seq);
    new Tables(sql).need("outbox");
    sql.exec(
      "INSERT INTO outbox (seq, size, due_ts, events) VALUES (?, 1, 1, ?)",
      seq,
      JSON.stringify([{ v: 1, id: crypto.randomUUID(), seq, ...event }]),
    );
    return seq;
  });
  // The object caches what it stores.
  await evictDurableObject(env.IDENTITIES.getByName(identityUuid));
  return added;
}

describe("[§5] lists inside events", () => {
  it("1,000 alternating primitives with the longest names: every list ends in time, and the history stays small", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    for (const [i, value] of ["a", "b", "a", "b"].entries()) {
      const events = Array.from({ length: 1_000 }, (_, n) =>
        payload({
          attacker_uuid: attackerUuid,
          primitive: longName(n),
          value,
          ts: 1_714_000_000 + i * 60,
          evidence_ref: `e${i}`,
        }),
      );
      await deliver([{ events }]);
    }
    await quiesce(identityUuid);
    await expect
      .poll(async () => (await stub.inspect()).pending, { timeout: 120_000, interval: 200 })
      .toBe(0);
    const history = await readHistory(env.DB, identityUuid, 0, 10_000);
    const published = await waitForSeq(identityUuid, history.length);
    const suspicions = published.filter((event) => event.type === "profile.multi_actor_suspected");
    expect(suspicions).toHaveLength(999);
    const last = suspicions.at(-1);
    expect(last?.truncated).toBe(true);
    expect(last?.payload.evidence_summary).toBe("1000 primitives flagged multi_actor");
    for (const {
      payload: { primitives },
    } of suspicions) {
      expect(primitives.length).toBeLessThanOrEqual(EVENT_LIST_ENTRIES);
      expect(JSON.stringify(primitives).length).toBeLessThanOrEqual(EVENT_LIST_BYTES);
    }
    // What the API shows is what was published, byte for byte.
    expect(history.map(({ event }) => JSON.parse(event))).toEqual(published);
    const pages = await readHistory(env.DB, identityUuid, history.length - 7, 5);
    expect(pages.map(({ event }) => JSON.parse(event))).toEqual(published.slice(-7, -2));
    const stored = await env.DB.prepare(
      "SELECT sum(octet_length(event)) AS bytes FROM events WHERE identity_uuid = ?1",
    )
      .bind(identityUuid)
      .first<{ bytes: number }>();
    // As text, the whole lists would be 999 × 65 KB on average.
    expect(stored?.bytes).toBeLessThan(3_500_000);
    const listed = await env.DB.prepare("SELECT suspected FROM identities WHERE uuid = ?1")
      .bind(identityUuid)
      .first<{ suspected: string }>();
    expect(JSON.parse(listed?.suspected ?? "[]")).toHaveLength(1_000);
  });

  it("a list that an earlier version left whole in an outbox is sent cut, with truncated beside the payload", async () => {
    const { attackerUuid, identityUuid } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const attackers = Array.from({ length: 3_400 }, () => crypto.randomUUID()).toSorted();
    const seq = await addToOutbox(identityUuid, {
      topic: "identity.merged",
      type: "merged",
      ts: 1,
      payload: {
        winner_uuid: identityUuid,
        loser_uuid: crypto.randomUUID(),
        observation_uuids: attackers,
        confidence_after: null,
      },
    });
    await env.IDENTITIES.getByName(identityUuid).drain();
    const event = (await waitForSeq(identityUuid, seq)).find((each) => each.seq === seq);
    expect(event).toMatchObject({
      truncated: true,
      payload: { observation_uuids: attackers.slice(0, 1_000) },
    });
    const [row] = await readHistory(env.DB, identityUuid, seq - 1, 1);
    expect(JSON.parse(row?.event ?? "")).toEqual(event);
  });
});

describe("[§4] a page of events", () => {
  it("is cut by its bytes, not its characters: values of three bytes a character do not stop the outbox", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = Array.from({ length: 120 }, (_, n) =>
      payload({
        attacker_uuid: attackerUuid,
        primitive: `p.x${n}`,
        value: "漢".repeat(1_300),
        ts: 1_714_000_000 + n,
      }),
    );
    await deliver([{ events }]);
    await expect.poll(async () => (await stub.inspect()).pending, { timeout: 60_000 }).toBe(0);
    expect(await waitForSeq(identityUuid, 121)).toHaveLength(121);
  });
});

describe("[§4] an event that no queue message holds", () => {
  it("is kept as a dead letter and passed by; what follows is published", async () => {
    const { attackerUuid, identityUuid } = fresh();
    await deliver([payload({ attacker_uuid: attackerUuid })]);
    await quiesce(identityUuid);
    const seq = await addToOutbox(identityUuid, {
      topic: "attribution.profile.state_changed",
      type: "profile.state_changed",
      ts: 1,
      payload: {
        identity_uuid: identityUuid,
        primitive: "p.a",
        new_state: "stable",
        current_value: "x".repeat(QUEUE_MESSAGE_BYTES),
        ts: 1,
      },
    });
    await deliver([payload({ attacker_uuid: attackerUuid, primitive: "cognitive.cognitive_load" })]);
    const published = await waitForSeq(identityUuid, seq + 1);
    expect(published.map((event) => event.seq)).not.toContain(seq);
    await quiesce(identityUuid);
    const letter = await env.DB.prepare(
      "SELECT code, field, body_bytes, body FROM dead_letters WHERE id = ?1",
    )
      .bind(`${identityUuid}:${seq}`)
      .first<{ code: string; field: string; body_bytes: number; body: string }>();
    expect(letter).toMatchObject({ code: "unpublishable", field: "event" });
    expect(letter?.body.length).toBe(letter?.body_bytes);
    expect(receivedFor(identityUuid).map((event) => event.seq)).toEqual([1, 2, seq + 1]);
    expect((await env.IDENTITIES.getByName(identityUuid).inspect()).pending).toBe(0);
  });
});
