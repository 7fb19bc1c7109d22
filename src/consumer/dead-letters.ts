/**
 * What happens to messages that ran out of retries: they are kept as dead letters in D1, or put back on the queue of
 * observations. Neither needs the settings, so a wrong variable can't lose them.
 */
import { logError } from "../log.ts";
import { firstShard, shardOf } from "../shard.ts";
import { keepExhausted } from "../storage/index.ts";
import { type IncomingMessage, type MessageContent, toExhausted } from "./read-batch.ts";

/**
 * Deliveries by the dead-letter queue after which a waiting message is put back. The tenth comes about four hours after
 * the first: before the queue's 100 retries are used up, and before the 24 hours for which a queue of the Free plan
 * keeps a message.
 */
export const PUT_BACK_ATTEMPTS = 10;

/**
 * Keeps a message as a dead letter in the first shard, and marks its identities for the sweep in theirs. Never throws.
 * @param receivedTs - epoch seconds
 * @returns whether it was kept
 */
export async function keepAsDeadLetter(
  content: MessageContent,
  env: Env,
  receivedTs: number,
): Promise<boolean> {
  const letter = toExhausted(content.message, receivedTs);
  const first = firstShard(env);
  const attackerUuids = new Set(content.observations.map(({ observation }) => observation.attackerUuid));
  const byShard = Map.groupBy(attackerUuids, (attackerUuid) => shardOf(env, attackerUuid));
  if (!byShard.has(first)) byShard.set(first, []);
  try {
    await Promise.all(
      [...byShard].map(([shard, uuids]) => keepExhausted(shard.db, shard === first ? [letter] : [], uuids)),
    );
    return true;
  } catch (error) {
    logError("dead_letter_not_kept", error);
    return false;
  }
}

/**
 * Puts a message back on the queue of observations, where it starts with fresh retries and a fresh retention. Never
 * throws.
 * @returns whether the queue took it
 */
export async function putBack({ body }: IncomingMessage, env: Env): Promise<boolean> {
  try {
    await env.OBSERVATION_QUEUE.send(body, { contentType: contentTypeOf(body) });
    return true;
  } catch (error) {
    logError("dead_letter_not_put_back", error);
    return false;
  }
}

/** The content type with which a queue delivers the same body again. */
function contentTypeOf(body: unknown): QueueContentType {
  if (typeof body === "string") return "text";
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return "bytes";
  return "json";
}
