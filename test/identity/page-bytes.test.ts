/** What a hook keeps for the primitives of a page, as one blob. */
import { describe, expect, it } from "vitest";
import { readKept, writeKept } from "../../src/identity/store/page-bytes.ts";
import { randomOf } from "../../src/simulate/random.ts";

describe("[design] what is kept for a page", () => {
  it("comes out as it went in", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = randomOf(seed, [1]);
      const kept = Array.from({ length: random.integer(1, 16) }, () =>
        random.integer(0, 4) === 0
          ? null
          : Uint8Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 255)),
      );
      expect(readKept(writeKept(kept), kept.length)).toEqual(kept);
    }
  });

  it("is nothing if nothing is kept of any", () => {
    expect(writeKept([null, null])).toBeNull();
    expect(readKept(null, 2)).toEqual([null, null]);
  });

  it("is refused if it is damaged", () => {
    const blob = writeKept([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    expect(() => readKept(blob?.slice(0, -1) ?? null, 2)).toThrow(RangeError);
    expect(() => readKept(blob, 1)).toThrow(/must have 12 bytes/);
  });
});
