/** Lists inside events: they end before an event grows too large for a queue message. */
import { utf8Length } from "./json.ts";

/** Entries at which a list inside an event ends. */
export const EVENT_LIST_ENTRIES = 1_000;
/** Bytes of JSON at which it ends: a queue message holds 128,000, and the envelope stands around the list. */
export const EVENT_LIST_BYTES = 100_000;

/**
 * The beginning of a list that fits into an event.
 * @example fitList(["a", "b"]) // { list: ["a", "b"], isTruncated: false }
 */
export function fitList(entries: readonly string[]): { list: readonly string[]; isTruncated: boolean } {
  let bytes = 2;
  for (const [i, entry] of entries.entries()) {
    bytes += utf8Length(JSON.stringify(entry)) + 1;
    if (i >= EVENT_LIST_ENTRIES || bytes > EVENT_LIST_BYTES) {
      return { list: entries.slice(0, i), isTruncated: true };
    }
  }
  return { list: entries, isTruncated: false };
}

/**
 * An event whose list was made before lists ended anywhere, as it would be made today; any other event as it is.
 * @param event - an envelope, read from JSON
 */
export function fitEvent(event: unknown): unknown {
  if (!isRecord(event) || !isRecord(event["payload"])) return event;
  const { payload } = event;
  for (const name of ["observation_uuids", "primitives"]) {
    const entries = payload[name];
    if (!Array.isArray(entries) || !entries.every((entry) => typeof entry === "string")) continue;
    const { list, isTruncated } = fitList(entries);
    if (isTruncated) return { ...event, payload: { ...payload, [name]: list }, truncated: true };
  }
  return event;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
