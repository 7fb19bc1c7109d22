/** Counts rows and bytes of a replay of real sessions, including first observations, transitions and registrations. */
import { costOf, describeCost } from "../../../bench/costs.ts";
import { type Measure, type MeasureName, measureOf, missing } from "../../../bench/measures.ts";
import { OPERATIONS_PER_MESSAGE } from "../../../bench/prices.ts";
import type { Counted, TableBytes } from "../../../bench/protocol.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure } from "../figures.ts";
import { logs, NO_LOGS, replayRequests } from "../real-sessions.ts";
import { usageOf } from "./counts.ts";

/** Requests that a quick run sends. */
const QUICK_REQUESTS = 5;

const MEASURES = [
  "d1_written_replay",
  "object_written_replay",
  "usd_replay",
  "d1_bytes_replay",
  "session_bytes_replay",
] as const satisfies MeasureName[];

/** What a replay sent and what it left. */
interface Replayed {
  /** Bytes of JSON of all events that were sent. */
  readonly sentBytes: number;
  readonly sessions: number;
  readonly attackers: number;
  readonly observations: number;
  readonly counted: Counted;
  readonly bytes: TableBytes;
}

export const replaySuite: Suite = {
  name: "a replay of real sessions",
  measures: MEASURES,
  steps: () => 1,
  async run(bench) {
    const files = logs();
    if (files.length === 0) {
      bench.step("replay: skipped");
      return MEASURES.map((name) => missing(name, NO_LOGS, null));
    }
    const replayed = await replay(bench, files);
    bench.step("replay");
    return judge(bench, replayed);
  },
};

async function replay(bench: Bench, files: readonly string[]): Promise<Replayed> {
  const runtime = await bench.runtime();
  let [sessions, attackers, requests, sentBytes] = [0, 0, 0, 0];
  for await (const request of replayRequests(files)) {
    await runtime.ask(request.command);
    ({ sessions, attackers } = request);
    sentBytes += JSON.stringify(request.command.events).length;
    if (bench.isQuick && ++requests >= QUICK_REQUESTS) break;
  }
  const counted = await runtime.takeCounts();
  const observations = await runtime.stored();
  return { sentBytes, sessions, attackers, observations, counted, bytes: await runtime.tableBytes() };
}

function judge(bench: Bench, replayed: Replayed): Measure[] {
  const { sessions, attackers, observations, counted, bytes } = replayed;
  const { worker, objects } = counted;
  const d1Written = worker.d1Written + objects.d1Written;
  const usage = usageOf(counted, counted.messages * OPERATIONS_PER_MESSAGE);
  const usd = costOf(usage, observations);
  bench.raw["replay"] = { ...counted, sessions, attackers, stored: observations, usd, bytes };
  const sessionBytes = bytes.tables["sessions"]?.bytes ?? 0;
  const eventBytes = bytes.tables["events"]?.bytes ?? 0;
  const others = bytes.total - sessionBytes - eventBytes;
  noteForScale(bench, replayed, d1Written);
  const each = (total: number) => figure(total / observations);
  return [
    measureOf(
      "d1_written_replay",
      d1Written / observations,
      `${figure(d1Written)} rows for ${figure(observations)} observations in ${figure(sessions)} sessions of ${figure(attackers)} attackers, ${figure(objects.eventsSent)} events published`,
    ),
    measureOf(
      "object_written_replay",
      objects.objectWritten / observations,
      `${figure(objects.objectWritten)} rows, ${figure(objects.alarmsSet)} of them alarms set`,
    ),
    measureOf("usd_replay", usd.total, describeCost(usage, observations)),
    measureOf(
      "d1_bytes_replay",
      bytes.total / observations,
      `bytes per observation: ${each(sessionBytes)} of session rows, ${each(eventBytes)} of events, ${each(others)} of everything else`,
    ),
    measureOf(
      "session_bytes_replay",
      sessionBytes / observations,
      `${figure(sessionBytes)} bytes of session rows; ${figure(observations / sessions)} observations a session`,
    ),
  ];
}

function noteForScale(
  bench: Bench,
  { sentBytes, sessions, attackers, observations, counted, bytes }: Replayed,
  d1Written: number,
): void {
  const { objects } = counted;
  const { sessions: stored, events } = bytes.tables;
  const [eventBytes, eventRows] = [events?.bytes ?? 0, events?.rows ?? 0];
  Object.assign(bench.scaleInputs, {
    replayObservationsPerSession: observations / sessions,
    replayD1RowsWritten: d1Written / observations,
    replayObjectRowsWritten: objects.objectWritten / observations,
    objectRowsRead: objects.objectRead / observations,
    eventsPerObservation: objects.eventsSent / observations,
    eventsPerPage: objects.eventsSent / eventRows,
    identitiesPerObservation: attackers / observations,
    messageBytes: sentBytes / observations,
    d1EventBytes: eventBytes / objects.eventsSent,
    d1IdentityBytes: (bytes.total - (stored?.bytes ?? 0) - eventBytes) / attackers,
  });
}
