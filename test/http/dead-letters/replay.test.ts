/** Replaying dead letters: in bounded steps, none of which a letter that cannot be sent holds up. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { payload } from "../../setup/payload.ts";
import { ask, readProblem, TOKENS } from "../../setup/request.ts";

interface Replayed {
  replayed: number;
  skipped: number;
  failed: { id: string; code: string; detail: string }[];
  remaining: number;
  next_cursor: string | null;
}

/** A letter as it is stored: its code and its body. */
type Stored = readonly [id: string, code: string, body: string];

async function store(letters: readonly Stored[]): Promise<void> {
  const rows = letters.map(([id, code, body]) => [id, code, body, new TextEncoder().encode(body).length]);
  await env.DB.prepare(
    `INSERT INTO dead_letters (id, code, field, detail, attempts, received_ts, body, body_bytes, body_sha256)
     SELECT value ->> 0, value ->> 1, 'body', 'A reason.', 1, 1714000000, value ->> 2, value ->> 3, NULL FROM json_each(?1)`,
  )
    .bind(JSON.stringify(rows))
    .run();
}

async function storedIds(): Promise<unknown[]> {
  const { results } = await env.DB.prepare("SELECT id FROM dead_letters ORDER BY rowid").all();
  return results.map(({ id }) => id);
}

/** A queue that refuses what the platform's would, and remembers the rest. */
function queue(takes: (sending: number) => boolean = () => true) {
  const bodies: unknown[] = [];
  let sendings = 0;
  const sendBatch = (batch: Iterable<{ body: unknown }>) => {
    const messages = [...batch].map(({ body }) => body);
    const sizes = messages.map((body) => new TextEncoder().encode(JSON.stringify(body)).length);
    if (!takes(++sendings)) return Promise.reject(new Error("Queue is disabled. (10252)"));
    if (messages.length > 100 || Math.max(...sizes) > 128_000 || sizes.reduce((a, b) => a + b) > 256_000) {
      return Promise.reject(new Error("Payload Too Large (10204)"));
    }
    bodies.push(...messages);
    return Promise.resolve();
  };
  return { bodies, binding: { sendBatch } };
}

/** D1, with its queries counted. */
function counted() {
  const state = { queries: 0 };
  const prepare = (sql: string) => {
    state.queries++;
    return env.DB.prepare(sql);
  };
  return { state, binding: { prepare } };
}

function replay(path: string, bindings: Readonly<Record<string, unknown>>): Promise<Response> {
  return ask("POST", `/api/v1/dead-letters${path}`, { token: TOKENS.admin, env: bindings });
}

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM dead_letters").run();
});

