/**
 * Spreading attackers over several places: which one an attacker belongs to follows from its UUID alone, so everybody
 * who asks gets the same answer and nobody has to keep it. Rendezvous hashing: every place bids, the highest bid wins.
 * Another place takes only what it outbids the others for, its own share; everything else stays where it is.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * The place of an attacker.
 * @param attackerUuid - lower-case, as 8-4-4-4-12
 * @param places - names, at least one; their order does not matter
 * @throws RangeError if there is no place
 * @example placeOf("44dcda6a-0000-4000-8000-8775a8501e2c", ["DB"]) // "DB"
 */
export function placeOf(attackerUuid: string, places: readonly string[]): string {
  const [first] = places;
  if (first === undefined) throw new RangeError("there must be a place to choose, got none");
  if (places.length === 1) return first;
  return places
    .map((place) => ({ place, bid: bidOf(attackerUuid, place) }))
    .reduce((best, next) =>
      next.bid > best.bid || (next.bid === best.bid && next.place < best.place) ? next : best,
    ).place;
}

/** 32 bits that look random and are the same each time. */
function bidOf(attackerUuid: string, place: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(utf8ToBytes(`${attackerUuid} ${place}`));
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}
