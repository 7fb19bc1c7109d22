/** A batch for 10,000 identities stays within the limits of one invocation: queries to D1 and calls to objects. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { dispatch, type DispatchTargets, repeatBudget } from "../../src/consumer/dispatch.ts";
import type { ApplyCall } from "../../src/identity/index.ts";
import worker from "../../src/worker.ts";
import { deliver, OBSERVATIONS, pieces } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";

const IDENTITIES = 10_000;
const MESSAGES = 100;
/** Calls to objects, D1 and queues that one invocation may make on the Paid plan. */
const SUBREQUESTS = 10_000;
/** Queries to D1 that one invocation may make on the Free plan; the members of a batch count one by one. */
const FREE_PLAN_QUERIES = 50;

/** What one invocation used. */
const used = { queries: 0, calls: 0 };
/** Observations that each identity was given. */
const given = new Map<string, number>();

beforeEach(() => {
  given.clear();
});

/** The environment with a database that counts the queries of batches, and objects that count calls and store nothing. */
function counting(variables: Readonly<Record<string, string>> = {}): Env {
  const counted = new Proxy(env.DB, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name !== "batch") return typeof member === "function" ? member.bind(target) : member;
      return (statements: D1PreparedStatement[]) => {
        used.queries += statements.length;
        return target.batch(statements);
      };
    },
  });
  const apply = (identityUuid: string) => (call: ApplyCall) => {
    used.calls++;
    given.set(identityUuid, (given.get(identityUuid) ?? 0) + call.observations.length);
    return Promise.resolve({ outcome: "applied", applied: call.observations.length, transitions: 0 });
  };
  const identities = { getByName: (identityUuid: string) => ({ apply: apply(identityUuid) }) };
  return { ...env, ...variables, DB: counted, IDENTITIES: identities as never };
}

/** Messages of observations, each of another attacker. */
function bodiesOf(attackers: number, messages: number) {
  const events = Array.from({ length: attackers }, () => payload());
  return pieces(events, attackers / messages).map((piece, i) => ({ id: `m${i}`, body: { events: piece } }));
}

/** Delivers messages until all are acknowledged, as the queue would; answers with how many were, each time. */
async function deliverAll(messages: readonly { id: string; body: unknown }[], bindings: Env) {
  const acknowledged: number[] = [];
  let waiting = [...messages];
  for (let attempts = 1; waiting.length > 0 && attempts <= 20; attempts++) {
    Object.assign(used, { queries: 0, calls: 0 });
    const batch = createMessageBatch(
      OBSERVATIONS,
      waiting.map((message) => ({ ...message, attempts, timestamp: new Date() })),
    );
    await worker.queue(batch, bindings);
    const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
    expect(used.calls + used.queries).toBeLessThan(SUBREQUESTS / 2 + 100);
    expect(used.queries).toBeLessThan(FREE_PLAN_QUERIES);
    acknowledged.push(explicitAcks.length);
    waiting = waiting.filter(({ id }) => !explicitAcks.includes(id));
  }
  return acknowledged;
}

describe("[limits] a batch for 10,000 identities", () => {
  it("calls at most 5,000 identities at a time; what is put off is applied by its repeats, and nothing is lost", async () => {
    const acknowledged = await deliverAll(bodiesOf(IDENTITIES, MESSAGES), counting());
    expect(acknowledged).toEqual([50, 50]);
    expect(given.size).toBe(IDENTITIES);
  });

  it("registers 10,000 attackers that waited with few queries", async () => {
    const messages = bodiesOf(IDENTITIES, MESSAGES);
    await deliverAll(messages, counting({ UNKNOWN_ATTACKER: "defer" }));
    expect(given.size).toBe(0);
    await deliverAll(messages, counting());
    expect(given.size).toBe(IDENTITIES);
    const uuids = messages.flatMap(({ body }) => body.events.map((event) => event["attacker_uuid"]));
    const registered = await env.DB.prepare(
      `SELECT count(*) AS n, sum(link_version) AS versions, sum(needs_backfill) AS waiting FROM attackers
       JOIN identities ON identities.uuid = identity_uuid
       WHERE attackers.uuid IN (SELECT value FROM json_each(?1))`,
    )
      .bind(JSON.stringify(uuids))
      .first();
    expect(registered).toEqual({ n: IDENTITIES, versions: IDENTITIES, waiting: IDENTITIES });
  });

  it("a message that is put off waits 5 s; those that were delivered most often come first", async () => {
    const messages = bodiesOf(5_100, 51).map((message, i) => ({
      ...message,
      attempts: i === 50 ? 3 : 1,
      timestamp: new Date(),
    }));
    const batch = createMessageBatch(OBSERVATIONS, messages);
    const retries = batch.messages.map((message) => vi.spyOn(message, "retry"));
    await worker.queue(batch, counting());
    const delays = retries.map(({ mock }) => mock.calls[0]?.[0]);
    expect(delays.slice(0, 49)).toEqual(Array.from({ length: 49 }, () => undefined));
    expect(delays.slice(49)).toEqual([{ delaySeconds: 5 }, undefined]);
  });

  it("a message alone is never put off for the number of its identities", async () => {
    const [message] = bodiesOf(5_100, 1);
    expect((await deliver([message?.body], { env: counting() })).explicitAcks).toHaveLength(1);
    expect(given.size).toBe(5_100);
  });
});

