/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) with 64 bits of output, in 32-bit integers: a keyed hash for short messages. The package
 * `siphash` is no choice: CommonJS without types, and slower, because it keeps each 64-bit word in an object.
 */

/** The 128 bits of a key, as signed 32-bit integers: two little-endian words of 64 bits, low half first. */
export type SipKey = readonly [number, number, number, number];

/** 64 bits as two unsigned 32-bit integers. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/**
 * The hash of a message.
 * @example sipHash(sipKey(Uint8Array.of(0x00, …, 0x0f)), Uint8Array.of(0x00, …, 0x0e)) // { low: 0x49be45e5, high: 0xa129ca61 }
 */
export function sipHash(key: SipKey, bytes: Uint8Array): Hash64 {
  const { length } = bytes;
  const [k0l, k0h, k1l, k1h] = key;
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;
  const whole = length >>> 3;
  // The whole words, the last word with the length in its highest byte, and the end: all go through the same rounds.
  for (let word = 0; word <= whole + 1; word++) {
    let low = 0;
    let high = 0;
    let rounds = 2;
    if (word < whole) {
      low = read32(bytes, word * 8);
      high = read32(bytes, word * 8 + 4);
    } else if (word === whole) {
      for (let at = length - 1; at >= word * 8; at--) {
        high = (high << 8) | (low >>> 24);
        low = (low << 8) | (bytes[at] ?? 0);
      }
      high |= length << 24;
    } else {
      v2l ^= 0xff;
      rounds = 4;
    }
    v3l ^= low;
    v3h ^= high;
    for (; rounds > 0; rounds--) {
      // v0 += v1; v1 = rotate(v1, 13) ^ v0; v0 = rotate(v0, 32)
      let sum = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
      v0l = sum;
      let old = v1l;
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (old >>> 19)) ^ v0h;
      old = v0l;
      v0l = v0h;
      v0h = old;
      // v2 += v3; v3 = rotate(v3, 16) ^ v2
      sum = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
      v2l = sum;
      old = v3l;
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (old >>> 16)) ^ v2h;
      // v0 += v3; v3 = rotate(v3, 21) ^ v0
      sum = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (sum >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
      v0l = sum;
      old = v3l;
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (old >>> 11)) ^ v0h;
      // v2 += v1; v1 = rotate(v1, 17) ^ v2; v2 = rotate(v2, 32)
      sum = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (sum >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
      v2l = sum;
      old = v1l;
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (old >>> 15)) ^ v2h;
      old = v2l;
      v2l = v2h;
      v2h = old;
    }
    v0l ^= low;
    v0h ^= high;
  }
  return { low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0, high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0 };
}

/** The key of 16 bytes. */
export function sipKey(bytes: Uint8Array): SipKey {
  if (bytes.length !== 16) throw new RangeError(`a SipHash key has 16 bytes, got ${bytes.length}`);
  return [read32(bytes, 0), read32(bytes, 4), read32(bytes, 8), read32(bytes, 12)];
}

/** Four bytes, the lowest first, as a signed integer. */
function read32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
