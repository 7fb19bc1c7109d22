/** Delivers messages to the consumer in batches that the test composes, and reads the states that follow. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { PrimitiveAttribution } from "../../src/identity/index.ts";
import { limitedWorker } from "./limits/worker.ts";

export const OBSERVATIONS = "attacker-observations";

/** Delivers bodies as one batch, one message each; returns what was acknowledged and what is to be retried. */
export async function deliver(
  bodies: readonly unknown[],
  options: { env?: Env; attempts?: number; ids?: readonly string[] } = {},
): Promise<Awaited<ReturnType<typeof getQueueResult>>> {
  const messages = bodies.map((body, i) => ({
    id: options.ids?.[i] ?? crypto.randomUUID(),
    timestamp: new Date(),
    attempts: options.attempts ?? 1,
    body,
  }));
  const batch = createMessageBatch(OBSERVATIONS, messages);
  const ctx = createExecutionContext();
  await limitedWorker.queue(batch, options.env ?? env);
  return getQueueResult(batch, ctx);
}

/** The states of an identity, straight from its object. */
export function statesOf(identityUuid: string): Promise<PrimitiveAttribution[]> {
  return env.IDENTITIES.getByName(identityUuid).attribution();
}

/** A list cut into pieces of a size. */
export function pieces<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
