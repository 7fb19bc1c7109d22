/** Counts the rows, calls and US dollars of an observation. Counts do not depend on the machine. */
import { costOf, describeCost, type Usage } from "../../../bench/costs.ts";
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import { queueOperations } from "../../../bench/prices.ts";
import type { Counted } from "../../../bench/protocol.ts";
import { messagesOf, SESSION_PRIMITIVES, type Workload } from "../../../bench/workload.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure } from "../figures.ts";

const BATCH = 100;
const SESSIONS_BEFORE = 4;

const BASE = {
  firstAttacker: 0,
  mix: "session",
  from: 0,
  order: "in_turn",
  perMessage: 1,
  pointers: "by_day",
} as const;

/** Workloads: the same sessions, arriving in different ways. */
const ARRIVALS = {
  /** One observation per message. The messages of a session follow one another. */
  oneByOne: { ...BASE, group: "one-by-one", attackers: 10, order: "by_attacker", perAttacker: 60 },
  /** One observation per message. Each batch has one message of each of a hundred attackers, so it needs the most object calls. */
  inTurn: { ...BASE, group: "in-turn", attackers: 100, perAttacker: SESSION_PRIMITIVES },
  /** One session per message. Each session belongs to another attacker. */
  sessions: {
    ...BASE,
    group: "sessions",
    attackers: 300,
    order: "by_attacker",
    perAttacker: SESSION_PRIMITIVES,
    perMessage: SESSION_PRIMITIVES,
  },
  /** A single attacker. */
  alone: { ...BASE, group: "alone", attackers: 1, perAttacker: 300 },
  /** A single attacker with a long history. */
  aloneLong: { ...BASE, group: "alone-long", attackers: 1, perAttacker: 300 },
  /** A hundred attackers with a longer history. */
  inTurnLong: { ...BASE, group: "in-turn-long", attackers: 100, perAttacker: 2 },
} as const satisfies Record<string, Workload>;

type Arrival = keyof typeof ARRIVALS;

/** Observations of each attacker before counting begins. */
const HISTORY: Readonly<Record<Arrival, { full: number; quick: number }>> = {
  oneByOne: both(SESSIONS_BEFORE * SESSION_PRIMITIVES),
  inTurn: both(SESSIONS_BEFORE * SESSION_PRIMITIVES),
  sessions: both(SESSIONS_BEFORE * SESSION_PRIMITIVES),
  alone: both(SESSIONS_BEFORE * SESSION_PRIMITIVES),
  aloneLong: { full: 30_000, quick: 3_000 },
  inTurnLong: { full: 900, quick: 300 },
};

const MEASURES = [
  "d1_written_steady",
  "d1_read_1",
  "d1_read_100",
  "object_written",
  "object_read",
  "d1_calls",
  "object_calls",
  "repeat_written",
  "usd_single",
  "usd_session",
] as const satisfies MeasureName[];

export const countsSuite: Suite = {
  name: "rows and money",
  measures: MEASURES,
  steps: () => Object.keys(ARRIVALS).length + 1,
  async run(bench) {
    const counted: Partial<Record<Arrival, Counted>> = {};
    for (const arrival of ["oneByOne", "inTurn", "sessions", "alone", "aloneLong", "inTurnLong"] as const) {
      counted[arrival] = await count(bench, arrival);
      bench.step(`rows, ${arrival}`);
    }
    const repeated = await (await bench.runtime()).count("oneByOne");
    bench.step("rows, repeated");
    bench.raw["counts"] = { ...counted, repeated };
    return judge(counted, repeated);
  },
};

