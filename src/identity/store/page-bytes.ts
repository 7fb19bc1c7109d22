/**
 * What a hook keeps for the primitives of a page, as one blob: the length of each (32 bits, little-endian; of one without any the
 * greatest number), then all bytes one after the other.
 */

const NONE = 0xffff_ffff;
/** Bytes of a length. */
const LENGTH = 4;

/** The blob of a page, or null if nothing is kept for any of its primitives. */
export function writeKept(kept: readonly (Uint8Array | null)[]): ArrayBuffer | null {
  if (kept.every((bytes) => bytes === null)) return null;
  const size = kept.reduce((sum, bytes) => sum + (bytes?.length ?? 0), LENGTH * kept.length);
  const blob = new Uint8Array(size);
  const lengths = new DataView(blob.buffer);
  let end = LENGTH * kept.length;
  for (const [i, bytes] of kept.entries()) {
    lengths.setUint32(LENGTH * i, bytes === null ? NONE : bytes.length, true);
    if (bytes === null) continue;
    blob.set(bytes, end);
    end += bytes.length;
  }
  return blob.buffer;
}

/**
 * What is kept for each primitive of a page: views of the blob.
 * @param count - number of primitives of the page
 * @throws Error if the blob is damaged
 */
export function readKept(blob: ArrayBuffer | null, count: number): (Uint8Array | null)[] {
  if (blob === null) return Array.from({ length: count }, () => null);
  const lengths = new DataView(blob);
  let end = LENGTH * count;
  const kept = Array.from({ length: count }, (_, i) => {
    const length = lengths.getUint32(LENGTH * i, true);
    if (length === NONE) return null;
    const bytes = new Uint8Array(blob, end, length);
    end += length;
    return bytes;
  });
  if (end !== blob.byteLength)
    throw new Error(`what is kept for a page must have ${blob.byteLength} bytes, its lengths say ${end}`);
  return kept;
}
