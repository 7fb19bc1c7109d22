/**
 * What a hook keeps for the primitives of a page, as one blob: a head for each, then the bytes of each that differ from those of the one
 * before. What is kept of new series hardly differs, so a small identity needs fewer pages of the database.
 */

/** The length of one that is missing. */
const NONE = 0xffff_ffff;
/** Bytes of a head: the length (32 bits, little-endian), and how many of its first and of its last bytes are those of the one before (16 bits each). */
const HEAD = 8;
const MOST_SHARED = 0xffff;

const NOTHING = new Uint8Array(0);

/** The blob of a page, or null if nothing is kept for any of its primitives. */
export function writeKept(kept: readonly (Uint8Array | null)[]): ArrayBuffer | null {
  if (kept.every((bytes) => bytes === null)) return null;
  const size = kept.reduce((sum, bytes) => sum + (bytes?.length ?? 0), HEAD * kept.length);
  const blob = new Uint8Array(size);
  const heads = new DataView(blob.buffer);
  let end = HEAD * kept.length;
  let before: Uint8Array = NOTHING;
  for (const [i, bytes] of kept.entries()) {
    heads.setUint32(HEAD * i, bytes === null ? NONE : bytes.length, true);
    if (bytes === null) continue;
    const { first, last } = sharedWith(before, bytes);
    heads.setUint16(HEAD * i + 4, first, true);
    heads.setUint16(HEAD * i + 6, last, true);
    const own = bytes.subarray(first, bytes.length - last);
    blob.set(own, end);
    end += own.length;
    before = bytes;
  }
  return blob.buffer.slice(0, end);
}

/**
 * What is kept for each primitive of a page; some are views of the blob.
 * @param count - number of primitives of the page
 * @throws Error if the blob is damaged
 */
export function readKept(blob: ArrayBuffer | null, count: number): (Uint8Array | null)[] {
  if (blob === null) return Array.from({ length: count }, () => null);
  const heads = new DataView(blob);
  let end = HEAD * count;
  let before: Uint8Array = NOTHING;
  const kept = Array.from({ length: count }, (_, i) => {
    const length = heads.getUint32(HEAD * i, true);
    if (length === NONE) return null;
    const [first, last] = [heads.getUint16(HEAD * i + 4, true), heads.getUint16(HEAD * i + 6, true)];
    const own = new Uint8Array(blob, end, length - first - last);
    end += own.length;
    before = first + last === 0 ? own : joined(before, first, own, last);
    return before;
  });
  if (end !== blob.byteLength)
    throw new Error(`what is kept for a page must have ${blob.byteLength} bytes, its heads say ${end}`);
  return kept;
}

/** How many of the first and of the last bytes are the same; together at most as many as either has. */
function sharedWith(before: Uint8Array, bytes: Uint8Array): { first: number; last: number } {
  const most = Math.min(before.length, bytes.length);
  let first = 0;
  while (first < Math.min(most, MOST_SHARED) && before[first] === bytes[first]) first++;
  let last = 0;
  while (last < Math.min(most - first, MOST_SHARED) && before.at(-1 - last) === bytes.at(-1 - last)) last++;
  return { first, last };
}

function joined(before: Uint8Array, first: number, own: Uint8Array, last: number): Uint8Array {
  const bytes = new Uint8Array(first + own.length + last);
  bytes.set(before.subarray(0, first));
  bytes.set(own, first);
  bytes.set(before.subarray(before.length - last), first + own.length);
  return bytes;
}
