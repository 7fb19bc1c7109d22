/** Derived UUIDs never change, because stored rows and published events are identified by them. */
import { describe, expect, it } from "vitest";
import { attackerUuidOfAddress, normalizeUuid, stubIdentityUuid } from "../../src/core/index.ts";
import { eventId } from "../../src/core/uuid.ts";
import { ATTACKER, OTHER_ATTACKER } from "./factories.ts";

const V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("[§6] derived UUIDs", () => {
  it.each([
    ["the stub identity of an attacker", stubIdentityUuid(ATTACKER), "03b539a9-7228-52c9-b8d3-4863b5b37959"],
    [
      "the attacker of an address",
      attackerUuidOfAddress("192.0.2.1"),
      "7f7b008a-e2c4-5f7b-b014-18dab5bfce2a",
    ],
    ["the first event of an identity", eventId(ATTACKER, 1), "7930875e-6420-5774-ae87-aa49f3c4c992"],
  ])("[§6] %s is a UUIDv5 and never changes", (_, derived, frozen) => {
    expect(derived).toMatch(V5);
    expect(derived).toBe(frozen);
  });

  it("[§6] different names, or different purposes, give different ones", () => {
    const all = [
      stubIdentityUuid(ATTACKER),
      stubIdentityUuid(OTHER_ATTACKER),
      attackerUuidOfAddress(ATTACKER),
      attackerUuidOfAddress("192.0.2.1"),
      attackerUuidOfAddress("192.0.2.2"),
      eventId(ATTACKER, 1),
      eventId(ATTACKER, 2),
      eventId(ATTACKER, 12),
      eventId(OTHER_ATTACKER, 1),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([
    [ATTACKER, ATTACKER],
    [ATTACKER.toUpperCase(), ATTACKER],
    [ATTACKER.replaceAll("-", ""), ATTACKER],
    ["", null],
    [ATTACKER.replace("-", ""), null],
    [`${ATTACKER}\n`, null],
    [ATTACKER.replace("a", "à"), null],
  ])("[§2] %j is read as %j", (text, uuid) => {
    expect(normalizeUuid(text)).toBe(uuid);
  });
});
