/** A wrong variable pauses the Worker: messages are put off as in a pause, nothing throws, nothing is lost. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { configProblems, tryConfig } from "../../src/config.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import worker from "../../src/worker.ts";
import { OBSERVATIONS, statesOf } from "../setup/deliver.ts";
import { payload } from "../setup/payload.ts";
import { countStored } from "../setup/observations.ts";

const WRONG = { WINDOW_SIZE: "banana" } as unknown as Partial<Env>;
const DEAD_LETTERS = `${OBSERVATIONS}-dead-letters`;

/** Delivers bodies as one batch; answers with the acknowledged ids, and the delay of each message that was put off. */
async function deliverFrom(queue: string, bodies: readonly unknown[], attempts: number, used: Env) {
  const messages = bodies.map((body, i) => ({ id: `m${i}`, timestamp: new Date(), attempts, body }));
  const batch = createMessageBatch(queue, messages);
  const retries = batch.messages.map((message) => vi.spyOn(message, "retry"));
  await worker.queue(batch, used);
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
  return { explicitAcks, delays: retries.map(({ mock }) => mock.calls[0]?.[0]?.delaySeconds) };
}

function withQueue(send: (body: unknown, options?: QueueSendOptions) => Promise<void>): Env {
  return { ...env, ...WRONG, OBSERVATION_QUEUE: { send } as never };
}

async function storedOf(event: { attacker_uuid?: unknown }): Promise<number> {
  const letters = await env.DB.prepare("SELECT count(*) AS n FROM dead_letters").first<number>("n");
  return (await countStored(String(event.attacker_uuid))) + (letters ?? 0);
}

it("[§7 pause] a wrong variable puts every message off, 5 s growing to 300 s, and names the variable and its range", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const event = payload();
  for (const [attempts, delay] of [
    [1, 5],
    [2, 10],
    [5, 80],
    [20, 300],
  ] as const) {
    const result = await deliverFrom(OBSERVATIONS, [event, "no json"], attempts, { ...env, ...WRONG });
    expect(result).toEqual({ explicitAcks: [], delays: [delay, delay] });
  }
  expect(logged.mock.calls.flat().join("\n")).toContain(
    "WINDOW_SIZE must be a whole number from 1 to 20, got",
  );
  logged.mockRestore();
  expect(await storedOf(event)).toBe(0);
  await deliverFrom(OBSERVATIONS, [event], 1, env);
  expect(await statesOf(stubIdentityUuid(String(event["attacker_uuid"])))).toHaveLength(1);
});

it("[§7 pause] what runs out of retries meanwhile waits on the dead-letter queue, a minute growing to an hour", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const event = payload();
  for (const [attempts, delay] of [
    [1, 60],
    [2, 120],
    [9, 3_600],
  ] as const) {
    const result = await deliverFrom(DEAD_LETTERS, [event], attempts, { ...env, ...WRONG });
    expect(result).toEqual({ explicitAcks: [], delays: [delay] });
  }
  logged.mockRestore();
  expect(await storedOf(event)).toBe(0);
  await deliverFrom(DEAD_LETTERS, [event], 10, env);
  expect(await statesOf(stubIdentityUuid(String(event["attacker_uuid"])))).toHaveLength(1);
});

it("[§7 pause] before its retries or the queue's retention end there too, it is put back on the observation queue as it was", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const sent: unknown[] = [];
  const used = withQueue((body, options) => {
    sent.push([body, options?.contentType]);
    return Promise.resolve();
  });
  const bytes = new TextEncoder().encode("{}").buffer;
  const result = await deliverFrom(DEAD_LETTERS, [{ events: [payload({ id: "x" })] }, "{}", bytes], 10, used);
  logged.mockRestore();
  expect(result.explicitAcks).toEqual(["m0", "m1", "m2"]);
  expect(sent).toMatchObject([
    [{ events: [{ id: "x" }] }, "json"],
    ["{}", "text"],
    [bytes, "bytes"],
  ]);
});

it("[§7 pause] what the observation queue does not take back waits on", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const used = withQueue(() => Promise.reject(new Error("Queue is overloaded. Please back off.")));
  const result = await deliverFrom(DEAD_LETTERS, [payload()], 10, used);
  logged.mockRestore();
  expect(result).toEqual({ explicitAcks: [], delays: [3_600] });
});

it.each([
  [{ WINDOW_SIZE: "0" }, 'WINDOW_SIZE must be a whole number from 1 to 20, got "0"'],
  [{ UNKNOWN_ATTACKER: "drop" }, 'UNKNOWN_ATTACKER must be "register" or "defer", got "drop"'],
  [{ HEARTBEAT: "yes" }, 'HEARTBEAT must be "on" or "off", got "yes"'],
  [{ RETENTION_DAYS: "0.5" }, 'RETENTION_DAYS must be a number of days from 1 to 36525, got "0.5"'],
  [
    { PRIMITIVE_KINDS: '{"a.b":"colour"}' },
    "PRIMITIVE_KINDS must be a JSON object of primitive to kind (categorical, bool, free_string, array, numeric, hash, bag), which a.b is not",
  ],
])("[§3 configuration] a wrong variable is named with its range: %j", (variables, problem) => {
  expect(configProblems(variables)).toEqual([problem]);
  expect(tryConfig(variables)).toBeNull();
});

it("[§3 configuration] every wrong variable is named, and a right environment has no problem", () => {
  expect(configProblems({ WINDOW_SIZE: "a", NUMERIC_EWMA_ALPHA: "2", HEARTBEAT: "x" })).toHaveLength(3);
  expect(configProblems(env)).toEqual([]);
  expect(tryConfig(env)?.policy.thresholds.windowSize).toBe(5);
});
