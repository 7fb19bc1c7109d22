/** Asking a queue how much waits in it. */
import type { QueueDepth } from "./format.ts";

/** How much waits; null where the platform does not say. */
export async function queueDepth(queue: Queue): Promise<QueueDepth> {
  try {
    const { backlogCount, oldestMessageTimestamp } = await queue.metrics();
    return {
      backlog: backlogCount,
      oldestTs: oldestMessageTimestamp ? oldestMessageTimestamp.getTime() / 1_000 : null,
    };
  } catch {
    return { backlog: null, oldestTs: null };
  }
}
