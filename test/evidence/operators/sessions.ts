/** Sessions of operators that differ clearly in each of three traits. */
import type { Kinds, SessionValues } from "../../../src/evidence/index.ts";

export const KINDS: Kinds = {
  "motor.pause_ms": "numeric",
  "motor.keystroke_cadence": "categorical",
  "toolchain.ssh.hassh_client": "hash",
};

const CADENCES = ["steady", "bursty", "machine"];

/** A session of each operator in a path. The numbers vary a little, without randomness. */
export function sessionsBy(path: readonly number[]): SessionValues[] {
  return path.map((operator, i) => ({
    "motor.pause_ms": 100 * (operator + 1) + ((i * 7) % 11),
    "motor.keystroke_cadence": CADENCES[i % 9 === 4 ? (operator + 1) % 3 : operator] ?? "steady",
    "toolchain.ssh.hassh_client": `hassh-${operator}`,
  }));
}
