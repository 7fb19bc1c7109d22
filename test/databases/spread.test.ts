/** Attackers spread over two databases by one consumer: nothing is mixed, lost or counted twice, and reads find both. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createRegistry, merge, stubIdentityUuid } from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { readHistory } from "../../src/storage/index.ts";
import { deliver, pieces, statesOf } from "../setup/deliver.ts";
import { get, readAll } from "../setup/get.ts";
import { receivedFor, waitForSeq } from "../setup/outbound.ts";
import { payload } from "../setup/payload.ts";
import { columnOf, DATABASES, expectApart, type Known, shardIndexOf } from "./setup.ts";

const ATTACKERS = 200;
const START_TS = 1_714_000_000;
const registry = createRegistry({});

/** What one primitive may be seen as, over and over. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  "motor.input_modality": ["typed", "typed", "pasted", "typed", "unknown"],
  "toolchain.c2.beacon_interval_ms": [100, 101, 99, 250, 90],
  "toolchain.ssh.hassh_client": ["a", "a", "b", "c"],
};

const knowns: Known[] = Array.from({ length: ATTACKERS }, () => {
  const attackerUuid = crypto.randomUUID();
  return { attackerUuid, identityUuid: stubIdentityUuid(attackerUuid) };
});

/** A few long series and many short ones, each a mixture of its own, in an order that has nothing to do with attackers. */
const events = knowns
  .flatMap(({ attackerUuid }, i) =>
    Object.entries(VALUES).flatMap(([primitive, values], j) =>
      Array.from({ length: i % 8 === 0 ? 12 : 1 + ((i + j) % 4) }, (_, n) =>
        payload({
          attacker_uuid: attackerUuid,
          primitive,
          value: values[(i + n) % values.length],
          ts: START_TS + n * 60 + j,
        }),
      ),
    ),
  )
  .toSorted((a, b) => String(a["id"]).localeCompare(String(b["id"])));

/** Messages of one event and of several attackers' events, in turn. */
const messages = pieces(events, 4).flatMap((four, i) => (i % 2 === 0 ? four : [{ events: four }]));

function seriesOf(attackerUuid: string, primitive: string) {
  return events
    .filter((event) => event["attacker_uuid"] === attackerUuid && event["primitive"] === primitive)
    .map((event) => ({
      value: JSON.stringify(event["value"]),
      ts: Number(event["ts"]),
      evidenceRef: String(event["evidence_ref"]),
      attackerUuid,
    }));
}

/** Delivers everything and waits until all of it is published. */
async function play(): Promise<void> {
  const batches = pieces(messages, 80);
  for (const [i, batch] of batches.entries()) {
    // Halfway everything that objects hold in memory is gone, where they are at home included.
    if (i === Math.floor(batches.length / 2)) await evictAllDurableObjects();
    const result = await deliver(batch);
    expect(result.explicitAcks).toHaveLength(batch.length);
  }
  await deliver(messages.slice(0, 80));
  for (const { identityUuid } of knowns) {
    const seq = await runInDurableObject(env.IDENTITIES.getByName(identityUuid), (_, { storage }) => {
      const { head } = storage.sql
        .exec<{ head: string }>("SELECT value AS head FROM meta WHERE name = 'head'")
        .one();
      return Number(JSON.parse(head).seq);
    });
    await waitForSeq(identityUuid, seq);
  }
}

beforeAll(play, 300_000);

describe("[§6 several databases] spreading", () => {
  it("both databases are used, and everything of an attacker is in exactly one", async () => {
    const indexes = knowns.map(({ attackerUuid }) => shardIndexOf(attackerUuid));
    for (const index of [0, 1]) {
      expect(indexes.filter((other) => other === index).length).toBeGreaterThan(ATTACKERS / 4);
    }
    await expectApart(knowns);
  });

  it("[§3] every state is the merger's over the whole series", async () => {
    for (const { attackerUuid, identityUuid } of knowns) {
      const states = await statesOf(identityUuid);
      expect(states.map(({ primitive }) => primitive)).toEqual(Object.keys(VALUES).toSorted());
      for (const { primitive, lastChangeTs: _, ...state } of states) {
        const kind = mergeKindOf(registry.kindOf(primitive));
        const { currentValue, confidence, observationCount, lastObservationTs, ...rest } = merge(
          kind,
          seriesOf(attackerUuid, primitive),
          STANDARD_THRESHOLDS,
        );
        expect(state).toEqual({
          currentValue,
          confidence,
          observationCount,
          lastObservationTs,
          state: rest.state,
        });
      }
    }
  });

  it("[§4] each identity's events are gapless, in its database as on the queue", async () => {
    for (const { attackerUuid, identityUuid } of knowns) {
      const db = DATABASES[shardIndexOf(attackerUuid)] ?? env.DB;
      const seqs = (await readHistory(db, identityUuid, 0, 1_000)).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      const received = new Set(receivedFor(identityUuid).map(({ seq }) => seq));
      expect([...received].toSorted((a, b) => a - b)).toEqual(seqs);
    }
  });
});

