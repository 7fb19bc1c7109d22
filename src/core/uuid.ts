/**
 * Reads UUIDs and derives new ones. A derived UUID is of version 5 (RFC 9562 §5.5) in a fixed namespace, so the same input
 * always gives the same UUID. Random UUIDs come from the platform.
 */
import { v5 } from "uuid";

/** Namespace of the stub identities of attackers. */
const IDENTITY_NAMESPACE = "7b1f0a52-63c4-5d3e-9a38-2f5d1c0e4b61";
/** Namespace of attackers that a log identifies only by their address. */
const ADDRESS_NAMESPACE = "0d9c2f7e-4a86-5b1d-8e57-c3b6a91f2d04";
/** Namespace of outbound events. */
const EVENT_NAMESPACE = "e2a4b6c8-1f3d-5a79-b0c2-94d8f6e1a375";

const UUID_SHAPE = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;

/**
 * Normalizes a UUID. Dashes are optional, upper and lower case are allowed.
 * @returns the UUID in lower case as 8-4-4-4-12, or null if the text is no UUID
 * @example normalizeUuid("44DCDA6A000040008000" + "8775A8501E2C") // "44dcda6a-0000-4000-8000-8775a8501e2c"
 */
export function normalizeUuid(text: string): string | null {
  if (text.length !== 32 && text.length !== 36) return null;
  const parts = UUID_SHAPE.exec(text.toLowerCase());
  return parts ? parts.slice(1).join("-") : null;
}

/** Cache of stub identities by attacker. Deriving one is a SHA-1, which takes more time than the rest of an observation. */
const stubs = new Map<string, string>();
/** Maximum number of cached stub identities, about 200 bytes each. */
const STUBS_CACHED = 10_000;

/** The UUID of an attacker's stub identity, its first identity (UUIDv5 of the attacker's UUID). */
export function stubIdentityUuid(attackerUuid: string): string {
  const known = stubs.get(attackerUuid);
  if (known !== undefined) return known;
  const stub = v5(attackerUuid, IDENTITY_NAMESPACE);
  if (stubs.size >= STUBS_CACHED) stubs.clear();
  stubs.set(attackerUuid, stub);
  return stub;
}

/** The UUID of an attacker that is known only by its network address (UUIDv5 of the address text). */
export function attackerUuidOfAddress(address: string): string {
  return v5(address, ADDRESS_NAMESPACE);
}

/** The id of event number `seq` of an identity. It is the same on every retry. */
export function eventId(identityUuid: string, seq: number): string {
  return v5(`${identityUuid}:${seq}`, EVENT_NAMESPACE);
}
