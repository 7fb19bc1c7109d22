/** Handing batches to the consumers: as they ship, metered, and what they are compared with. */
import worker from "../worker.ts";
import { BATCH_MESSAGES, batchOf, piecesOf } from "./batch.ts";
import type { BenchEnv, Consumer } from "./env.ts";
import { floorConsumer } from "./floor.ts";
import { meteredDatabase, meters } from "./meter.ts";
import { batchedPortConsumer, fillPort, portConsumer } from "./port.ts";
import type { ConsumerName } from "./protocol.ts";
import { messagesOf, type Workload } from "./workload.ts";

/** Events of a message, and messages of a batch, when a history is stored. */
const FILL_MESSAGE_EVENTS = 100;
const FILL_BATCH_MESSAGES = 20;

const CONSUMERS: Readonly<Record<ConsumerName, Consumer>> = {
  ours: (batch, env) => worker.queue(batch, env),
  metered: (batch, env) => worker.queue(batch, meteredEnv(env)),
  floor: floorConsumer,
  port: portConsumer,
  batched_port: batchedPortConsumer,
};

/** Runs messages through a consumer, batch after batch.
 * @throws Error if a message was not acknowledged */
export async function runBatches(
  bodies: readonly unknown[],
  consumer: ConsumerName,
  env: BenchEnv,
  batchMessages = BATCH_MESSAGES,
): Promise<{ batches: number; messages: number; observations: number }> {
  const settled = { acknowledged: 0, putOff: 0 };
  const pieces = piecesOf(bodies, batchMessages);
  for (const [i, piece] of pieces.entries()) {
    await CONSUMERS[consumer](batchOf(piece, settled, i * batchMessages), env);
  }
  if (settled.acknowledged !== bodies.length) {
    throw new Error(`${consumer}: ${settled.putOff} of ${bodies.length} messages were put off`);
  }
  return { batches: pieces.length, messages: bodies.length, observations: countEvents(bodies) };
}

/** Stores a history. */
export async function fill(workload: Workload, consumer: ConsumerName, env: BenchEnv): Promise<void> {
  const bodies = messagesOf({ ...workload, perMessage: FILL_MESSAGE_EVENTS });
  if (consumer !== "port" && consumer !== "batched_port") {
    await runBatches(bodies, consumer, env, FILL_BATCH_MESSAGES);
    return;
  }
  for (const piece of piecesOf(bodies, FILL_BATCH_MESSAGES)) await fillPort(piece, env);
}

let metered: BenchEnv | null = null;

/** The environment with everything counted: D1's calls and rows, calls of objects. One object, so settings are read once. */
export function meteredEnv(env: BenchEnv): BenchEnv {
  metered ??= {
    ...env,
    DB: meteredDatabase(env.DB, () => meters.worker),
    IDENTITIES: new Proxy(env.METERED_IDENTITIES, {
      get(target, name) {
        if (name !== "getByName") throw new Error(`the meter must know how to count ${String(name)}`);
        return (identityUuid: string) => {
          meters.worker.objectCalls++;
          return target.getByName(identityUuid);
        };
      },
    }),
    INGEST_RATE_LIMIT: { limit: () => Promise.resolve({ success: true }) },
  };
  return metered;
}

function countEvents(bodies: readonly unknown[]): number {
  return bodies.reduce<number>((sum, body) => sum + eventsIn(body), 0);
}

function eventsIn(body: unknown): number {
  if (typeof body !== "object" || body === null || !("events" in body)) return 1;
  return Array.isArray(body.events) ? body.events.length : 1;
}
