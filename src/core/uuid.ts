/**
 * UUIDs: reading the ones that come in, and deriving the ones we make.
 * Every derived UUID is a version 5 (RFC 9562 §5.5) in a namespace fixed here, so that deriving it twice,
 * anywhere, gives the same answer. Leaves drawing random ones to the platform.
 */
import { v5 } from "uuid";

/** Namespace of the stub identity that belongs to an attacker. */
const IDENTITY_NAMESPACE = "7b1f0a52-63c4-5d3e-9a38-2f5d1c0e4b61";
/** Namespace of the attacker that a log knows only by its address. */
const ADDRESS_NAMESPACE = "0d9c2f7e-4a86-5b1d-8e57-c3b6a91f2d04";
/** Namespace of outbound events. */
const EVENT_NAMESPACE = "e2a4b6c8-1f3d-5a79-b0c2-94d8f6e1a375";

const UUID_SHAPE = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;

/**
 * Reads a UUID written with or without dashes, in any case.
 * @returns it lower-case as 8-4-4-4-12, or null if the text is no UUID
 * @example normalizeUuid("44DCDA6A000040008000" + "8775A8501E2C") // "44dcda6a-0000-4000-8000-8775a8501e2c"
 */
export function normalizeUuid(text: string): string | null {
  if (text.length !== 32 && text.length !== 36) return null;
  const parts = UUID_SHAPE.exec(text.toLowerCase());
  return parts ? parts.slice(1).join("-") : null;
}

/** Stub identities that were derived already, by attacker: deriving one costs more than all the rest of an observation. */
const stubs = new Map<string, string>();
/** How many are remembered, about 200 bytes each. */
const STUBS_REMEMBERED = 10_000;

/** The UUID of the stub identity that an attacker starts with (UUIDv5 of the attacker's UUID). */
export function stubIdentityUuid(attackerUuid: string): string {
  const known = stubs.get(attackerUuid);
  if (known !== undefined) return known;
  const stub = v5(attackerUuid, IDENTITY_NAMESPACE);
  if (stubs.size >= STUBS_REMEMBERED) stubs.clear();
  stubs.set(attackerUuid, stub);
  return stub;
}

/** The UUID of an attacker that is known only by its network address (UUIDv5 of the address as written). */
export function attackerUuidOfAddress(address: string): string {
  return v5(address, ADDRESS_NAMESPACE);
}

/** The id of an identity's event number `seq`: the same on every retry. */
export function eventId(identityUuid: string, seq: number): string {
  return v5(`${identityUuid}:${seq}`, EVENT_NAMESPACE);
}
