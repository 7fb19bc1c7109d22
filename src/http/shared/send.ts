/** Sends messages to a queue, in order, in groups that it takes, with a bounded retry where waiting may help. */
import pRetry, { type RetryContext } from "p-retry";

/** A message, and the UTF-8 bytes of its JSON. */
export interface OutgoingMessage {
  readonly body: unknown;
  readonly bytes: number;
}

/** Messages and bytes of one `sendBatch`: a queue takes 100 and 256 KB. */
const SEND_LIMIT_MESSAGES = 100;
const SEND_LIMIT_BYTES = 250_000;

/** Further attempts after the first: a queue that says it is overloaded often takes the next attempt. */
const RETRIES = 3;
/** The first wait, ms: doubles each time, and each is drawn between once and twice its length. */
const FIRST_WAIT_MS = 100;
/** How long one request may spend on waiting, ms: well below the 10 s after which DECNET gives up. */
const RETRY_BUDGET_MS = 5_000;

/** Errors for which waiting does not help, by the code at the end: sizes, a full or disabled queue, the free plan's limit. */
const HOPELESS = /\((10204|10205|10206|10251|10252|10253)\)\s*$/;

/** Messages in groups, each small enough for one `sendBatch`. */
function groupForSending(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const groups: OutgoingMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const group = groups.at(-1);
    if (group && group.length < SEND_LIMIT_MESSAGES && bytes + message.bytes <= SEND_LIMIT_BYTES) {
      group.push(message);
      bytes += message.bytes;
    } else {
      groups.push([message]);
      bytes = message.bytes;
    }
  }
  return groups;
}

/**
 * Sends messages in order.
 * @returns how many of the messages the queue took, and the error that stopped it, or null
 */
export async function sendMessages(
  queue: Pick<Queue, "sendBatch">,
  messages: readonly OutgoingMessage[],
): Promise<{ sent: number; error: unknown }> {
  const deadlineMs = Date.now() + RETRY_BUDGET_MS;
  let sent = 0;
  for (const group of groupForSending(messages)) {
    const batch = group.map(({ body }) => ({ body, contentType: "json" as const }));
    try {
      await pRetry(() => queue.sendBatch(batch), {
        retries: RETRIES,
        minTimeout: FIRST_WAIT_MS,
        randomize: true,
        shouldRetry: ({ error }: RetryContext) => !HOPELESS.test(error.message) && Date.now() < deadlineMs,
      });
    } catch (error) {
      return { sent, error };
    }
    sent += group.length;
  }
  return { sent, error: null };
}
