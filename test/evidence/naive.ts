/** The change detector a second time: written from its description, with plain lists and BigInt, without a thought of speed. */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

const MASK = (1n << 64n) - 1n;

/** SipHash-2-4 of the paper, in 64-bit integers. */
export function bigSipHash(key: Uint8Array, message: Uint8Array): bigint {
  const word = (bytes: Uint8Array, at: number): bigint =>
    bytes.slice(at, at + 8).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const k0 = word(key, 0);
  const k1 = word(key, 8);
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    v3 ^= word(padded, at);
    round();
    round();
    v0 ^= word(padded, at);
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

/** U and V of a key. */
export function naiveDraw(secret: string, key: unknown): { u: number; v: number } {
  const sipKey = createHash("sha256").update(secret).digest().subarray(0, 16);
  const hash = bigSipHash(sipKey, new TextEncoder().encode(canonicalize(key)));
  return { u: (Number(hash % 2n ** 32n) + 0.5) / 2 ** 32, v: (Number(hash / 2n ** 32n) + 0.5) / 2 ** 32 };
}

interface NaiveHypothesis {
  n: number;
  m: number;
  j: number;
  wagers: { side: "low" | "high"; bet: number; wager: number }[];
}

const sumOf = (h: NaiveHypothesis): number => h.wagers.reduce((sum, { wager }) => sum + wager, 0);

/** One regime. */
export class NaiveRegime {
  readonly kind: "numeric" | "categorical" | "hash";
  n = 0;
  cash = 1;
  e = 1;
  kept: { value: string; n: number }[] = [];
  hypotheses: NaiveHypothesis[] = [];

  constructor(kind: "numeric" | "categorical" | "hash") {
    this.kind = kind;
  }

  /** @returns the number of the observation since which the regime has changed, or null */
  step(value: string, { u, v }: { u: number; v: number }, threshold: number): number | null {
    this.n += 1;
    const x = { value, n: this.n };
    const all = [...this.kept, x];
    const rank = (member: { value: string }): number =>
      this.kind === "numeric"
        ? Number(JSON.parse(member.value))
        : all.filter((other) => other.value === member.value).length;
    const lower = all.filter((member) => rank(member) < rank(x)).length;
    const equal = all.filter((member) => rank(member) === rank(x)).length;
    const p = (lower + u * equal) / (this.kept.length + 1);
    if (this.n > 4) {
      const pi = 0.5 * Math.sqrt(20) * (this.n + 16) ** -1.5;
      this.cash -= pi;
      const sides = this.kind === "numeric" ? (["low", "high"] as const) : (["low"] as const);
      const wagers = [0, 1, 2].flatMap((bet) =>
        sides.map((side) => ({ side, bet, wager: pi / (3 * sides.length) })),
      );
      this.hypotheses.push({ n: this.n, m: this.kept.length, j: 0, wagers });
    }
    for (const h of this.hypotheses) {
      h.j += 1;
      const tops = [h.j + 0.3, h.j + 0.1 * h.m, h.j + 0.3 * h.m];
      for (const bet of h.wagers) {
        const d = Math.min(0.75, (tops[bet.bet] ?? 0) / (h.m + h.j));
        const q = bet.side === "low" ? p : 1 - p;
        bet.wager *= q < d ? 0.9 / d : 0.1 / (1 - d);
      }
    }
    this.e = this.cash + this.hypotheses.reduce((sum, h) => sum + sumOf(h), 0);
    if (this.hypotheses.length > 16) {
      const old = this.hypotheses.slice(0, -8);
      const least = Math.min(...old.map(sumOf));
      const dropped = old.find((h) => sumOf(h) === least);
      this.hypotheses = this.hypotheses.filter((h) => h !== dropped);
    }
    if (this.e >= threshold) return this.likeliest()?.n ?? null;
    this.kept.push(x);
    if (this.kept.length > 64) {
      this.kept.splice(Math.floor(v * 65), 1);
      for (const h of this.hypotheses) {
        h.m *= 64 / 65;
        h.j *= 64 / 65;
      }
    }
    return null;
  }

  likeliest(): NaiveHypothesis | null {
    const most = Math.max(...this.hypotheses.map(sumOf));
    return this.hypotheses.find((h) => sumOf(h) === most) ?? null;
  }
}
