/**
 * The sensor for Cowrie logs: it takes lines and returns one message per session. `cowrie-event.ts` reads a line,
 * `cowrie-session.ts` derives the observations.
 */
import { readCowrieEvent } from "./cowrie-event.ts";
import { type WordHash, wordHashOf } from "./command-words.ts";
import { addCowrieEvent, cowrieMessage, type CowrieSession, newCowrieSession } from "./cowrie-session.ts";
import type { AlgorithmLists } from "./hassh.ts";
import type { LineResult, LogSensor, SensorCounts } from "./log-sensor.ts";
import type { SessionMessage } from "./observation.ts";
import { type FinishedSession, SessionStream } from "./session-stream.ts";

/** Reads Cowrie's own JSON and its reduced form; a log may contain both.
 * @example const sensor = new CowrieSensor();
 *          const { messages } = sensor.push(JSON.parse(line), "pot-1");
 */
export class CowrieSensor implements LogSensor {
  readonly counts: SensorCounts = { sessions: 0, silentSessions: 0, lateLines: 0 };
  readonly #stream = new SessionStream<CowrieSession>(newCowrieSession);
  readonly #hasshTable: ReadonlyMap<string, AlgorithmLists>;
  readonly #wordHash: WordHash | null;

  /**
   * @param hasshTable - algorithm lists by HASSH, for logs that hold only the hash
   * @param wordSecret - salts the hashes of words; null to send no words
   */
  constructor(hasshTable: ReadonlyMap<string, AlgorithmLists> = new Map(), wordSecret: string | null = null) {
    this.#hasshTable = hasshTable;
    this.#wordHash = wordHashOf(wordSecret);
  }

  push(raw: unknown, sensorName: string): LineResult {
    const reading = readCowrieEvent(raw);
    if (reading.kind === "unreadable") return { messages: [], problem: reading.reason };
    if (reading.kind === "no_session") return { messages: [], problem: null };
    const { event } = reading;
    const sensor = event.sensor ?? sensorName;
    const { session, finished } = this.#stream.touch(sensor, event.session, event.ts);
    if (session) addCowrieEvent(session, event);
    else this.counts.lateLines += 1;
    const closed = event.fact.kind === "closed" ? this.#stream.close(sensor, event.session) : [];
    return { messages: this.#messages([...finished, ...closed]), problem: null };
  }

  end(sensorName?: string): readonly SessionMessage[] {
    return this.#messages(this.#stream.end(sensorName));
  }

  #messages(finished: readonly FinishedSession<CowrieSession>[]): SessionMessage[] {
    return finished.flatMap(({ sensor, id, session }) => {
      const message = cowrieMessage(sensor, id, session, this.#hasshTable, this.#wordHash);
      this.counts.sessions += 1;
      if (!message) this.counts.silentSessions += 1;
      return message ?? [];
    });
  }
}
