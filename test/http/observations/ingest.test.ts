/** Taking observations in: read while they arrive, refused one by one, queued or said not to be. */
import { describe, expect, it, vi } from "vitest";
import { stubIdentityUuid } from "../../../src/core/index.ts";
import { sendMessages } from "../../../src/http/shared/send.ts";
import { packMessages } from "../../../src/http/intake/pack.ts";
import { waitForSeq } from "../../setup/outbound.ts";
import { payload, series } from "../../setup/payload.ts";
import { ask, type Asked, readProblem, TOKENS } from "../../setup/request.ts";

const MIB = 1024 * 1024;
const NDJSON = { "content-type": "application/x-ndjson" };
const bytes = (text: string) => new TextEncoder().encode(text);
const line = (event: unknown) => `${JSON.stringify(event)}\n`;

const post = (body: unknown, asked: Asked = {}) =>
  ask("POST", "/api/v1/observations", { token: TOKENS.ingest, body, ...asked });

/** A body that arrives in pieces; told how many were asked for. */
function arriving(pieces: Iterable<Uint8Array | Error>) {
  const state = { read: 0, isCancelled: false };
  const iterator = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = iterator.next();
        if (done) controller.close();
        else if (value instanceof Error) controller.error(value);
        else {
          state.read++;
          controller.enqueue(value);
        }
      },
      cancel() {
        state.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

function* repeat<T>(value: T, times = Number.POSITIVE_INFINITY): Generator<T> {
  for (let i = 0; i < times; i++) yield value;
}

/** A queue that takes what it is told to take, and remembers it. */
function queue(answers: (attempt: number) => Error | null = () => null) {
  const taken: string[] = [];
  const state = { attempts: 0 };
  const sendBatch = (messages: Iterable<{ body: { events: { id: string }[] } }>) => {
    const error = answers(++state.attempts);
    if (error) return Promise.reject(error);
    for (const { body } of messages) taken.push(...body.events.map(({ id }) => id));
    return Promise.resolve();
  };
  return { taken, state, env: { OBSERVATION_QUEUE: { sendBatch } as unknown as Queue } };
}

const overloaded = () => new Error("Queue is overloaded. Please back off. (10250)");

/** More than one `sendBatch` holds. */
const many = () => Array.from({ length: 1_000 }, () => payload({ value: "x".repeat(1_000) }));

/** How messages of such sizes are grouped. */
async function grouped(...sizes: number[]): Promise<number[]> {
  const groups: number[] = [];
  const sendBatch = (batch: Iterable<unknown>) => Promise.resolve(groups.push([...batch].length));
  await sendMessages(
    { sendBatch } as unknown as Queue,
    sizes.map((size) => ({ body: null, bytes: size })),
  );
  return groups;
}

describe("[§7] reading", () => {
  it("[§7] lines may be cut anywhere, in the middle of a character too", async () => {
    const attackerUuid = crypto.randomUUID();
    const events = series(attackerUuid, "motor.input_modality", ["ä", "ä", "ö💡"]);
    const whole = bytes(events.map(line).join(""));
    for (const size of [1, 7, whole.length]) {
      const { taken, env } = queue();
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      const response = await post(arriving(pieces).body, { headers: NDJSON, env });
      expect(await response.json()).toEqual({ accepted: 3, ignored: 0, rejected: [] });
      expect(taken).toEqual(events.map(({ id }) => id));
    }
    await post(arriving([whole]).body, { headers: NDJSON });
    const published = await waitForSeq(stubIdentityUuid(attackerUuid), 3);
    expect(published[2]).toMatchObject({ payload: { current_value: "ö💡" } });
  });

  it("[§7] reading ends with the 5,001st event, whatever is still to come", async () => {
    const { taken, env } = queue();
    const lines = bytes(line({}).repeat(100));
    const { body, state } = arriving(repeat(lines));
    const response = await post(body, { headers: NDJSON, env });
    expect(await readProblem(response)).toMatchObject({
      status: 413,
      code: "too_large",
      detail: expect.stringContaining("5000 events"),
    });
    expect(state.read).toBeLessThanOrEqual(52);
    expect(state.isCancelled).toBe(true);
    expect(taken).toEqual([]);
  });

  it("[§7] reading ends with the byte after 8 MiB, whatever the headers say", async () => {
    const { body, state } = arriving(repeat(new Uint8Array(MIB).fill(0x20)));
    const response = await post(body);
    expect(await readProblem(response)).toMatchObject({
      status: 413,
      code: "too_large",
      detail: expect.stringContaining("8388608 bytes"),
    });
    expect(state.read).toBeLessThanOrEqual(10);
    expect(state.isCancelled).toBe(true);
  });

  it.each([
    [8 * MIB, 202],
    [8 * MIB + 1, 413],
  ])("[§7] a body of %d bytes is %d", async (length, status) => {
    const event = bytes(line(payload()));
    const body = new Uint8Array(length).fill(0x20);
    body.set(event);
    expect((await post(body, { env: queue().env })).status).toBe(status);
  });

  it.each([
    [5_000, 202],
    [5_001, 413],
  ])("[§7] %d events are %d, in every form", async (count, status) => {
    const events = Array.from({ length: count }, () => payload());
    for (const body of [events, { events }, events.map(line).join("")]) {
      expect((await post(body, { env: queue().env })).status).toBe(status);
    }
  });

  it("[§7] an upload that is cut short is answered, and nothing of it is queued", async () => {
    for (const headers of [NDJSON, { "content-type": "application/json" }]) {
      const { taken, env } = queue();
      const { body } = arriving([bytes(line(payload()).repeat(3)), new Error("connection lost")]);
      const response = await post(body, { headers, env });
      expect(await readProblem(response)).toMatchObject({ status: 400, code: "body_incomplete" });
      expect(taken).toEqual([]);
    }
  });

  it("[§7] a compressed body is 415, not gibberish", async () => {
    const response = await post("x", { headers: { "content-encoding": "gzip" } });
    expect(await readProblem(response)).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });
});

describe("[§7] forms", () => {
  it.each<[string, (a: unknown, b: unknown) => string]>([
    ["a list over several lines", (a, b) => JSON.stringify([a, b], null, 2)],
    ["a list on one line", (a, b) => JSON.stringify([a, b])],
    ["lines with blank ones between them", (a, b) => `\n \t\r\n${line(a)}\r\n${line(b)}\n`],
    ["lines with a byte order mark", (a, b) => `\uFEFF${line(a)}${line(b)}`],
    ["objects with events", (a, b) => line({ events: [a] }) + line({ events: [b] })],
    ["a list of both", (a, b) => JSON.stringify([a, { events: [b] }])],
  ])("[§7] %s", async (_, form) => {
    const [a, b] = [payload(), payload()];
    const { taken, env } = queue();
    const response = await post(form(a, b), { headers: { "content-type": "application/octet-stream" }, env });
    expect(await response.json()).toEqual({ accepted: 2, ignored: 0, rejected: [] });
    expect(taken).toEqual([a["id"], b["id"]]);
  });

  it("[§7] one object over several lines is one event", async () => {
    const { taken, env } = queue();
    const event = payload();
    expect((await post(JSON.stringify(event, null, 2), { env })).status).toBe(202);
    expect(taken).toEqual([event["id"]]);
  });

  it("[§7] what is said to be lines is lines, even if the first is broken", async () => {
    const { taken, env } = queue();
    const good = payload();
    const response = await post(`[\n${line(good)}]`, { headers: NDJSON, env });
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [
        { index: 0, code: "malformed_json", field: "body" },
        { index: 2, code: "malformed_json", field: "body" },
      ],
    });
    expect(taken).toEqual([good["id"]]);
  });

  it("[§7] each refused event is named by its place, code, field and a sentence without its value", async () => {
    const { taken, env } = queue();
    const good = payload();
    const secret = "hunter2";
    const parts = [
      bytes(line(payload({ attacker_uuid: secret }))),
      bytes(`{"value": "${secret}\n`),
      Uint8Array.of(0x22, 0xff, 0x22, 0x0a),
      bytes(line(good)),
      bytes(line({ events: [{ ...payload(), ts: "2024-01-01" }, payload({ confidence: 2 })] })),
      bytes(line([payload()])),
      bytes(line({ events: [] })),
      bytes(line(JSON.stringify(payload()))),
      bytes(line({ topic: "system.health", payload: {} })),
      bytes(line(payload({ primitive: undefined }))),
      bytes(line(payload({ value: "x".repeat(4_097) }))),
      bytes(line(payload({ primitive: "toolchain.c2.beacon_interval_ms" }))),
    ];
    const response = await post(arriving(parts).body, { headers: NDJSON, env });
    expect(response.status).toBe(202);
    const answer = await response.json<{ rejected: { detail: string }[] }>();
    expect(answer).toMatchObject({
      accepted: 1,
      ignored: 1,
      rejected: [
        { index: 0, code: "invalid_field", field: "attacker_uuid" },
        { index: 1, code: "malformed_json", field: "body", detail: expect.stringContaining("not JSON") },
        { index: 2, code: "malformed_json", field: "body", detail: expect.stringContaining("UTF-8") },
        { index: 4, code: "invalid_field", field: "ts" },
        { index: 5, code: "invalid_field", field: "confidence" },
        { index: 6, code: "malformed_json", field: "body" },
        { index: 7, code: "invalid_field", field: "events" },
        { index: 8, code: "malformed_json", field: "body" },
        { index: 10, code: "missing_field", field: "primitive" },
        { index: 11, code: "too_large", field: "value" },
        { index: 12, code: "value_kind_mismatch", field: "value" },
      ],
    });
    for (const { detail } of answer.rejected) expect(detail).toMatch(/^[^\n]{10,200}\.$/);
    expect(JSON.stringify(answer)).not.toContain(secret);
    expect(taken).toEqual([good["id"]]);
  });

  it.each([
    ["events nested without end", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["a value nested without end", `{"value":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
    ["lists that never close", "[".repeat(500_000)],
    ["prototype keys", '{"__proto__":{"events":[1]},"constructor":{"prototype":{"id":"x"}}}'],
    ["NUL", "\0\0\0"],
    ["a number out of all proportion", `{"ts":1e999,"value":${"9".repeat(5_000)}}`],
  ])("[§7] %s alone: 422 with what was refused", async (_, body) => {
    const problem = await readProblem(await post(body));
    expect(problem).toMatchObject({ status: 422, code: "all_refused", rejected: [{ index: 0 }] });
    expect(({} as Record<string, unknown>)["events"]).toBeUndefined();
  });
});

describe("[§7] a body that would fill the memory", () => {
  it.each([
    ["nested lists", "[".repeat(8 * MIB)],
    ["empty objects", `[${"{},".repeat(2_500_000)}{}]`],
    ["nested objects on a line of their own", `${line(payload())}${'{"a":'.repeat(1_000_000)}`],
  ])("[§7] by its %s is 413 before it is built", async (_, body) => {
    const problem = await readProblem(await post(body, { env: queue().env }));
    expect(problem).toMatchObject({
      status: 413,
      code: "too_large",
      detail: expect.stringContaining("500000"),
    });
  });

  it.each([
    ["not JSON", "x\n"],
    ["the beginning of a list", "[\n"],
  ])(
    "[§7] 8 MiB of short lines behind a line that is %s: 413, and few of them are looked at",
    async (_, first) => {
      const body = bytes(first + "1\n".repeat(4 * MIB - 2));
      // Each line that is cut out of a body is a view of its bytes.
      const views = vi.spyOn(Uint8Array.prototype, "subarray");
      try {
        const problem = await readProblem(await post(body, { env: queue().env }));
        expect(problem).toMatchObject({ status: 413, detail: expect.stringContaining("5000 events") });
        expect(views.mock.calls.length).toBeLessThan(10_000);
      } finally {
        views.mockRestore();
      }
    },
  );

  it("[§7] brackets in strings build nothing", async () => {
    const value = String.raw`[{"\ `.repeat(550);
    const events = Array.from({ length: 1_000 }, () => payload({ value }));
    const response = await post(events, { env: queue().env });
    expect(await response.json()).toMatchObject({ accepted: 1_000 });
  });
});

describe("[§7] a queue that will not take it", () => {
  it("[§7] is asked again, and the sender notices nothing", async () => {
    const { taken, state, env } = queue((attempt) => (attempt === 1 || attempt === 3 ? overloaded() : null));
    const events = many();
    const response = await post(events, { env });
    expect([response.status, taken]).toEqual([202, events.map(({ id }) => id)]);
    expect(state.attempts).toBeGreaterThan(3);
  });

  it("[§7] is 503 in the end: what it took is named, the rest can be sent from there", async () => {
    const { taken, env } = queue((attempt) => (attempt > 1 ? overloaded() : null));
    const events = [payload({ id: "" }), ...many(), payload({ id: "" })];
    const response = await post(events, { env });
    expect(response.headers.get("retry-after")).toBe("5");
    const problem = await readProblem(response);
    expect(problem).toMatchObject({
      status: 503,
      code: "queue_unavailable",
      accepted: taken.length,
      resume_from: taken.length + 1,
      rejected: [{ index: 0 }, { index: 1_001 }],
    });
    expect(taken.length).toBeGreaterThan(0);
    const second = queue();
    const rest = await post(events.slice(Number(problem["resume_from"])), { env: second.env });
    expect(rest.status).toBe(202);
    expect([...taken, ...second.taken]).toEqual(events.slice(1, -1).map(({ id }) => id));
  });

  it.each([10_204, 10_205, 10_206, 10_251, 10_252, 10_253])(
    "[§7] is not asked again after error %d, which waiting does not mend",
    async (code) => {
      const { state, env } = queue(() => new Error(`It cannot be. (${code})`));
      expect((await post(payload(), { env })).status).toBe(503);
      expect(state.attempts).toBe(1);
    },
  );

  it("[§7] is asked four times at most", async () => {
    const { state, env } = queue(overloaded);
    const { sent, error } = await sendMessages(env.OBSERVATION_QUEUE, packMessages([]));
    expect([sent, error]).toEqual([0, null]);
    expect((await post(payload(), { env })).status).toBe(503);
    expect(state.attempts).toBe(4);
  });

  it("[§7] groups hold at most 100 messages and 250,000 bytes", async () => {
    expect(await grouped(...repeat(1, 250))).toEqual([100, 100, 50]);
    expect(await grouped(125_000, 125_000, 1)).toEqual([2, 1]);
    expect(await grouped(125_000, 125_001)).toEqual([1, 1]);
    expect(await grouped()).toEqual([]);
  });
});
