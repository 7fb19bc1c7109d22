/** What a hook keeps for the primitives of a page, as one blob. */
import { describe, expect, it } from "vitest";
import { readKept, writeKept } from "../../src/identity/store/page-bytes.ts";
import { randomOf } from "../../src/simulate/random.ts";

describe("[design] what is kept for a page", () => {
  it("comes out as it went in, whatever the series have in common", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = randomOf(seed, [1]);
      const bytes = (length: number) => Uint8Array.from({ length }, () => random.integer(0, seed % 3));
      const kept = Array.from({ length: random.integer(1, 16) }, () => {
        const kind = random.integer(0, 5);
        if (kind === 0) return null;
        return kind === 1 ? new Uint8Array(0) : bytes(random.integer(0, 40));
      });
      expect(readKept(writeKept(kept), kept.length)).toEqual(kept);
    }
  });

  it("of equal series takes hardly more than one of them; of very long ones it is right", () => {
    const long = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
    const all = [long, long.slice(), long.subarray(1), long];
    const blob = writeKept(all);
    expect(readKept(blob, all.length)).toEqual(all);
    const short = Array.from({ length: 16 }, () => long.slice(0, 300));
    expect(writeKept(short)?.byteLength).toBe(300 + 16 * 8);
  });

  it("is refused if it is damaged", () => {
    const blob = writeKept([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    expect(() => readKept(blob?.slice(0, -1) ?? null, 2)).toThrow(RangeError);
    expect(() => readKept(blob, 1)).toThrow(/must have 20 bytes/);
    expect(readKept(null, 2)).toEqual([null, null]);
  });
});
