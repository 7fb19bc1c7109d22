/** A replay of real sessions, as `npm run replay` does it, with everything counted: registering, queueing, applying. */
import { app } from "../http/index.ts";
import type { BenchEnv } from "./env.ts";
import { MeteredIdentityObject } from "./metered-object.ts";
import { meters, resetMeters, rowsByStatement, settleCursors } from "./meter.ts";
import type { Command, Counted } from "./protocol.ts";
import { meteredEnv, runBatches } from "./run.ts";

/** Since when the next answer counts. */
const since = { batches: 0, messages: 0, observations: 0 };

/** Registers attackers, sends events, and applies the messages that they were packed into. */
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

/** Runs messages and says what they cost. */
export async function countBatches(bodies: readonly unknown[], env: BenchEnv): Promise<Counted> {
  await allDone();
  resetMeters();
  const ran = await runBatches(bodies, "metered", env);
  await allDone();
  return answer(ran);
}

/** Waits for the objects, says what all cost since the last time, and begins anew. */
export async function settle(): Promise<Counted> {
  await allDone();
  const counted = answer(since);
  Object.assign(since, { batches: 0, messages: 0, observations: 0 });
  resetMeters();
  return counted;
}

/** Waits until no object is at work any more; without calling them, which would be counted. */
async function allDone(): Promise<void> {
  while (MeteredIdentityObject.atWork > 0) await scheduler.wait(1);
}

function answer(ran: Pick<Counted, "batches" | "messages" | "observations">): Counted {
  settleCursors();
  const statements = [...rowsByStatement]
    .map(([statement, rows]) => ({ statement, ...rows }))
    .toSorted((a, b) => b.written - a.written || b.read - a.read)
    .slice(0, 30);
  return { ...ran, worker: { ...meters.worker }, objects: { ...meters.objects }, statements };
}
