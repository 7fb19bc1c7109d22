/** Counts the rows written during a replay of real sessions, including first observations, transitions and registrations. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { costOf, describeCost } from "../../../bench/costs.ts";
import { measureOf, missing } from "../../../bench/measures.ts";
import { OPERATIONS_PER_MESSAGE } from "../../../bench/prices.ts";
import { readHasshTable } from "../../../sensor/index.ts";
import { type Outgoing, readOutgoing } from "../../replay/outgoing.ts";
import { HASSH_TABLE_NAME } from "../../replay/run.ts";
import { EVENTS_PER_REQUEST } from "../../replay/sender.ts";
import { PROJECT_ROOT } from "../../wrangler.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure } from "../figures.ts";
import { usageOf } from "./counts.ts";

const DATA = join(PROJECT_ROOT, "..", "shared", "data");
/** Requests that a quick run sends. */
const QUICK_REQUESTS = 5;

export const replaySuite: Suite = {
  name: "a replay of real sessions",
  measures: ["d1_written_replay"],
  steps: () => 1,
  async run(bench) {
    const files = logs();
    if (files.length === 0) {
      bench.step("replay: skipped");
      return [missing("d1_written_replay", "skipped: there are no ssh-* logs in ../shared/data", null)];
    }
    const sent = await replay(bench, files);
    const runtime = await bench.runtime();
    const counted = await runtime.takeCounts();
    bench.step("replay");
    const { worker, objects } = counted;
    const observations = await runtime.stored();
    const written = worker.d1Written + objects.d1Written;
    const usage = usageOf(counted, counted.messages * OPERATIONS_PER_MESSAGE);
    const cost = describeCost(usage, observations);
    bench.raw["replay"] = {
      ...counted,
      ...sent,
      stored: observations,
      usd: costOf(usage, observations),
      cost,
    };
    return [
      measureOf(
        "d1_written_replay",
        written / observations,
        `${figure(written)} rows for ${figure(observations)} observations in ${sent.sessions} sessions of ${sent.attackers} attackers, ${figure(objects.eventsSent)} events published; a million cost ${cost}`,
      ),
    ];
  },
};

function logs(): string[] {
  if (!existsSync(DATA)) return [];
  const names = readdirSync(DATA).filter((name) => name.startsWith("ssh-"));
  return names.toSorted().map((name) => join(DATA, name));
}

/** Sends as `npm run replay` does: with as many events per request, and attackers registered before their first event. */
async function replay(
  bench: Bench,
  files: readonly string[],
): Promise<{ sessions: number; attackers: number }> {
  const runtime = await bench.runtime();
  const table = join(DATA, HASSH_TABLE_NAME);
  const outgoing = readOutgoing({
    files,
    format: null,
    sensorName: null,
    hasshTable: existsSync(table) ? readHasshTable(JSON.parse(readFileSync(table, "utf8"))) : new Map(),
    onProblem: ({ file, line, reason }) => {
      throw new Error(`${file}, line ${line}: ${reason}`);
    },
    progress: [],
  });
  const met = new Set<string>();
  let [sessions, requests] = [0, 0];
  let attackers: Outgoing["attackers"][number][] = [];
  let events: unknown[] = [];
  const flush = async () => {
    if (events.length > 0) {
      await runtime.ask({
        command: "replay",
        events,
        attackers: attackers.map(({ uuid, facts }) => ({ uuid, facts: { ...facts } })),
      });
    }
    [attackers, events] = [[], []];
    requests++;
  };
  for await (const each of outgoing) {
    sessions++;
    for (const attacker of each.attackers) {
      if (met.has(attacker.uuid)) continue;
      met.add(attacker.uuid);
      attackers.push(attacker);
    }
    for (const event of each.events) {
      if (events.length >= EVENTS_PER_REQUEST) await flush();
      events.push(event);
    }
    if (bench.isQuick && requests >= QUICK_REQUESTS) break;
  }
  await flush();
  return { sessions, attackers: met.size };
}
