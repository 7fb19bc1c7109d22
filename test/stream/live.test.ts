/** The promise of the streams: snapshot first, then everything that is published, once each, in order. */
import { evictAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { FEED_NAMES } from "../../src/stream/index.ts";
import { deliver } from "../setup/deliver.ts";
import { storedEvents } from "../setup/history.ts";
import { series } from "../setup/payload.ts";
import { PATIENCE, StreamClient } from "./client.ts";
import {
  everythingSource,
  fresh,
  historyOf,
  identitySource,
  idsOf,
  NEVER_MS,
  open,
  socketsOf,
  streamed,
} from "./setup.ts";

/** One transition with each value but the first two of each five. */
const VALUES = ["a", "a", "a", "b", "a", "b", "c", "d", "d", "d", "d", "d"];
const PRIMITIVE = "motor.input_modality";
const feed = () => env.FEED.getByName(FEED_NAMES[0] ?? "");

describe("[§7] streams", () => {
  it("[§7] two clients of an identity and one of everything: a reconnect and evicted objects lose and double nothing", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, PRIMITIVE, VALUES);
    await deliver(events.slice(0, 2));
    const [steady, everything] = [await open(`/identities/${identityUuid}/events`), await open("/events")];
    let restless = await open(`/attackers/${attackerUuid}/events`);
    await steady.until(({ names }) => expect(names[0]).toBe("snapshot"));
    const before = new Set((await historyOf(identityUuid, 2)).map(({ id }) => id));

    await deliver(events.slice(2, 4));
    await restless.untilPublished(2);
    await restless.close();
    const seen = [...idsOf(restless, identityUuid)];

    // While one client is away both objects sleep, and things happen.
    await evictDurableObject(stub);
    await evictDurableObject(feed());
    await deliver(events.slice(4, 8));

    restless = await open(`/attackers/${attackerUuid}/events`, { "last-event-id": restless.lastEventId });
    await restless.until(({ names }) => expect(names[0]).toBe("snapshot"));
    await evictAllDurableObjects();
    await deliver(events.slice(8));

    const { length } = await lastHistory(identityUuid);
    const history = (await historyOf(identityUuid, length)).map(({ id }) => id);
    expect(history.length).toBeGreaterThan(6);
    const expected = history.filter((id) => !before.has(id));
    await steady.untilPublished(expected.length);
    await restless.untilPublished(expected.length - seen.length);
    await everything.until((client) => expect(idsOf(client, identityUuid).length).toBe(expected.length));
    expect(idsOf(steady, identityUuid)).toEqual(expected);
    expect([...seen, ...idsOf(restless, identityUuid)]).toEqual(expected);
    expect(idsOf(everything, identityUuid)).toEqual(expected);
    expect(idsAscend(everything)).toBe(true);
    for (const client of [steady, restless, everything]) await client.close();
  });

  it("[§7] a snapshot of an identity is its attribution answer; data are the published envelopes, names their topics", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const events = series(attackerUuid, PRIMITIVE, ["a", "a", "a"]);
    await deliver(events.slice(0, 1));
    await historyOf(identityUuid, 2);
    const client = await open(`/identities/${identityUuid}/events`);
    await client.until(({ names }) => expect(names).toEqual(["snapshot"]));
    expect(client.named("snapshot")[0]).toEqual({
      identity_uuid: identityUuid,
      policy: readConfig(env).policy.id,
      primitives: [
        {
          primitive: PRIMITIVE,
          current_value: "a",
          state: "unknown",
          confidence: 0,
          observation_count: 1,
          last_change_ts: 1_714_000_000,
          last_observation_ts: 1_714_000_000,
        },
      ],
    });
    expect(client.retryMs).toBe(2_000);
    await deliver(events.slice(1));
    await client.untilPublished(1);
    const history = await historyOf(identityUuid, 3);
    expect(client.named("attribution.state_changed")).toEqual([history[2]]);
    await client.close();
  });

  it("[§7] every kind of event has its name: formed, and suspicion after its cause", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const client = new StreamClient(streamed(await everythingSource(), { keepAliveMs: NEVER_MS }).response);
    const swings = ["a", "b", "a", "b", "a"];
    await deliver([
      ...series(attackerUuid, PRIMITIVE, swings),
      ...series(attackerUuid, "cognitive.command_branch_diversity", swings),
    ]);
    await client.until(({ names }) => expect(names).toContain("attribution.multi_actor_suspected"));
    const { length } = await lastHistory(identityUuid);
    await client.until((one) => expect(idsOf(one, identityUuid)).toHaveLength(length));
    const names = client.messages.filter(({ data }) => data.includes(identityUuid)).map(({ event }) => event);
    expect(names[0]).toBe("identity.formed");
    expect(names.at(-1)).toBe("attribution.multi_actor_suspected");
    expect(new Set(names)).toEqual(
      new Set(["identity.formed", "attribution.state_changed", "attribution.multi_actor_suspected"]),
    );
    await client.close();
  });

  it("[§7] observations come without an id, once, and not to streams of everything", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const [first, second, third] = series(attackerUuid, PRIMITIVE, ["a", ["x", 1], "c"]);
    await deliver([first]);
    const client = await open(`/identities/${identityUuid}/events`);
    const everything = await open("/events");
    await client.until(({ names }) => expect(names).toContain("snapshot"));
    await everything.until(({ names }) => expect(names).toContain("snapshot"));
    await deliver([second]);
    await deliver([first, second]);
    await deliver([third]);
    await client.until((one) => expect(one.named("observation")).toHaveLength(2));
    expect(client.named("observation")[0]).toEqual({
      identity_uuid: identityUuid,
      attacker_uuid: attackerUuid,
      id: second?.["id"],
      primitive: PRIMITIVE,
      value: ["x", 1],
      ts: second?.["ts"],
      evidence_ref: second?.["evidence_ref"],
    });
    expect(client.messages.filter(({ event }) => event === "observation").map(({ id }) => id)).toEqual([
      undefined,
      undefined,
    ]);
    const { length } = await lastHistory(identityUuid);
    await everything.until((one) => expect(idsOf(one, identityUuid)).toHaveLength(length - 2));
    expect(everything.names).not.toContain("observation");
    await client.close();
    await everything.close();
  });
});

