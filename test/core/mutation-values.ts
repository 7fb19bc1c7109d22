/** Values of damaged messages: they fit a field, nearly fit it, or fit none. */
import type { Random } from "../../src/simulate/random.ts";

export type Fields = Record<string, unknown>;

/** Primitives of every kind, each with a value that fits. */
export const KINDS: readonly (readonly [string, unknown])[] = [
  ["motor.input_modality", "typed"],
  ["cognitive.cognitive_load", { b: [1, null], a: "x" }],
  ["toolchain.c2.beacon_interval_ms", 60_000.5],
  ["toolchain.ssh.hassh_client", "16443846184eafde36765c9bab2f4397"],
  ["something.nobody.knows", [true, 1, "2"]],
];
/** Names with a meaning for the parser or for JavaScript. */
export const FIELDS = [
  "id",
  "attacker_uuid",
  "primitive",
  "value",
  "confidence",
  "window",
  "window_start_ts",
  "window_end_ts",
  "source",
  "evidence_ref",
  "ts",
  "v",
  "envelope_v",
  "identity_ref",
  "topic",
  "payload",
  "events",
  "replay_of",
  "__proto__",
  "constructor",
  "toJSON",
  "length",
];
/** Few attackers, so that each identity gets many observations. */
export const ATTACKERS = Array.from({ length: 6 }, (_, i) => `f0220000-0000-4000-8000-00000000000${i}`);

/** At, just below and just above some limit. */
export function stretched(random: Random, value: unknown): unknown {
  if (typeof value === "number")
    return value * pick(random, [-1, 0, 1_000, 1e300, 1e-300, Number.NaN, 1 + 1e-15]);
  const unit = pick(random, ["a", "é", "\u{1f600}", "\u0000", "\ud800", '"', "\\"]);
  return unit.repeat(
    pick(random, [63, 64, 65, 127, 128, 129, 256, 257, 512, 513, 4_093, 4_094, 4_095, 4_097]),
  );
}

/** An arbitrary value. */
export function anything(random: Random, nowTs: number): unknown {
  return pick<() => unknown>(random, [
    () => null,
    () => undefined,
    () => "",
    () => "unknown",
    () => pick(random, [0, -0, 1, -1, 0.5, 2, 1e100, 1.1e100, 1e308, -1e308, Infinity, Number.NaN, 2 ** 53]),
    // Not within a second of the limit, because a later check would then have another result.
    () => nowTs + pick(random, [0, 86_399, 86_700, -1e9]),
    () => nowTs * 1_000,
    () => random.integer(0, 1) === 0,
    () => [],
    () => ({}),
    () => 10n ** 30n,
    () => new Date(0),
    () => new Map([["a", 1]]),
    () => new Set(["attacker_uuid"]),
    () => new Uint8Array([0xff, 0xfe, 0x00]),
    () => /x/,
    () => new Error("an error"),
    // A list with many holes, as a structured clone can hold.
    () => Object.assign([], { 5: 1 }),
    () => nested(pick(random, [3, 100, 3_000])),
    () => looped(),
    () => listOf(200, () => "x"),
    () => random.hex(32),
    () => pick(random, ATTACKERS).toUpperCase(),
    () => stretched(random, "x"),
    () => pick(random, FIELDS),
    () => pick(random, KINDS)[1],
    () => ({ start_ts: nowTs, end_ts: nowTs - 1 }),
    () => ({ events: [{ events: [] }] }),
    () => "a.b".repeat(random.integer(1, 50)),
  ])();
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

function looped(): unknown {
  const loop: Fields = { id: "loop" };
  loop["value"] = [loop];
  return loop;
}

/** A member of a list that has one. */
export function pick<T>(random: Random, list: readonly T[]): T {
  const member = list[random.integer(0, list.length - 1)];
  if (member === undefined) throw new RangeError("cannot pick from an empty list");
  return member;
}

/** A list of the given length. */
export function listOf<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}
