/** Streams end: when the client takes nothing, when its time is up, when the history cannot be read. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { StreamSource } from "../../src/stream/index.ts";
import { FEED_NAMES, OBSERVATIONS_SHOWN, STREAM_LIMITS } from "../../src/stream/index.ts";
import { deliver } from "../setup/deliver.ts";
import { payload, series } from "../setup/payload.ts";
import { PATIENCE, StreamClient } from "./client.ts";
import { fresh, historyOf, identitySource, NEVER_MS, socketsOf, streamed } from "./setup.ts";

const PRIMITIVE = "motor.input_modality";

async function watched() {
  const one = fresh();
  await deliver([payload({ attacker_uuid: one.attackerUuid })]);
  await historyOf(one.identityUuid, 2);
  return { ...one, source: await identitySource(one.identityUuid) };
}

/** A source of our own making. */
function made(next: StreamSource["next"]): StreamSource {
  return {
    kind: "everything",
    queriesPerReading: 1,
    first: { event: "snapshot", data: "{}", id: "0" },
    watched: [],
    connect: () => Promise.reject(new Error("nothing to watch")),
    next,
  };
}

const endless = made(() =>
  Promise.resolve({
    messages: Array.from({ length: 100 }, () => ({ event: "x", data: "x".repeat(1_000), id: "1" })),
    isComplete: false,
  }),
);

describe("[§7] slow clients", () => {
  it.each([
    ["too many observations", { queuedMessages: 2 * OBSERVATIONS_SHOWN }],
    ["too many characters of them", { queuedCharacters: 30_000 }],
  ])("[§7] a client that lets the queue fill is dropped, its WebSocket closed: %s", async (_, limits) => {
    const { attackerUuid, source, stub } = await watched();
    const { response, end } = streamed(source, { keepAliveMs: NEVER_MS, ...limits });
    const quick = new StreamClient(
      streamed(await identitySource(source.watched[0] ?? ""), { keepAliveMs: NEVER_MS, ...limits }).response,
    );
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(2);
    for (let call = 1; call <= 4; call++) {
      await deliver(series(attackerUuid, `test.p${call}`, Array(OBSERVATIONS_SHOWN).fill("v")));
      // The one that reads has no trouble.
      await quick.until((client) =>
        expect(client.named("observation")).toHaveLength(call * OBSERVATIONS_SHOWN),
      );
    }
    expect(await end).toBe("slow");
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    // Whoever comes to read after all finds what fitted, and the end.
    const late = new StreamClient(response);
    await late.until(({ hasEnded }) => expect(hasEnded).toBe(true));
    expect(late.messages.length).toBeLessThan(OBSERVATIONS_SHOWN);
    await quick.close();
  });

  it("[§7] of a call with more observations than are shown, the latest are", async () => {
    const { attackerUuid, source, stub } = await watched();
    const client = new StreamClient(streamed(source, { keepAliveMs: NEVER_MS }).response);
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(1);
    const events = series(attackerUuid, PRIMITIVE, Array(OBSERVATIONS_SHOWN + 50).fill("a"));
    await deliver(events);
    await client.until((one) => expect(one.named("observation").at(-1)?.["id"]).toBe(events.at(-1)?.["id"]));
    expect(client.named("observation").map(({ id }) => id)).toEqual(events.slice(50).map(({ id }) => id));
    await client.close();
  });

  it("[§7] a client that takes nothing of the history is dropped after a while, and never gets more than it takes", async () => {
    let reads = 0;
    const counting = {
      ...endless,
      next: () => {
        reads++;
        return endless.next();
      },
    };
    const { end } = streamed(counting, { keepAliveMs: 20, stallMs: 60 });
    expect(await end).toBe("stalled");
    expect(reads).toBe(1);
  });

  it("[§7] one that takes it slowly is not", async () => {
    const { response, end } = streamed(endless, { keepAliveMs: 20, stallMs: 200, lifetimeMs: 600 });
    const reader = response.body?.getReader();
    const ended = end.then((reason) => ({ reason }));
    let parts = 0;
    for (const startMs = Date.now(); Date.now() - startMs < 500; parts++) {
      await reader?.read();
      // Being slow takes time.
      expect(await Promise.race([ended, scheduler.wait(20)])).toBeUndefined();
    }
    expect(parts).toBeGreaterThan(5);
    await reader?.cancel();
    expect(await end).toBe("closed");
  });
});

