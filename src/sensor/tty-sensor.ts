/**
 * The sensor for terminal recordings: it takes lines and returns one message per session. A recording has no closing line,
 * so a session ends after an hour without a line or at the end of the log. `tty-findings.ts` derives the findings.
 */
import { shapeOf } from "./command-shape.ts";
import { isMasked, wordFindings, type WordHash, wordHashOf } from "./command-words.ts";
import { paceFindings, pipeFindings } from "./commands.ts";
import { linesOf, type TtyInput, type TtyLine, unitsOf } from "./keystrokes.ts";
import type { LineResult, LogSensor, SensorCounts } from "./log-sensor.ts";
import { messageOf, type SessionMessage } from "./observation.ts";
import { type FinishedSession, SessionStream } from "./session-stream.ts";
import { MAX_EVENTS_PER_SESSION } from "./thresholds.ts";
import { readTtyEvent } from "./tty-event.ts";
import * as findings from "./tty-findings.ts";

interface TtySession {
  address: string;
  readonly firstTs: number;
  lastTs: number;
  readonly inputs: TtyInput[];
  readonly outputs: { readonly ts: number; readonly bytes: number }[];
}

/** Reads the reduced form of terminal recordings.
 * @example const sensor = new TtySensor();
 *          for (const line of lines) sensor.push(JSON.parse(line), "pot-1");
 *          const messages = sensor.end();
 */
export class TtySensor implements LogSensor {
  readonly counts: SensorCounts = { sessions: 0, silentSessions: 0, lateLines: 0 };
  readonly #stream = new SessionStream<TtySession>((ts) => ({
    address: "",
    firstTs: ts,
    lastTs: ts,
    inputs: [],
    outputs: [],
  }));
  readonly #wordHash: WordHash | null;

  /** @param wordSecret - salts the hashes of words; null to send no words */
  constructor(wordSecret: string | null = null) {
    this.#wordHash = wordHashOf(wordSecret);
  }

  push(raw: unknown, sensorName: string): LineResult {
    const reading = readTtyEvent(raw);
    if (reading.kind === "unreadable") return { messages: [], problem: reading.reason };
    const { ts, session: id, address, content } = reading.event;
    const { session, finished } = this.#stream.touch(sensorName, id, ts);
    if (!session) {
      this.counts.lateLines += 1;
      return { messages: this.#messages(finished), problem: null };
    }
    session.address = address;
    session.lastTs = Math.max(session.lastTs, ts);
    if (content.kind === "input") {
      if (session.inputs.length < MAX_EVENTS_PER_SESSION) session.inputs.push({ ts, text: content.text });
    } else if (session.outputs.length < MAX_EVENTS_PER_SESSION) {
      session.outputs.push({ ts, bytes: content.bytes });
    }
    return { messages: this.#messages(finished), problem: null };
  }

  end(sensorName?: string): readonly SessionMessage[] {
    return this.#messages(this.#stream.end(sensorName));
  }

  #messages(finished: readonly FinishedSession<TtySession>[]): SessionMessage[] {
    return finished.flatMap(({ sensor, id, session }) => {
      const message = ttyMessage(sensor, id, session, this.#wordHash);
      this.counts.sessions += 1;
      if (!message) this.counts.silentSessions += 1;
      return message ?? [];
    });
  }
}

function ttyMessage(
  sensor: string,
  id: string,
  session: TtySession,
  wordHash: WordHash | null,
): SessionMessage | null {
  const units = unitsOf(session.inputs, session.outputs[0]?.ts ?? null);
  const lines = linesOf(units);
  const shapes = lines.map((line) => shapeOf(line.text));
  const areWordsKnown = !isMasked(session.inputs.map(({ text }) => text));
  const { pauses, outputs } = pausesAndOutputs(lines, session);
  const key = {
    sensor,
    session: id,
    address: session.address,
    startTs: session.firstTs,
    endTs: session.lastTs,
  };
  return messageOf(key, "sensor.tty", [
    ...findings.pasteFindings(units),
    ...findings.cadenceFindings(units),
    ...findings.chunkingFindings(lines),
    ...findings.correctionFindings(units),
    ...findings.masteryFindings(lines),
    ...pipeFindings(shapes),
    ...(areWordsKnown ? wordFindings(shapes, wordHash) : []),
    ...paceFindings(lines.map((line) => line.sentTs)),
    ...findings.feedbackFindings(pauses, outputs),
    ...findings.exitFindings(units),
  ]);
}

/** The pause before each line except the first, and the bytes of output during it. */
function pausesAndOutputs(
  lines: readonly TtyLine[],
  session: TtySession,
): { pauses: number[]; outputs: number[] } {
  const pauses: number[] = [];
  const outputs: number[] = [];
  let next = 0;
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    let bytes = 0;
    for (
      let output = session.outputs[next];
      output && output.ts < line.startTs;
      output = session.outputs[next]
    ) {
      if (before && output.ts >= before.sentTs) bytes += output.bytes;
      next += 1;
    }
    if (!before) continue;
    pauses.push(line.startTs - before.sentTs);
    outputs.push(bytes);
  }
  return { pauses, outputs };
}
