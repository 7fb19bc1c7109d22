/**
 * Converts DECNET's webhook deliveries to the form of the queue's messages: they are `{ v, id, ts, topic, type,
 * payload }` with `ts` as ISO 8601 text, and have topics of all kinds. The core checks them.
 */
import { epochSecondsOf } from "../../sensor/index.ts";

const TIMES: readonly string[] = ["ts", "window_start_ts", "window_end_ts"];
const WINDOW_TIMES: readonly string[] = ["start_ts", "end_ts"];

const OBSERVATION_TOPIC = "attacker.observation.";

/** Whether the topic of a delivery is not that of an observation. */
export function isAboutSomethingElse(delivery: unknown): boolean {
  if (!isObject(delivery)) return false;
  const { topic } = delivery;
  return typeof topic === "string" && !topic.startsWith(OBSERVATION_TOPIC);
}

/** A delivery with its ISO times as epoch seconds, in the event and in its payload. Other values stay as they are. */
export function withEpochTimes(delivery: unknown): unknown {
  if (!isObject(delivery)) return delivery;
  const { events, payload, window } = delivery;
  return {
    ...convert(delivery, TIMES),
    ...(Array.isArray(events) ? { events: events.map(withEpochTimes) } : {}),
    ...(isObject(payload) ? { payload: withEpochTimes(payload) } : {}),
    ...(isObject(window) ? { window: convert(window, WINDOW_TIMES) } : {}),
  };
}

function convert(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const converted = { ...from };
  for (const name of names) {
    const time = from[name];
    if (typeof time === "string") converted[name] = epochSecondsOf(time) ?? time;
  }
  return converted;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
