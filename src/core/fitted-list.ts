/** Cuts lists inside events, so that an event fits into a queue message. */
import { utf8Length } from "./json.ts";

/** Maximum number of entries of a list inside an event. */
export const EVENT_LIST_ENTRIES = 1_000;
/** Maximum bytes of JSON of such a list. A queue message holds 128,000 bytes, including the envelope. */
export const EVENT_LIST_BYTES = 100_000;

/**
 * The first entries of a list, as many as fit into an event.
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
 * Cuts the list of an event that was stored before there was a limit. Returns any other event unchanged.
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