describe("[§7] the time of a stream", () => {
  it("[§7] a comment line comes with each interval, 15 s unless a test says otherwise", async () => {
    expect(STREAM_LIMITS.keepAliveMs).toBe(15_000);
    const { source } = await watched();
    const client = new StreamClient(streamed(source, { keepAliveMs: 25 }).response);
    const startMs = Date.now();
    await client.until(({ comments }) => expect(comments.length).toBeGreaterThanOrEqual(4));
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(4 * 25 - 5);
    expect(client.names).toEqual(["snapshot"]);
    await client.close();
  });

  it.each([
    ["it has run for as long as it may", { lifetimeMs: 60 }, null],
    ["it has asked as many queries as it may", { queries: 12 }, null],
    ["what it was opened with has expired", {}, 1],
  ])("[§7] a stream ends when %s; the client is to reconnect", async (_, limits, expiresTs) => {
    const { source, stub } = await watched();
    const { response, end } = streamed(source, { keepAliveMs: 20, ...limits }, expiresTs);
    const client = new StreamClient(response);
    expect(await end).toBe("expired");
    await client.until(({ hasEnded }) => expect(hasEnded).toBe(true));
    await expect.poll(() => socketsOf(stub), PATIENCE).toBe(0);
  });

  it("[§7] a history that cannot be read is tried again, and the client told to reconnect only if it stays so", async () => {
    let fails = 2;
    let reads = 0;
    const flaky = made(() => {
      reads++;
      if (fails-- > 0) return Promise.reject(new Error("D1 is down"));
      return Promise.resolve({ messages: [{ event: "x", data: "{}", id: String(reads) }], isComplete: true });
    });
    const one = streamed(flaky, { keepAliveMs: 20 });
    const client = new StreamClient(one.response);
    await client.until(({ messages }) => expect(messages.some(({ id }) => id === "3")).toBe(true));
    fails = STREAM_LIMITS.failures;
    expect(await one.end).toBe("failing");
    // Those before, which came to an end, do not count.
    expect(fails).toBe(0);
    await client.until(({ hasEnded }) => expect(hasEnded).toBe(true));
  });

  it("[§7] an object that cannot be reached leaves the comment lines to find what is new", async () => {
    const { attackerUuid, source } = await watched();
    const deaf = {
      kind: source.kind,
      queriesPerReading: source.queriesPerReading,
      first: source.first,
      watched: source.watched,
      connect: () => Promise.reject(new Error("the object is overloaded")),
      next: () => source.next(),
    };
    const client = new StreamClient(streamed(deaf, { keepAliveMs: 30 }).response);
    await deliver(series(attackerUuid, "test.p", ["a", "a", "a"]));
    await client.untilPublished(2);
    expect(client.named("attribution.state_changed")).toMatchObject([
      { payload: { new_state: "unknown" } },
      { payload: { new_state: "stable" } },
    ]);
    await client.close();
  });
});

it("[§7] many drains at once are few readings of a stream of everything, and the last of them is among these", async () => {
  const feed = env.FEED.getByName(FEED_NAMES[0] ?? "");
  const answer = await feed.fetch("https://object/watch", { headers: { upgrade: "websocket" } });
  const frames: unknown[] = [];
  answer.webSocket?.addEventListener("message", ({ data }) => {
    frames.push(data);
  });
  answer.webSocket?.accept();
  await Promise.all(Array.from({ length: 50 }, () => feed.poke()));
  // One at once, and one for all that came while it paused.
  await expect.poll(() => frames.length, PATIENCE).toBeGreaterThanOrEqual(2);
  await feed.poke();
  await expect.poll(() => frames.length, PATIENCE).toBeGreaterThanOrEqual(3);
  // Three, unless the machine is so slow that it paused more than once meanwhile.
  expect(frames.length).toBeLessThan(10);
  expect(new Set(frames)).toEqual(new Set(['{"kind":"changed"}']));
  answer.webSocket?.close();
});