async function count(bench: Bench, arrival: Arrival): Promise<Counted> {
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

const d1Written = ({ worker, objects }: Counted) => worker.d1Written + objects.d1Written;
const d1Read = ({ worker, objects }: Counted) => worker.d1Read + objects.d1Read;
const perObservation = (rows: (each: Counted) => number) => (each: Counted) => rows(each) / each.observations;

function judge(counted: Partial<Record<Arrival, Counted>>, repeated: Counted): Measure[] {
  const worst = (
    name: MeasureName,
    of: readonly Arrival[],
    value: (each: Counted) => number,
    what: string,
  ) => {
    const values = of.flatMap((arrival) => {
      const each = counted[arrival];
      return each ? [{ arrival, value: value(each) }] : [];
    });
    const listed = values.map((each) => `${WORDS[each.arrival]} ${figure(each.value)}`).join(", ");
    return measureOf(name, Math.max(...values.map((each) => each.value)), `${what}: ${listed}`);
  };
  const all = ["oneByOne", "inTurn", "sessions", "alone", "aloneLong", "inTurnLong"] as const;
  return [
    worst("d1_written_steady", ["oneByOne", "inTurn", "sessions"], perObservation(d1Written), "rows written"),
    worst("d1_read_1", ["alone", "aloneLong"], perObservation(d1Read), "rows read"),
    worst("d1_read_100", ["inTurn", "inTurnLong"], perObservation(d1Read), "rows read"),
    worst(
      "object_written",
      all,
      perObservation(({ objects }) => objects.objectWritten),
      "rows written",
    ),
    worst(
      "object_read",
      all,
      perObservation(({ objects }) => objects.objectRead),
      "rows read",
    ),
    worst("d1_calls", all, ({ worker, batches }) => worker.d1Calls / batches, "calls a batch"),
    worst("object_calls", ["oneByOne", "inTurn", "sessions", "alone"], callsPerIdentity(counted), "calls"),
    measureOf(
      "repeat_written",
      d1Written(repeated) + repeated.objects.objectWritten,
      `D1 and objects, ${repeated.messages} messages again`,
    ),
    usd("usd_single", "inTurn", counted),
    usd("usd_session", "sessions", counted),
  ];
}

/** Object calls per identity and batch. */
function callsPerIdentity(counted: Partial<Record<Arrival, Counted>>): (each: Counted) => number {
  const identities = new Map(
    (["oneByOne", "inTurn", "sessions", "alone"] as const).map((arrival) => [
      counted[arrival],
      identitiesInBatches(arrival),
    ]),
  );
  return (each) => each.worker.objectCalls / (identities.get(each) ?? 1);
}

/** Sum over the batches of the number of identities in each. */
function identitiesInBatches(arrival: Arrival): number {
  const { attackers, perAttacker, order, perMessage }: Workload = ARRIVALS[arrival];
  const events = BATCH * perMessage;
  const total = attackers * perAttacker;
  const keys = new Set<string>();
  for (let n = 0; n < total; n++) {
    const attacker = order === "in_turn" ? n % attackers : Math.floor(n / perAttacker);
    keys.add(`${Math.floor(n / events)}/${attacker}`);
  }
  return keys.size;
}

function usd(name: MeasureName, arrival: Arrival, counted: Partial<Record<Arrival, Counted>>): Measure {
  const each = counted[arrival];
  if (!each) throw new Error(`${arrival} must be counted first`);
  const usage = usageOf(each, queueOperationsOf(messagesOf(ARRIVALS[arrival])));
  return measureOf(name, costOf(usage, each.observations).total, describeCost(usage, each.observations));
}

/** The billed usage of counted batches. */
export function usageOf({ worker, objects }: Counted, inboundOperations: number): Usage {
  return {
    queueOperations: inboundOperations + worker.eventOperations + objects.eventOperations,
    d1RowsWritten: worker.d1Written + objects.d1Written,
    d1RowsRead: worker.d1Read + objects.d1Read,
    objectRowsWritten: objects.objectWritten,
    objectRowsRead: objects.objectRead,
    objectRequests: worker.objectCalls + objects.alarmsRun,
  };
}

function queueOperationsOf(bodies: readonly unknown[]): number {
  return bodies.reduce<number>((sum, body) => sum + queueOperations(JSON.stringify(body).length), 0);
}

function both(n: number): { full: number; quick: number } {
  return { full: n, quick: n };
}

const WORDS: Readonly<Record<Arrival, string>> = {
  oneByOne: "one message each",
  inTurn: "a hundred attackers in turn",
  sessions: "whole sessions",
  alone: "one attacker",
  aloneLong: "one attacker after a long history",
  inTurnLong: "a hundred after a long history",
};
