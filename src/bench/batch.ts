/** Batches as the queue would hand them over, made from bodies. */

/** The queue that observations come by. */
const QUEUE = "attacker-observations";

/** Messages of one batch: what the Wrangler file says. */
export const BATCH_MESSAGES = 100;

/** What became of a batch's messages. */
export interface Settled {
  acknowledged: number;
  putOff: number;
}

/** A batch of messages that counts what becomes of them. */
export function batchOf(bodies: readonly unknown[], settled: Settled, firstId: number): MessageBatch {
  const ack = () => void settled.acknowledged++;
  const retry = () => void settled.putOff++;
  const messages = bodies.map((body, i) => {
    const id = (firstId + i).toString(16).padStart(32, "0");
    return { id, timestamp: new Date(), attempts: 1, body, ack, retry };
  });
  return {
    queue: QUEUE,
    messages,
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date() } },
    ackAll: () => void (settled.acknowledged += messages.length),
    retryAll: () => void (settled.putOff += messages.length),
  };
}

/** A list cut into pieces of a size. */
export function piecesOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
