/** A queue that counts messages and refuses what is too large. */
import { MESSAGE_METADATA_BYTES } from "./platform.ts";
import { bodyBytes } from "./size.ts";
import { count, use } from "./use.ts";

/** The queue, with the platform's limits before it. */
export function limitedQueue<T>(queue: Queue<T>): Queue<T> {
  return new Proxy(queue, {
    get(target, name) {
      if (name === "send") {
        return async (body: T, options?: QueueSendOptions) => {
          count("subrequests", 1, () => "queue send");
          checkMessage(body, options?.contentType);
          return target.send(body, options);
        };
      }
      if (name === "sendBatch") {
        return async (messages: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) => {
          const list = [...messages];
          count("subrequests", 1, () => "queue sendBatch");
          use("queue_batch_messages", list.length, () => "queue sendBatch");
          let bytes = 0;
          for (const { body, contentType } of list) bytes += checkMessage(body, contentType);
          use("queue_batch_bytes", bytes, () => `queue sendBatch of ${list.length}`);
          return target.sendBatch(list, options);
        };
      }
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        count("subrequests", 1, () => `queue ${String(name)}`);
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function checkMessage(body: unknown, contentType: string | undefined): number {
  const bytes = bodyBytes(body, contentType) + MESSAGE_METADATA_BYTES;
  use("queue_message", bytes, () => "message");
  return bytes;
}
