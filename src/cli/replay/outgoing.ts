/**
 * Reads log files and makes one `Outgoing` per session (or per line, if the file holds observations), in the order of the
 * files. It reports and skips lines that cannot be read. `sender.ts` sends them.
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

/** The events of a session or line, and their attackers. */
export interface Outgoing {
  readonly attackers: readonly { readonly uuid: string; readonly facts: AttackerFacts }[];
  /** End of the session, epoch seconds, or null if it is unknown. */
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
interface ReadOptions {
  readonly files: readonly string[];
  /** The format of all files, or null to detect it from the first line of each. */
  readonly format: Format | null;
  /** Name of the sensor for logs that have none, or null to derive it from the name of the file. */
  readonly sensorName: string | null;
  readonly hasshTable: ReadonlyMap<string, AlgorithmLists>;
  /** Salts the hashes of words, or null to send no words. */
  readonly wordSecret: string | null;
  readonly onProblem: (problem: LineProblem) => void;
  /** One per file. */
  readonly progress: readonly ReadProgress[];
}

/** Reads the files one after the other.
 * @throws Error naming the file, if it cannot be read or has an unknown format
 */
export async function* readOutgoing(options: ReadOptions): AsyncGenerator<Outgoing> {
  const sensors: Record<"cowrie" | "tty", LogSensor> = {
    cowrie: new CowrieSensor(options.hasshTable, options.wordSecret),
    tty: new TtySensor(options.wordSecret),
  };
  for (const [index, file] of options.files.entries()) {
    const sensorName = options.sensorName ?? sensorNameOf(file);
    let format = options.format;
    // oxlint-disable-next-line no-await-in-loop -- files are read in the order of time
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
        yield outgoingOfObservations(raw);
        continue;
      }
      const { messages, problem } = sensors[format].push(raw, sensorName);
      if (problem !== null) report(problem);
      yield* messages.map(outgoingOf);
    }
    // Sessions of a sensor that the log names may continue in the next file (Cowrie starts a new file each day). Sessions of a
    // sensor that is named after its file end here.
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

/** Observations are sent unchanged; the Worker validates them. */
function outgoingOfObservations(raw: unknown): Outgoing {
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
