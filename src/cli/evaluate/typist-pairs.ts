/** Which typists are put together, and how the sessions of two are put in turns. */
import type { SessionValues } from "../../evidence/index.ts";

/** Numbers of two typists. */
export type Pairs = readonly (readonly [number, number])[];

/** Each typist with as many of the typists after it. */
export function pairsOf(typists: number, partners: number): Pairs {
  return Array.from({ length: typists * partners }, (_, i) => {
    const first = i % typists;
    return [first, (first + Math.floor(i / typists) + 1) % typists];
  });
}

/** Sessions of two in turns, each in its own order, until one has none left. */
export function interleave(
  both: readonly [readonly SessionValues[], readonly SessionValues[]],
  limit: number,
  stays: () => boolean,
) {
  const [sessions, truth]: [SessionValues[], number[]] = [[], []];
  const taken: [number, number] = [0, 0];
  let who: 0 | 1 = 0;
  while (sessions.length < limit) {
    const next = both[who][taken[who]++];
    if (next === undefined) break;
    sessions.push(next);
    truth.push(who);
    if (!stays()) who = who === 0 ? 1 : 0;
  }
  return { sessions, truth };
}
