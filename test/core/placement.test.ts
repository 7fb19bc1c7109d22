/** Assigning attackers to shards: evenly, always in the same way, and with few moves when a shard is added. */
import { v4 } from "uuid";
import { describe, expect, it } from "vitest";
import { attackerUuidOfAddress, chooseShard } from "../../src/core/index.ts";

const ATTACKERS = 20_000;
const uuids = Array.from({ length: ATTACKERS }, (_, i) => attackerUuidOfAddress(`192.0.2.${i}`));
const namesOf = (count: number) => Array.from({ length: count }, (_, i) => (i === 0 ? "DB" : `DB_${i + 1}`));

function loads(names: readonly string[]): number[] {
  const counts = new Map(names.map((name) => [name, 0]));
  for (const uuid of uuids) {
    const chosen = chooseShard(uuid, names);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe("[design] shards of attackers", () => {
  it("a single shard has all attackers, and an empty list throws", () => {
    expect(chooseShard(v4(), ["DB"])).toBe("DB");
    expect(() => chooseShard(v4(), [])).toThrow(RangeError);
  });

  it.each([2, 3, 8, 24])("%d names get even shares", (count) => {
    const shares = loads(namesOf(count));
    expect(shares).toHaveLength(count);
    const fair = ATTACKERS / count;
    // Five standard deviations of an even distribution.
    const deviation = 5 * Math.sqrt(fair * (1 - 1 / count));
    for (const share of shares) expect(Math.abs(share - fair)).toBeLessThan(deviation);
  });

  it.each([1, 2, 7, 23])("another place beside %d takes its own share and moves nothing else", (count) => {
    const [before, after] = [namesOf(count), namesOf(count + 1)];
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

  it("does not depend on the order of the names", () => {
    const names = namesOf(5);
    const reversed = names.toReversed();
    for (const uuid of uuids.slice(0, 500))
      expect(chooseShard(uuid, reversed)).toBe(chooseShard(uuid, names));
  });

  it("never changes, because stored rows could not be found after a change", () => {
    const names = ["DB", "DB_2", "DB_3"];
    expect(uuids.slice(0, 12).map((uuid) => chooseShard(uuid, names))).toMatchInlineSnapshot(`
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
