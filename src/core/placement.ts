/**
 * Spreading attackers over shards: which one an attacker belongs to follows from its UUID alone, so everybody who asks
 * gets the same answer and nobody has to store it. Rendezvous hashing: every shard bids, the highest bid wins. A further
 * shard takes only what it outbids the others for, its own share; everything else stays where it is.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * The shard of an attacker.
 * @param attackerUuid - lower-case, as 8-4-4-4-12
 * @param names - of the shards, at least one; their order does not matter
 * @throws RangeError if there is no name
 * @example chooseShard("44dcda6a-0000-4000-8000-8775a8501e2c", ["DB"]) // "DB"
 */
export function chooseShard(attackerUuid: string, names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) throw new RangeError("there must be a shard to choose, got none");
  if (names.length === 1) return first;
  return names
    .map((name) => ({ name, bid: bidOf(attackerUuid, name) }))
    .reduce((best, next) =>
      next.bid > best.bid || (next.bid === best.bid && next.name < best.name) ? next : best,
    ).name;
}

/** 32 bits, evenly distributed, the same each time. */
function bidOf(attackerUuid: string, name: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(utf8ToBytes(`${attackerUuid} ${name}`));
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}
