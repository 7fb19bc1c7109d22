/** Attackers of tests about evidence. The draws of the detector follow from an attacker's UUID, so a random one would give another E each run. */
import { attackerUuidOfAddress } from "../../src/core/index.ts";

let count = 0;

/** The UUID of an attacker that is new in its file, and the same in each run. */
export function nextAttackerUuid(): string {
  return attackerUuidOfAddress(`test attacker ${count++}`);
}