describe("[§7] replaying all dead letters", () => {
  it("[§7] reaches the last of 12,000 by its cursor, each once, within 50 queries a request", async () => {
    const count = 12_000;
    const letters = Array.from({ length: count }, (_, i): Stored => [`letter-${i}`, "other", `{"n":${i}}`]);
    await store(letters);
    const inbound = queue();
    let next: string | null = "";
    let [replayed, steps] = [0, 0];
    while (next !== null) {
      const db = counted();
      const response = await replay(`/replay${next === "" ? "" : `?cursor=${next}`}`, {
        DB: db.binding,
        OBSERVATION_QUEUE: inbound.binding,
      });
      expect(response.status).toBe(202);
      const step = await response.json<Replayed>();
      expect(db.state.queries).toBeLessThanOrEqual(50);
      replayed += step.replayed;
      expect(step.remaining).toBe(count - replayed);
      next = step.next_cursor;
      steps++;
    }
    expect(replayed).toBe(count);
    expect(steps).toBeGreaterThan(1);
    expect(inbound.bodies).toEqual(letters.map(([id], i) => ({ events: [{ n: i }], replay_of: id })));
  });

  it("[§7] names a letter that escaping makes larger than a message, passes it by and keeps it", async () => {
    const grown = "\u0001".repeat(100_000);
    await store([
      ["before", "other", '{"n":1}'],
      ["grown", "malformed_json", grown],
      ["behind", "other", '{"n":2}'],
    ]);
    const inbound = queue();
    const response = await replay("/replay", { OBSERVATION_QUEUE: inbound.binding });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      replayed: 2,
      skipped: 1,
      failed: [{ id: "grown", code: "message_too_large", detail: expect.stringContaining("600") }],
      remaining: 0,
      next_cursor: null,
    });
    expect(inbound.bodies).toEqual([
      { events: [{ n: 1 }], replay_of: "before" },
      { events: [{ n: 2 }], replay_of: "behind" },
    ]);
    expect(await storedIds()).toEqual(["before", "grown", "behind"]);
    const alone = await replay("/grown/replay", { OBSERVATION_QUEUE: inbound.binding });
    expect(await readProblem(alone)).toMatchObject({ status: 409, code: "message_too_large" });
  });

  it("[§7] measures what it sends in bytes: letters of wide characters go in as many sendings as they need", async () => {
    await store(Array.from({ length: 60 }, (_, i): Stored => [`wide-${i}`, "other", "💡".repeat(7_000)]));
    const inbound = queue();
    const response = await replay("/replay", { OBSERVATION_QUEUE: inbound.binding });
    expect(await response.json()).toMatchObject({ replayed: 60, failed: [] });
    expect(inbound.bodies).toHaveLength(60);
  });

  it("[§7] answers 503 where the queue stops, with the cursor to go on from", async () => {
    await store(Array.from({ length: 250 }, (_, i): Stored => [`letter-${i}`, "other", `{"n":${i}}`]));
    const inbound = queue((sending) => sending !== 2);
    const stopped = await replay("/replay", { OBSERVATION_QUEUE: inbound.binding });
    const problem = await readProblem(stopped);
    expect(problem).toMatchObject({ status: 503, code: "queue_unavailable", replayed: 100, failed: [] });
    const rest = await replay(`/replay?cursor=${String(problem["next_cursor"])}`, {
      OBSERVATION_QUEUE: inbound.binding,
    });
    expect(await rest.json()).toMatchObject({ replayed: 150, remaining: 0, next_cursor: null });
    expect(inbound.bodies).toHaveLength(250);
  });

  it("[§7] a cursor of the list is not one of the replay", async () => {
    await store([
      ["a", "other", "{}"],
      ["b", "other", "{}"],
    ]);
    const list = await ask("GET", "/api/v1/dead-letters?limit=1", { token: TOKENS.admin });
    const { next_cursor: cursor } = await list.json<{ next_cursor: string }>();
    expect((await replay(`/replay?cursor=${cursor}`, {})).status).toBe(422);
  });
});

describe("[§7] an event that could not be published", () => {
  const event = { v: 1, id: "e-1", seq: 3, topic: "identity.merged", type: "merged", ts: 1, payload: {} };

  it("[§7] is replayed to the outbound queue as it was, and its letter is removed", async () => {
    await store([
      ["event", "unpublishable", JSON.stringify(event)],
      ["message", "other", JSON.stringify(payload())],
    ]);
    const [inbound, outbound] = [queue(), queue()];
    const response = await replay("/replay", {
      OBSERVATION_QUEUE: inbound.binding,
      EVENT_QUEUE: outbound.binding,
    });
    expect(await response.json()).toMatchObject({ replayed: 2, failed: [], remaining: 0 });
    expect(outbound.bodies).toEqual([event]);
    expect(inbound.bodies).toHaveLength(1);
    expect(await storedIds()).toEqual(["message"]);
  });

  it("[§7] stays if the outbound queue does not take it", async () => {
    await store([["event", "unpublishable", JSON.stringify(event)]]);
    const outbound = queue(() => false);
    const response = await replay("/event/replay", { EVENT_QUEUE: outbound.binding });
    expect(await readProblem(response)).toMatchObject({ status: 503, code: "queue_unavailable" });
    expect(await storedIds()).toEqual(["event"]);
  });
});