describe("[§7 several databases] reads", () => {
  it.each([0, 1])("by attacker and by identity, of database %d", async (index) => {
    const known = knowns.find(({ attackerUuid }) => shardIndexOf(attackerUuid) === index);
    const { attackerUuid, identityUuid } = known ?? { attackerUuid: "", identityUuid: "" };
    const count = events.filter((event) => event["attacker_uuid"] === attackerUuid).length;
    const attribution = await get(`/api/v1/attackers/${attackerUuid}/attribution`);
    expect(await attribution.json()).toMatchObject({ identity_uuid: identityUuid, primitives: [{}, {}, {}] });
    const latest = await readAll(`/api/v1/attackers/${attackerUuid}/observations`);
    expect(latest.data).toHaveLength(3);
    const identity = await get(`/api/v1/identities/${identityUuid}`);
    expect(await identity.json()).toMatchObject({
      uuid: identityUuid,
      attackers: [{ uuid: attackerUuid }],
      observation_count: count,
    });
    const states = await get(`/api/v1/identities/${identityUuid}/attribution`);
    expect(states.status).toBe(200);
    expect((await readAll(`/api/v1/identities/${identityUuid}/observations?limit=4`)).data).toHaveLength(
      count,
    );
    const transitions = await readAll<{ seq: number }>(`/api/v1/identities/${identityUuid}/transitions`);
    expect(transitions.data.map(({ seq }) => seq)).toEqual(transitions.data.map((_, i) => i + 1));
    const page = await get(`/api/v1/dashboard/identities/${identityUuid}`);
    const { recent } = await page.json<{ recent: { primitive: string }[] }>();
    expect(recent.length).toBeGreaterThan(0);
    for (const path of [`attackers/${attackerUuid}/events`, `identities/${identityUuid}/events`]) {
      const stream = await get(`/api/v1/${path}`);
      expect(stream.status).toBe(200);
      await stream.body?.cancel();
    }
  });

  it("what neither has is not there", async () => {
    for (const path of ["", "/attribution", "/observations", "/transitions", "/events"]) {
      expect((await get(`/api/v1/identities/${crypto.randomUUID()}${path}`)).status).toBe(404);
    }
  });

  it.each([7, 60, 1_000])("the list has the identities of both in one order, %d at a time", async (limit) => {
    type Row = { readonly uuid: string; readonly last_change_ts: number };
    const { data } = await readAll<Row>(`/api/v1/identities?limit=${limit}`);
    expect(data.map(({ uuid }) => uuid).toSorted()).toEqual(
      knowns.map(({ identityUuid }) => identityUuid).toSorted(),
    );
    const sorted = data.toSorted((a, b) => b.last_change_ts - a.last_change_ts || (a.uuid < b.uuid ? 1 : -1));
    expect(data).toEqual(sorted);
    const rows = await readAll<Row>(`/api/v1/dashboard/identities?limit=${Math.min(limit, 100)}`);
    expect(rows.data.map(({ uuid }) => uuid)).toEqual(data.map(({ uuid }) => uuid));
  });

  it("the totals are those of both together", async () => {
    const stats = await (await get("/api/v1/stats")).json<Record<string, unknown>>();
    const kept = await Promise.all(DATABASES.map((db) => columnOf(db, "SELECT sum(size) FROM events")));
    expect(stats).toMatchObject({
      observations: events.length,
      attackers: ATTACKERS,
      identities: ATTACKERS,
      deferred: 0,
      events: kept.flat().reduce((sum: number, n) => sum + Number(n), 0),
    });
    const states = Object.values(stats["states"] as Record<string, number>);
    expect(states.reduce((sum, n) => sum + n, 0)).toBe(ATTACKERS * 3);
    expect((await get("/health")).status).toBe(200);
  });
});
