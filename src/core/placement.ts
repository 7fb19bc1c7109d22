/**
 * Assigns attackers to shards by rendezvous hashing: an attacker belongs to the shard with the highest hash of
 * (attacker, shard). The result depends on the UUID and the names alone, so nothing is stored. A further shard takes its
 * own share of the attackers; all others keep their shard.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * The shard of an attacker.
 * @param attackerUuid - lower-case, as 8-4-4-4-12
 * @param names - names of the shards, at least one; their order does not matter
 * @throws RangeError if there is no name
 * @example chooseShard("44dcda6a-0000-4000-8000-8775a8501e2c", ["DB"]) // "DB"
 */
export function chooseShard(attackerUuid: string, names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) throw new RangeError("there must be a shard to choose, got none");
  if (names.length === 1) return first;
  return names
    .map((name) => ({ name, weight: weightOf(attackerUuid, name) }))
    .reduce((best, next) =>
      next.weight > best.weight || (next.weight === best.weight && next.name < best.name) ? next : best,
    ).name;
}

/** 32 evenly distributed bits that depend on the two texts alone. */
function weightOf(attackerUuid: string, name: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(utf8ToBytes(`${attackerUuid} ${name}`));
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}
