/**
 * From log files to what is sent: one `Outgoing` per session (or per line of ready-made observations), in the order of the
 * files. Lines that cannot be read are reported and passed over. Leaves sending to `sender.ts`.
 */
import { z } from "zod";
import { normalizeUuid } from "../../core/index.ts";
import {
  type AlgorithmLists,
  CowrieSensor,
  type LogSensor,
  type SessionMessage,
  TtySensor,
} from "../../sensor/index.ts";
import type { AttackerFacts } from "../client.ts";
import { detectFormat, type Format, sensorNameOf } from "./format.ts";
import { type LogLine, type ReadProgress, readLines } from "./read-lines.ts";

/** Events that belong together, and the attackers they are about. */
export interface Outgoing {
  readonly attackers: readonly { readonly uuid: string; readonly facts: AttackerFacts }[];
  /** When the session ended, epoch seconds, or null where that cannot be told. */
  readonly endTs: number | null;
  readonly events: readonly unknown[];
}

/** A line that could not be read. */
export interface LineProblem {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** What to read and how. */
export interface ReadOptions {
  readonly files: readonly string[];
  /** The kind of every file, or null to tell it from each file's first line. */
  readonly format: Format | null;
  /** What to call the sensor of logs that do not say, or null to take it from the file's name. */
  readonly sensorName: string | null;
  readonly hasshTable: ReadonlyMap<string, AlgorithmLists>;
  readonly onProblem: (problem: LineProblem) => void;
  /** One per file. */
  readonly progress: readonly ReadProgress[];
}

/** Reads the files one after the other.
 * @throws Error naming the file, if one cannot be read or is of no known kind
 */
export async function* readOutgoing(options: ReadOptions): AsyncGenerator<Outgoing> {
  const sensors: Record<"cowrie" | "tty", LogSensor> = {
    cowrie: new CowrieSensor(options.hasshTable),
    tty: new TtySensor(),
  };
  for (const [index, file] of options.files.entries()) {
    const sensorName = options.sensorName ?? sensorNameOf(file);
    let format = options.format;
    // oxlint-disable-next-line no-await-in-loop -- one file after the other: their order is the order of time
    for await (const line of readLines(file, options.progress[index])) {
      const report = (reason: string) => options.onProblem({ file, line: line.number, reason });
      const raw = parseJson(line);
      if (raw === undefined) {
        report("not JSON");
        continue;
      }
      format ??= detectFormat(raw);
      if (format === null) {
        const kinds = "neither a Cowrie log, a terminal recording nor observations";
        throw new Error(`${file}, line ${line.number}: ${kinds}; name its kind with --format if it is one`);
      }
      if (format === "observations") {
        yield readyMade(raw);
        continue;
      }
      const { messages, problem } = sensors[format].push(raw, sensorName);
      if (problem !== null) report(problem);
      yield* messages.map(outgoingOf);
    }
    // A log that names its sensor may go on in the next file (Cowrie begins a new one each day); one named after its file
    // cannot.
    yield* sensors.cowrie.end(sensorName).map(outgoingOf);
    yield* sensors.tty.end(sensorName).map(outgoingOf);
  }
  yield* sensors.cowrie.end().map(outgoingOf);
  yield* sensors.tty.end().map(outgoingOf);
}

function outgoingOf({ attackerUuid, address, startTs, endTs, events }: SessionMessage): Outgoing {
  const facts = { ip: address, first_seen: startTs, last_seen: endTs };
  return { attackers: [{ uuid: attackerUuid, facts }], endTs, events };
}

const eventSchema = z.object({
  attacker_uuid: z.string(),
  ts: z.number().positive().optional().catch(undefined),
  window: z.object({ start_ts: z.number().positive() }).optional().catch(undefined),
});
const busEventSchema = z.object({ payload: z.unknown() });
const eventListSchema = z.object({ events: z.array(z.unknown()) });

/** Ready-made observations go out as they are; whether they are right is the Worker's to say. */
function readyMade(raw: unknown): Outgoing {
  const list = eventListSchema.safeParse(raw);
  const events = list.success ? list.data.events : [raw];
  const attackers = new Map<string, AttackerFacts>();
  let endTs: number | null = null;
  for (const event of events) {
    const bus = busEventSchema.safeParse(event);
    const payload = eventSchema.safeParse(bus.success ? bus.data.payload : event);
    if (!payload.success) continue;
    const { attacker_uuid: written, ts, window } = payload.data;
    const uuid = normalizeUuid(written);
    if (uuid !== null && !attackers.has(uuid))
      attackers.set(uuid, window ? { first_seen: window.start_ts } : {});
    if (ts !== undefined) endTs = Math.max(endTs ?? ts, ts);
  }
  return { attackers: [...attackers].map(([uuid, facts]) => ({ uuid, facts })), endTs, events };
}

function parseJson(line: LogLine): unknown {
  try {
    return JSON.parse(line.text);
  } catch {
    return undefined;
  }
}
