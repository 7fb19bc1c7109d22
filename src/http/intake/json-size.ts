/**
 * Estimates from the bytes of a JSON text how much memory parsing it takes. A body of 8 MiB can hold eight million
 * lists, which take a hundred times as much memory as their text, and seconds to build.
 */

/** Lists and objects that one text may hold: 100 for each of 5,000 events. */
export const CONTAINERS_LIMIT = 500_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;

/** Whether a JSON text opens more lists and objects than it may; those in strings do not count. */
export function hasTooManyContainers(json: Uint8Array): boolean {
  if (json.length <= CONTAINERS_LIMIT) return false;
  let containers = 0;
  let isInString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString && byte === BACKSLASH) i++;
    else if (!isInString && (byte === OPEN_LIST || byte === OPEN_OBJECT)) {
      if (++containers > CONTAINERS_LIMIT) return true;
    }
  }
  return false;
}
