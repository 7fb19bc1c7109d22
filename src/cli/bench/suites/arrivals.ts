/** The workloads whose rows and calls are counted: the same sessions, arriving in different ways. */
import type { Counted } from "../../../bench/protocol.ts";
import { SESSION_PRIMITIVES, type Workload } from "../../../bench/workload.ts";
import type { Bench } from "../bench.ts";

const SESSIONS_BEFORE = 4;

const BASE = {
  firstAttacker: 0,
  mix: "session",
  from: 0,
  order: "in_turn",
  perMessage: 1,
  pointers: "by_day",
} as const;

/** The workloads by name. */
export const ARRIVALS = {
  /** One observation per message. The messages of a session follow one another. */
  oneByOne: { ...BASE, group: "one-by-one", attackers: 10, order: "by_attacker", perAttacker: 60 },
  /**
   * One observation per message. Each batch has one message of each of a hundred attackers, so it needs the most object calls. The
   * thirty observations of a session share a pointer and come in thirty batches.
   */
  inTurn: { ...BASE, group: "in-turn", attackers: 100, perAttacker: SESSION_PRIMITIVES },
  /** The same with a pointer for each observation, so each is a session of its own. */
  singles: { ...BASE, group: "singles", attackers: 100, perAttacker: SESSION_PRIMITIVES, pointers: "own" },
  /** One session per message. Each session belongs to another attacker. */
  sessions: {
    ...BASE,
    group: "sessions",
    attackers: 100,
    order: "by_attacker",
    perAttacker: SESSION_PRIMITIVES,
    perMessage: SESSION_PRIMITIVES,
  },
  /** Half a session per message. The first half is stored before counting begins. */
  halves: {
    ...BASE,
    group: "halves",
    attackers: 100,
    order: "by_attacker",
    perAttacker: SESSION_PRIMITIVES / 2,
    perMessage: SESSION_PRIMITIVES / 2,
  },
  /** A single attacker. */
  alone: { ...BASE, group: "alone", attackers: 1, perAttacker: 300 },
  /** A single attacker with a long history. */
  aloneLong: { ...BASE, group: "alone-long", attackers: 1, perAttacker: 300 },
  /** A hundred attackers with a longer history. */
  inTurnLong: { ...BASE, group: "in-turn-long", attackers: 100, perAttacker: 2 },
} as const satisfies Record<string, Workload>;

export type Arrival = keyof typeof ARRIVALS;

/** The names in the order in which they are counted. */
export const ARRIVAL_NAMES = [
  "oneByOne",
  "inTurn",
  "singles",
  "sessions",
  "halves",
  "alone",
  "aloneLong",
  "inTurnLong",
] as const satisfies readonly Arrival[];

/** What each is called in a report. */
export const ARRIVAL_WORDS: Readonly<Record<Arrival, string>> = {
  oneByOne: "one message each",
  inTurn: "a hundred attackers in turn",
  singles: "each its own pointer",
  sessions: "whole sessions",
  halves: "second halves of sessions",
  alone: "one attacker",
  aloneLong: "one attacker after a long history",
  inTurnLong: "a hundred after a long history",
};

const SHORT = { full: SESSIONS_BEFORE * SESSION_PRIMITIVES, quick: SESSIONS_BEFORE * SESSION_PRIMITIVES };

/** Observations of each attacker before counting begins. */
const HISTORY: Readonly<Record<Arrival, { readonly full: number; readonly quick: number }>> = {
  oneByOne: SHORT,
  inTurn: SHORT,
  singles: SHORT,
  sessions: SHORT,
  halves: SHORT,
  alone: SHORT,
  aloneLong: { full: 30_000, quick: 3_000 },
  inTurnLong: { full: 900, quick: 300 },
};

/** Stores the history of a workload, then counts what its messages cost. They stay prepared under the workload's name. */
export async function countArrival(bench: Bench, arrival: Arrival): Promise<Counted> {
  const runtime = await bench.runtime();
  const workload: Workload = ARRIVALS[arrival];
  const before = bench.times(HISTORY[arrival].full, HISTORY[arrival].quick);
  await runtime.fill("metered", { ...workload, perAttacker: before });
  // An object that was idle for ten seconds is no longer in memory and reads a dozen rows when it starts again. So one message
  // per attacker runs first.
  const counted = before + workload.perMessage;
  await runtime.prepare(arrival, { ...workload, from: before, perAttacker: workload.perMessage });
  await runtime.ask({ command: "run", name: arrival, consumer: "metered" });
  await runtime.prepare(arrival, { ...workload, from: counted });
  return runtime.count(arrival);
}