describe("[§7] objects and their watchers", () => {
  it("[§7] pokes alone bring events, through an object that slept in between", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, PRIMITIVE, VALUES);
    await deliver(events.slice(0, 1));
    await historyOf(identityUuid, 2);
    const limits = { keepAliveMs: NEVER_MS };
    const one = new StreamClient(streamed(await identitySource(identityUuid), limits).response);
    const all = new StreamClient(streamed(await everythingSource(), limits).response);
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    for (const end of [3, 4, VALUES.length]) {
      await evictDurableObject(stub);
      await evictDurableObject(feed());
      expect(await socketsOf(stub)).toBe(1);
      const already = one.published.length;
      await deliver(events.slice(0, end));
      await one.untilPublished(already + 1);
    }
    const { length } = await lastHistory(identityUuid);
    await one.untilPublished(length - 2);
    await all.until((client) => expect(idsOf(client, identityUuid)).toHaveLength(length - 2));
    await one.close();
    await all.close();
  });

  it("[§7] a poke that is lost is made up for with the next comment line", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, PRIMITIVE, VALUES);
    await deliver(events.slice(0, 1));
    await historyOf(identityUuid, 2);
    await runInDurableObject(stub, (instance: IdentityObject) => {
      instance.targets = { ...instance.targets, notify: () => {} };
    });
    const limits = { keepAliveMs: 40 };
    const one = new StreamClient(streamed(await identitySource(identityUuid), limits).response);
    const all = new StreamClient(streamed(await everythingSource(), limits).response);
    await deliver(events.slice(1));
    const history = await lastHistory(identityUuid);
    const expected = history.slice(2).map(({ id }) => id);
    for (const client of [one, all]) {
      await client.until(() => expect(idsOf(client, identityUuid)).toEqual(expected));
      await client.until(({ comments }) => expect(comments.length).toBeGreaterThan(3));
      expect(idsOf(client, identityUuid)).toEqual(expected);
      await client.close();
    }
  });

  it("[§7] a WebSocket that is lost, as with a deployment, is opened again and the gap read", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    const events = series(attackerUuid, PRIMITIVE, VALUES);
    await deliver(events.slice(0, 1));
    await historyOf(identityUuid, 2);
    const limits = { keepAliveMs: NEVER_MS, reopenMs: 10 };
    const client = new StreamClient(streamed(await identitySource(identityUuid), limits).response);
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    await evictDurableObject(stub, { webSockets: "close" });
    await deliver(events.slice(1, 4));
    await client.untilPublished(2);
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    await deliver(events.slice(4));
    const history = await lastHistory(identityUuid);
    await client.until(() =>
      expect(idsOf(client, identityUuid)).toEqual(history.slice(2).map(({ id }) => id)),
    );
    await client.close();
  });

  it("[§7] a client that goes leaves no WebSocket behind", async () => {
    const { attackerUuid, identityUuid, stub } = fresh();
    await deliver(series(attackerUuid, PRIMITIVE, ["a"]));
    const clients = [
      await open(`/identities/${identityUuid}/events`),
      await open(`/attackers/${attackerUuid}/events`),
    ];
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(2);
    await clients[0]?.close();
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    await clients[1]?.close();
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(0);
  });

  it("[§7] an object answers 426 to what is no WebSocket", async () => {
    const { stub } = fresh();
    expect((await stub.fetch("https://object/watch")).status).toBe(426);
    expect((await feed().fetch("https://object/watch")).status).toBe(426);
  });
});

/** The history of an identity once its outbox is empty. */
async function lastHistory(identityUuid: string) {
  const stub = env.IDENTITIES.getByName(identityUuid);
  const pending = async () => (await stub.inspect()).pending;
  await expect.poll(pending, PATIENCE).toBe(0);
  const events = await storedEvents(env.DB, identityUuid);
  return events.map(({ event }) => JSON.parse(event) as { id: string });
}

function idsAscend(client: StreamClient): boolean {
  const cursors = client.messages.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
  return cursors.every((cursor, i) => i === 0 || cursor > (cursors[i - 1] ?? 0));
}
