/** Spreading attackers over places: evenly, always the same way, and moving few when a place is added. */
import { v4 } from "uuid";
import { describe, expect, it } from "vitest";
import { attackerUuidOfAddress, chooseShard } from "../../src/core/index.ts";

const ATTACKERS = 20_000;
const uuids = Array.from({ length: ATTACKERS }, (_, i) => attackerUuidOfAddress(`192.0.2.${i}`));
const names = (count: number) => Array.from({ length: count }, (_, i) => (i === 0 ? "DB" : `DB_${i + 1}`));

function loads(places: readonly string[]): number[] {
  const counts = new Map(places.map((place) => [place, 0]));
  for (const uuid of uuids) {
    const place = chooseShard(uuid, places);
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe("[design] places of attackers", () => {
  it("one place has them all, and no place is an error", () => {
    expect(chooseShard(v4(), ["DB"])).toBe("DB");
    expect(() => chooseShard(v4(), [])).toThrow(RangeError);
  });

  it.each([2, 3, 8, 24])("%d places get even shares", (count) => {
    const shares = loads(names(count));
    expect(shares).toHaveLength(count);
    const fair = ATTACKERS / count;
    // Five standard deviations of a fair draw.
    const deviation = 5 * Math.sqrt(fair * (1 - 1 / count));
    for (const share of shares) expect(Math.abs(share - fair)).toBeLessThan(deviation);
  });

  it.each([1, 2, 7, 23])("another place beside %d takes its own share and moves nothing else", (count) => {
    const [before, after] = [names(count), names(count + 1)];
    const added = after.at(-1);
    let moved = 0;
    for (const uuid of uuids) {
      const [from, to] = [chooseShard(uuid, before), chooseShard(uuid, after)];
      if (from === to) continue;
      moved++;
      expect(to).toBe(added);
    }
    const fair = ATTACKERS / (count + 1);
    expect(Math.abs(moved - fair)).toBeLessThan(5 * Math.sqrt(fair));
  });

  it("does not depend on the order in which places are named", () => {
    const places = names(5);
    const turned = places.toReversed();
    for (const uuid of uuids.slice(0, 500)) expect(chooseShard(uuid, turned)).toBe(chooseShard(uuid, places));
  });

  it("stays what it was: a change here would lose sight of everything stored", () => {
    const places = ["DB", "DB_2", "DB_3"];
    expect(uuids.slice(0, 12).map((uuid) => chooseShard(uuid, places))).toMatchInlineSnapshot(`
      [
        "DB_2",
        "DB",
        "DB_2",
        "DB_3",
        "DB_3",
        "DB_3",
        "DB",
        "DB_2",
        "DB_3",
        "DB",
        "DB_2",
        "DB_3",
      ]
    `);
  });
});
