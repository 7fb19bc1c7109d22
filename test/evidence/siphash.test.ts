/** SipHash-2-4, against the paper's vector and an implementation with BigInt; the draws that are made of it. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sipHash, sipKey } from "../../src/evidence/change/siphash.ts";
import { readUtf8, writeUtf8 } from "../../src/evidence/change/utf8.ts";
import { drawOf, keyOf } from "../../src/evidence/index.ts";
import { bigSipHash } from "./naive.ts";

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

function hashOf(key: Uint8Array, message: Uint8Array): bigint {
  const { low, high } = sipHash(sipKey(key), message);
  return (BigInt(high) << 32n) | BigInt(low);
}

describe("SipHash-2-4", () => {
  it("appendix A of the paper: key 00…0f, message 00…0e", () => {
    expect(hashOf(counting(16), counting(15))).toBe(0xa129ca6149be45e5n);
    expect(bigSipHash(counting(16), counting(15))).toBe(0xa129ca6149be45e5n);
  });

  it.each([
    // The first and the last of the reference implementation's vectors, as its bytes read as a little-endian word.
    [0, 0x726fdb47dd0e0e31n],
    [1, 0x74f839c593dc67fdn],
    [63, 0x958a324ceb064572n],
  ])("the reference implementation's vector of the message 00… of %d bytes", (length, hash) => {
    expect(hashOf(counting(16), counting(length))).toBe(hash);
  });

  it("each message 00… of 0 to 63 bytes hashes as with 64-bit integers", () => {
    for (let length = 0; length < 64; length++)
      expect(hashOf(counting(16), counting(length)), String(length)).toBe(
        bigSipHash(counting(16), counting(length)),
      );
  });

  it("any key and message hash as with 64-bit integers", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ maxLength: 300 }),
        (key, message) => {
          expect(hashOf(key, message)).toBe(bigSipHash(key, message));
        },
      ),
    );
  });

  it("only the bytes of a part of a buffer count", () => {
    expect(sipHash(sipKey(counting(16)), counting(40).subarray(0, 15))).toEqual({
      low: 0x49be45e5,
      high: 0xa129ca61,
    });
  });

  it("a key of another length is refused", () => {
    expect(() => sipKey(counting(15))).toThrow("a SipHash key has 16 bytes, got 15");
  });
});

describe("UTF-8", () => {
  it("is what TextEncoder writes, also of lone surrogates, and is read back", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (text) => {
        const bytes = new Uint8Array(text.length * 3 + 1);
        const end = writeUtf8(text, bytes, 1);
        expect(bytes.subarray(1, end)).toEqual(new TextEncoder().encode(text));
        expect(readUtf8(bytes, 1, end)).toBe(text.toWellFormed());
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = new Uint8Array(text.length * 3);
        expect(readUtf8(bytes, 0, writeUtf8(text, bytes, 0))).toBe(text);
      }),
    );
  });
});

describe("draws", () => {
  const attacker = "44dcda6a-0000-4000-8000-8775a8501e2c";

  it("are the halves of the hash of the canonical JSON of the key, low half first", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: "binary" }), (secret, evidenceRef) => {
        const key = createHash("sha256").update(secret).digest().subarray(0, 16);
        const message = new TextEncoder().encode(JSON.stringify([attacker, "motor.speed", evidenceRef]));
        const hash = bigSipHash(key, message);
        expect(drawOf(keyOf(secret), attacker, "motor.speed", evidenceRef)).toEqual({
          u: (Number(hash & 0xffffffffn) + 0.5) / 2 ** 32,
          v: (Number(hash >> 32n) + 0.5) / 2 ** 32,
        });
      }),
    );
  });

  it("depend on the secret and on each part of the key", () => {
    const { u } = drawOf(keyOf("a"), attacker, "motor.speed", "session:1");
    const others = [
      drawOf(keyOf("b"), attacker, "motor.speed", "session:1"),
      drawOf(keyOf("a"), attacker.replace("4", "5"), "motor.speed", "session:1"),
      drawOf(keyOf("a"), attacker, "motor.spee", "session:1"),
      drawOf(keyOf("a"), attacker, "motor.speed", "session:2"),
    ];
    expect(new Set([u, ...others.map((draw) => draw.u)]).size).toBe(5);
  });

  it("are the same for an evidence pointer that is longer than any before", () => {
    const long = "é".repeat(5_000);
    const hash = bigSipHash(
      createHash("sha256").update("").digest().subarray(0, 16),
      new TextEncoder().encode(JSON.stringify([attacker, "motor.speed", long])),
    );
    expect(drawOf(keyOf(""), attacker, "motor.speed", long).u).toBe(
      (Number(hash & 0xffffffffn) + 0.5) / 2 ** 32,
    );
  });
});
