/** From a stored attacker to its wire shape. */
import type { z } from "zod";
import type { Attacker } from "../../storage/index.ts";
import type { attackerSchema } from "./wire.ts";

/** An attacker, as it is answered. */
export function toWireAttacker(attacker: Attacker): z.infer<typeof attackerSchema> {
  return {
    uuid: attacker.uuid,
    identity_uuid: attacker.identityUuid,
    ip: attacker.ip,
    first_seen: attacker.firstSeenTs,
    last_seen: attacker.lastSeenTs,
  };
}
