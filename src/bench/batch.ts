/** Makes message batches from bodies, in the form in which the platform hands them to a consumer. */

/** Name of the inbound queue. */
const QUEUE = "attacker-observations";

/** Messages per batch: `max_batch_size` of the Wrangler file. */
export const BATCH_MESSAGES = 100;

/** How many messages of a batch were acknowledged and how many were retried. */
interface Verdicts {
  acknowledged: number;
  retried: number;
}

/** A batch that counts the verdicts on its messages. */
export function batchOf(bodies: readonly unknown[], verdicts: Verdicts, firstId: number): MessageBatch {
  const ack = () => void verdicts.acknowledged++;
  const retry = () => void verdicts.retried++;
  const messages = bodies.map((body, i) => {
    const id = (firstId + i).toString(16).padStart(32, "0");
    return { id, timestamp: new Date(), attempts: 1, body, ack, retry };
  });
  return {
    queue: QUEUE,
    messages,
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date() } },
    ackAll: () => void (verdicts.acknowledged += messages.length),
    retryAll: () => void (verdicts.retried += messages.length),
  };
}

/** Cuts a list into pieces of at most `size` members. */
export function piecesOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