describe("[limits] links that change during a batch", () => {
  it("are followed within 9,000 calls; what is left over is put off", async () => {
    const attackers = Array.from({ length: 5_000 }, () => crypto.randomUUID());
    const moving = new Set(attackers.slice(0, 4_000));
    const links = new Map(
      attackers.map((attackerUuid) => [
        attackerUuid,
        {
          attackerUuid,
          identityUuid: attackerUuid,
          number: 1,
          linkVersion: 1,
          firstSeenTs: null,
          needsBackfill: false,
          erasedTs: null,
        },
      ]),
    );
    const observations = attackers.map((attackerUuid) => ({
      id: "x",
      attackerUuid,
      primitive: "a.b",
      value: "1",
      ts: 1,
      evidenceRef: "e",
      confidence: 1,
      windowStartTs: 1,
      windowEndTs: 1,
      source: "test",
      identityRef: null,
    }));
    let [calls, reads] = [0, 0];
    const targets: DispatchTargets = {
      apply: (identityUuid, { observations: { length } }) => {
        calls++;
        return Promise.resolve(
          moving.has(identityUuid)
            ? { outcome: "moved", attackerUuids: [identityUuid] }
            : { outcome: "applied", applied: length, transitions: 0 },
        );
      },
      followLinks: () => {
        reads++;
        return Promise.resolve(links);
      },
    };
    const { applied, failures } = await dispatch(targets, observations, links, repeatBudget());
    expect({ calls, reads, applied }).toEqual({ calls: 9_000, reads: 1, applied: 1_000 });
    expect(new Set(failures.keys())).toEqual(moving);
  });
});

describe("[limits] a batch of messages of 128 KB", () => {
  const queriesAllowed = Number(env.LIMIT_QUERIES || 1_000);

  it.each([
    [10, 15],
    [100, 100],
  ])("of %d messages whose values double by escaping takes at most %d queries", async (messages, most) => {
    // The Free plan takes 10 messages at a time.
    if (most > queriesAllowed) return;
    const value = '"'.repeat(2_000);
    const bodies = Array.from({ length: messages }, () => {
      const attacker_uuid = crypto.randomUUID();
      const events = Array.from({ length: 29 }, () => payload({ attacker_uuid, value }));
      return { events };
    });
    expect(JSON.stringify(bodies[0]).length).toBeGreaterThan(125_000);
    Object.assign(used, { queries: 0, calls: 0 });
    expect((await deliver(bodies, { env: counting() })).explicitAcks).toHaveLength(messages);
    expect(used.queries).toBeLessThanOrEqual(most);
    expect(used.calls).toBe(messages);
  });
});

describe("[§6] registering attackers that waited", () => {
  it("is safe to race: one that was linked or erased between reading and registering stays as it is", async () => {
    const [linked, erased, waiting] = [payload(), payload(), payload()];
    await deliver([linked, erased, waiting], { env: counting({ UNKNOWN_ATTACKER: "defer" }) });
    const bindings = counting();
    const batch = bindings.DB.batch.bind(bindings.DB);
    let batches = 0;
    const meanwhile = [
      env.DB.prepare("UPDATE attackers SET identity_uuid = ?2, link_version = 7 WHERE uuid = ?1").bind(
        linked["attacker_uuid"],
        crypto.randomUUID(),
      ),
      env.DB.prepare("INSERT INTO erasures (attacker_uuid, erased_ts) VALUES (?1, 2e9)").bind(
        erased["attacker_uuid"],
      ),
    ];
    const racing = new Proxy(bindings.DB, {
      get(target, name) {
        if (name !== "batch") return Reflect.get(target, name);
        return async (statements: D1PreparedStatement[]) => {
          batches++;
          if (batches === 2) await env.DB.batch(meanwhile);
          return batch(statements);
        };
      },
    });
    await deliver([linked, erased, waiting], { env: { ...bindings, DB: racing } });
    expect(batches).toBe(2);
    const rows = await env.DB.prepare(
      `SELECT uuid, identity_uuid IS NULL AS isWaiting, link_version AS version FROM attackers
       WHERE uuid IN (SELECT value FROM json_each(?1))`,
    )
      .bind(JSON.stringify([linked, erased, waiting].map((event) => event["attacker_uuid"])))
      .all();
    expect(new Set(rows.results)).toEqual(
      new Set([
        { uuid: linked["attacker_uuid"], isWaiting: 0, version: 7 },
        { uuid: erased["attacker_uuid"], isWaiting: 1, version: 0 },
        { uuid: waiting["attacker_uuid"], isWaiting: 0, version: 1 },
      ]),
    );
  });
});
