/** Replays real sessions as `npm run replay` does, and counts everything: registering, queueing, applying. */
import { app } from "../http/index.ts";
import type { BenchEnv } from "./env.ts";
import { MeteredIdentityObject } from "./metered-object.ts";
import { meters, resetMeters, rowsByStatement, addCursorRows } from "./meter.ts";
import type { Command, Counted } from "./protocol.ts";
import { meteredEnv, runBatches } from "./run.ts";

/** Batches, messages and observations since the last `takeCounts`. */
const since = { batches: 0, messages: 0, observations: 0 };

/** Registers attackers, sends events, and applies the messages that the Worker packed them into. */
export async function replayChunk(
  { attackers, events }: Extract<Command, { command: "replay" }>,
  env: BenchEnv,
): Promise<void> {
  const bodies: unknown[] = [];
  const take = (messages: Iterable<MessageSendRequest>) => {
    for (const { body } of messages) bodies.push(body);
  };
  const queue = new Proxy(env.OBSERVATION_QUEUE, {
    get(target, name) {
      if (name === "sendBatch")
        return (messages: Iterable<MessageSendRequest>) => Promise.resolve(take(messages));
      if (name === "send") return (body: unknown) => Promise.resolve(take([{ body }]));
      return Reflect.get(target, name);
    },
  });
  const counting = { ...meteredEnv(env), OBSERVATION_QUEUE: queue };
  const ask = async (method: string, path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${env.INGEST_TOKENS}`, "content-type": "application/json" };
    const request = new Request(`https://bench.invalid/api/v1${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    const response = await app.fetch(request, counting);
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  };
  for (const { uuid, facts } of attackers) await ask("PUT", `/attackers/${uuid}`, facts);
  await ask("POST", "/observations", events);
  const ran = await runBatches(bodies, "metered", env);
  since.batches += ran.batches;
  since.messages += ran.messages;
  since.observations += ran.observations;
}

/** Runs messages and returns what they cost. */
export async function countBatches(bodies: readonly unknown[], env: BenchEnv): Promise<Counted> {
  await untilIdle();
  resetMeters();
  const ran = await runBatches(bodies, "metered", env);
  await untilIdle();
  return answer(ran);
}

/** Waits for the objects, returns the counters since the last call, and sets them to zero. */
export async function takeCounts(): Promise<Counted> {
  await untilIdle();
  const counted = answer(since);
  Object.assign(since, { batches: 0, messages: 0, observations: 0 });
  resetMeters();
  return counted;
}

/** Waits until no object runs a background task. It calls no object, because a call would be counted. */
async function untilIdle(): Promise<void> {
  while (MeteredIdentityObject.runningTasks > 0) await scheduler.wait(1);
}

function answer(ran: Pick<Counted, "batches" | "messages" | "observations">): Counted {
  addCursorRows();
  const statements = [...rowsByStatement]
    .map(([statement, rows]) => ({ statement, ...rows }))
    .toSorted((a, b) => b.written - a.written || b.read - a.read)
    .slice(0, 30);
  return { ...ran, worker: { ...meters.worker }, objects: { ...meters.objects }, statements };
}
