/** Reads the logs of real sessions and makes the requests that `npm run replay` would send. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../bench/protocol.ts";
import { readHasshTable } from "../../sensor/index.ts";
import { type Outgoing, readOutgoing } from "../replay/outgoing.ts";
import { HASSH_TABLE_NAME } from "../replay/run.ts";
import { EVENTS_PER_REQUEST } from "../replay/sender.ts";
import { PROJECT_ROOT } from "../wrangler.ts";

const DATA = join(PROJECT_ROOT, "..", "shared", "data");

/** Why nothing can be replayed. */
export const NO_LOGS = "skipped: there are no ssh-* logs in ../shared/data";

/** The logs of real sessions; none if the data is not there. */
export function logs(): string[] {
  if (!existsSync(DATA)) return [];
  const names = readdirSync(DATA).filter((name) => name.startsWith("ssh-"));
  return names.toSorted().map((name) => join(DATA, name));
}

/** A request of a replay. */
interface ReplayRequest {
  readonly command: Extract<Command, { readonly command: "replay" }>;
  /** Sessions and attackers up to the end of this request. */
  readonly sessions: number;
  readonly attackers: number;
}

/** The requests: each has as many events as `npm run replay` sends at once, and registers attackers before their first event. */
export async function* replayRequests(files: readonly string[]): AsyncGenerator<ReplayRequest> {
  const table = join(DATA, HASSH_TABLE_NAME);
  const outgoing = readOutgoing({
    files,
    format: null,
    sensorName: null,
    hasshTable: existsSync(table) ? readHasshTable(JSON.parse(readFileSync(table, "utf8"))) : new Map(),
    // Without words, so that results stay comparable with those of before.
    wordSecret: null,
    onProblem: ({ file, line, reason }) => {
      throw new Error(`${file}, line ${line}: ${reason}`);
    },
    progress: [],
  });
  const met = new Set<string>();
  let sessions = 0;
  let attackers: Outgoing["attackers"][number][] = [];
  let events: unknown[] = [];
  const take = (): ReplayRequest => {
    const registered = attackers.map(({ uuid, facts }) => ({ uuid, facts: { ...facts } }));
    const command = { command: "replay", events, attackers: registered } as const;
    [attackers, events] = [[], []];
    return { command, sessions, attackers: met.size };
  };
  for await (const each of outgoing) {
    sessions++;
    for (const attacker of each.attackers) {
      if (met.has(attacker.uuid)) continue;
      met.add(attacker.uuid);
      attackers.push(attacker);
    }
    for (const event of each.events) {
      if (events.length >= EVENTS_PER_REQUEST) yield take();
      events.push(event);
    }
  }
  if (events.length > 0) yield take();
}
