/** Counts the rows, calls and US dollars of an observation. Counts do not depend on the machine. */
import { costOf, describeCost, type Usage } from "../../../bench/costs.ts";
import { type Measure, type MeasureName, measureOf } from "../../../bench/measures.ts";
import { queueOperations } from "../../../bench/prices.ts";
import type { Counted } from "../../../bench/protocol.ts";
import { messagesOf, type Workload } from "../../../bench/workload.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure } from "../figures.ts";
import { type Arrival, ARRIVAL_NAMES, ARRIVAL_WORDS, ARRIVALS, countArrival } from "./arrivals.ts";

const BATCH = 100;

/** Counted workloads. */
type AllCounted = ReadonlyMap<Arrival, Counted>;

/** The workloads that are delivered again. */
const REPEATED = ["oneByOne", "singles", "sessions", "halves"] as const satisfies readonly Arrival[];

const MEASURES = [
  "d1_written_single",
  "d1_written_session",
  "d1_written_steady",
  "d1_read_1",
  "d1_read_100",
  "object_written_single",
  "object_written_session",
  "object_written",
  "object_read",
  "d1_calls",
  "object_calls",
  "repeat_written",
  "usd_single",
  "usd_single_shared",
  "usd_session",
] as const satisfies MeasureName[];

export const countsSuite: Suite = {
  name: "rows and money",
  measures: MEASURES,
  steps: () => ARRIVAL_NAMES.length + REPEATED.length,
  async run(bench) {
    const counted = await countAll(bench, ARRIVAL_NAMES, (arrival) => countArrival(bench, arrival));
    const runtime = await bench.runtime();
    const repeated = await countAll(bench, REPEATED, (arrival) => runtime.count(arrival));
    bench.raw["counts"] = { ...Object.fromEntries(counted), repeated: Object.fromEntries(repeated) };
    noteForScale(bench, counted);
    return judge(counted, repeated);
  },
};

async function countAll(
  bench: Bench,
  arrivals: readonly Arrival[],
  count: (arrival: Arrival) => Promise<Counted>,
): Promise<AllCounted> {
  const counted = new Map<Arrival, Counted>();
  for (const arrival of arrivals) {
    counted.set(arrival, await count(arrival));
    bench.step(`rows, ${arrival}`);
  }
  return counted;
}

/** What a measure takes from counted batches. */
type ValueOf = (each: Counted, arrival: Arrival) => number;

const d1Written: ValueOf = ({ worker, objects }) => worker.d1Written + objects.d1Written;
const d1Read: ValueOf = ({ worker, objects }) => worker.d1Read + objects.d1Read;
const objectWritten: ValueOf = ({ objects }) => objects.objectWritten;
const objectRead: ValueOf = ({ objects }) => objects.objectRead;
const d1Calls: ValueOf = ({ worker, batches }) => worker.d1Calls / batches;
const objectCalls: ValueOf = ({ worker }, arrival) => worker.objectCalls / identitiesInBatches(arrival);
const allWritten: ValueOf = (each, arrival) => d1Written(each, arrival) + objectWritten(each, arrival);

function noteForScale(bench: Bench, counted: AllCounted): void {
  for (const [name, arrival] of [
    ["single", "singles"],
    ["session", "sessions"],
  ] as const) {
    const each = counted.get(arrival);
    if (!each) continue;
    bench.scaleInputs[`d1RowsWritten.${name}`] = perObservation(d1Written)(each, arrival);
    bench.scaleInputs[`d1RowsRead.${name}`] = perObservation(d1Read)(each, arrival);
    bench.scaleInputs[`objectRowsWritten.${name}`] = perObservation(objectWritten)(each, arrival);
  }
}

function perObservation(rows: ValueOf): ValueOf {
  return (each, arrival) => rows(each, arrival) / each.observations;
}

function judge(counted: AllCounted, repeated: AllCounted): Measure[] {
  const rows = (name: MeasureName, of: readonly Arrival[], value: ValueOf, what: string) =>
    worst(name, counted, of, perObservation(value), what);
  const steady = ["oneByOne", "inTurn", "singles", "sessions"] as const;
  return [
    rows("d1_written_single", ["singles"], d1Written, "rows written"),
    rows("d1_written_session", ["sessions"], d1Written, "rows written"),
    rows("d1_written_steady", [...steady, "halves"], d1Written, "rows written"),
    rows("d1_read_1", ["alone", "aloneLong"], d1Read, "rows read"),
    rows("d1_read_100", ["singles", "inTurn", "inTurnLong"], d1Read, "rows read"),
    rows("object_written_single", ["singles"], objectWritten, "rows written"),
    rows("object_written_session", ["sessions"], objectWritten, "rows written"),
    rows("object_written", ARRIVAL_NAMES, objectWritten, "rows written"),
    rows("object_read", ARRIVAL_NAMES, objectRead, "rows read"),
    worst("d1_calls", counted, ARRIVAL_NAMES, d1Calls, "calls a batch"),
    worst("object_calls", counted, [...steady, "halves", "alone"], objectCalls, "calls"),
    worst("repeat_written", repeated, REPEATED, allWritten, "rows of D1 and objects when delivered again"),
    usd("usd_single", "singles", counted),
    usd("usd_single_shared", "inTurn", counted),
    usd("usd_session", "sessions", counted),
  ];
}

/** The greatest value of some workloads; all are listed. */
function worst(
  name: MeasureName,
  counted: AllCounted,
  of: readonly Arrival[],
  value: ValueOf,
  what: string,
): Measure {
  const values = of.flatMap((arrival) => {
    const each = counted.get(arrival);
    return each ? [{ arrival, value: value(each, arrival) }] : [];
  });
  const listed = values.map((each) => `${ARRIVAL_WORDS[each.arrival]} ${figure(each.value)}`).join(", ");
  return measureOf(name, Math.max(...values.map((each) => each.value)), `${what}: ${listed}`);
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

function usd(name: MeasureName, arrival: Arrival, counted: AllCounted): Measure {
  const each = counted.get(arrival);
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
