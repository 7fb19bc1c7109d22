/** Runs batches through a consumer: the shipped one, the metered one, the floor or a port. */
import worker from "../worker.ts";
import { BATCH_MESSAGES, batchOf, piecesOf } from "./batch.ts";
import type { BenchEnv, Consumer } from "./env.ts";
import { floorConsumer } from "./floor.ts";
import { meteredDatabase, meters } from "./meter.ts";
import { batchedPortConsumer, fillPort, portConsumer } from "./port.ts";
import type { ConsumerName } from "./protocol.ts";
import { messagesOf, type Workload } from "./workload.ts";

/** Events per message and messages per batch while a history is stored. */
const FILL_MESSAGE_EVENTS = 100;
const FILL_BATCH_MESSAGES = 20;

const CONSUMERS: Readonly<Record<ConsumerName, Consumer>> = {
  ours: (batch, env) => worker.queue(batch, env),
  metered: (batch, env) => worker.queue(batch, meteredEnv(env)),
  floor: floorConsumer,
  port: portConsumer,
  batched_port: batchedPortConsumer,
};

/** Runs messages through a consumer, one batch after the other.
 * @throws Error if a message was not acknowledged */
export async function runBatches(
  bodies: readonly unknown[],
  consumer: ConsumerName,
  env: BenchEnv,
  batchMessages = BATCH_MESSAGES,
): Promise<{ batches: number; messages: number; observations: number }> {
  const verdicts = { acknowledged: 0, retried: 0 };
  const pieces = piecesOf(bodies, batchMessages);
  for (const [i, piece] of pieces.entries()) {
    await CONSUMERS[consumer](batchOf(piece, verdicts, i * batchMessages), env);
  }
  if (verdicts.acknowledged !== bodies.length) {
    throw new Error(`${consumer}: ${verdicts.retried} of ${bodies.length} messages were retried`);
  }
  return { batches: pieces.length, messages: bodies.length, observations: countEvents(bodies) };
}

/** Stores a history that later measurements start from. */
export async function fill(workload: Workload, consumer: ConsumerName, env: BenchEnv): Promise<void> {
  const bodies = messagesOf({ ...workload, perMessage: FILL_MESSAGE_EVENTS });
  if (consumer !== "port" && consumer !== "batched_port") {
    await runBatches(bodies, consumer, env, FILL_BATCH_MESSAGES);
    return;
  }
  for (const piece of piecesOf(bodies, FILL_BATCH_MESSAGES)) await fillPort(piece, env);
}

let metered: BenchEnv | null = null;

/**
 * The environment with meters on D1 and on the identity objects. Always the same object, because the settings are cached
 * per environment object.
 */
export function meteredEnv(env: BenchEnv): BenchEnv {
  metered ??= {
    ...env,
    DB: meteredDatabase(env.DB, () => meters.worker),
    IDENTITIES: new Proxy(env.METERED_IDENTITIES, {
      get(target, name) {
        if (name !== "getByName") throw new Error(`the meter cannot count ${String(name)}`);
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
