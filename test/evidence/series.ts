/** Series of all kinds for the tests of the change detector, the same for the same seed. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { JsonValue } from "../../src/core/index.ts";

export type Kind = "numeric" | "categorical" | "hash";

/** Draws between 0 and 1. */
export function uniforms(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => uniformInt(generator, 0, 2 ** 31 - 1) / 2 ** 31;
}

export interface Shape {
  readonly kind: Kind;
  /** A value of a series, from draws; `level` 0 is one behaviour, 1 another. */
  readonly valueAt: (uniform: () => number, level: number) => JsonValue;
}

function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Long texts of two lengths: each of 33 bytes and more is kept as a digest. */
const LONG = ["x".repeat(31), "é".repeat(40), "y".repeat(300), "z".repeat(30), "z".repeat(4_000)];

export const SHAPES: Readonly<Record<string, Shape>> = {
  normal: { kind: "numeric", valueAt: (uniform, level) => normal(uniform) + 2 * level },
  "log-normal": { kind: "numeric", valueAt: (uniform, level) => Math.exp(normal(uniform) / 2 + level) },
  "heavy tails": {
    kind: "numeric",
    valueAt: (uniform, level) => Math.tan(3 * (uniform() - 0.5)) + 4 * level,
  },
  counts: { kind: "numeric", valueAt: (uniform, level) => Math.floor(3 * uniform()) + 2 * level },
  booleans: { kind: "numeric", valueAt: (uniform, level) => uniform() < 0.1 + 0.8 * level },
  "one number": { kind: "numeric", valueAt: (_, level) => 5 + level },
  "two values": {
    kind: "categorical",
    valueAt: (uniform, level) => (uniform() < 0.1 + 0.8 * level ? "a" : "b"),
  },
  "many values": {
    kind: "categorical",
    valueAt: (uniform, level) => [Math.floor(30 * uniform() ** (2 + 2 * level)), level],
  },
  "long values": {
    kind: "categorical",
    valueAt: (uniform, level) => LONG[(Math.floor(4 * uniform() ** 3) + 3 * level) % LONG.length] ?? null,
  },
  "one hash": { kind: "hash", valueAt: (_, level) => `51cba57125523ce4b9db67714a90bf6${level}` },
  "different hashes": { kind: "hash", valueAt: (uniform, level) => (level === 1 ? "same" : `${uniform()}`) },
};

/** A series that changes its level at the given places. */
export function seriesOf(
  shape: Shape,
  seed: number,
  length: number,
  changes: readonly number[] = [],
): JsonValue[] {
  const uniform = uniforms(seed);
  return Array.from({ length }, (_, i) =>
    shape.valueAt(uniform, changes.filter((change) => change <= i).length % 2),
  );
}
