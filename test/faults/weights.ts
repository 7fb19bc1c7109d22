/** How often each step comes, and drawing by it. */
import type { Random } from "../../src/simulate/random.ts";
import type { Step } from "./plan.ts";

export type StepKind = Step["do"];

/** In a usual history, during a pause (mostly what changes links), and in a history of long work on a few identities. */
const WEIGHTS = {
  deliver: [50, 30, 14],
  merge: [10, 18, 18],
  unmerge: [9, 18, 18],
  erase: [3, 6, 3],
  register: [6, 8, 8],
  rebuild: [3, 6, 10],
  rebuild_all: [1, 1, 2],
  maintenance_alarm: [1, 1, 3],
  expire: [2, 5, 8],
  allow_pages: [1, 2, 12],
  hold_pages: [1, 0, 9],
  release_pages: [2, 1, 10],
  alarm: [3, 5, 12],
  evict: [2, 2, 2],
  crash: [2, 4, 6],
  pause: [1, 2, 1],
  resume: [2, 1, 2],
  sweep: [4, 4, 3],
  replay_dead_letters: [2, 1, 1],
  deploy: [1, 0, 1],
} as const satisfies Record<StepKind, readonly [usual: number, meanwhile: number, longWork: number]>;

/** Step kinds, each as often as its weight says. */
function drawnFrom(column: 0 | 1 | 2): readonly StepKind[] {
  const kinds = Object.keys(WEIGHTS) as StepKind[];
  return kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind][column] }, () => kind));
}

export const USUAL = drawnFrom(0);
export const MEANWHILE = drawnFrom(1);
export const LONG_WORK = drawnFrom(2);

/** True once in `n` times. */
export function chance(random: Random, n: number): boolean {
  return random.integer(1, n) === 1;
}

/** One member of a list, each as likely as the others. */
export function pick<T>(random: Random, list: readonly T[]): T {
  const member = list[random.integer(0, list.length - 1)];
  if (member === undefined) throw new RangeError("the list to pick from must not be empty");
  return member;
}
