/**
 * The interface of all log sensors, and their counters. Each kind of log has a class with this interface.
 */
import type { SessionMessage } from "./observation.ts";

/** The result of a line. */
export interface LineResult {
  /** Messages of the sessions that have ended, oldest first. */
  readonly messages: readonly SessionMessage[];
  /** Why the line could not be read, or null. */
  readonly problem: string | null;
}

/** A sensor takes parsed lines and returns messages. */
export interface LogSensor {
  /** Takes one line.
   * @param raw - the line's JSON
   * @param sensorName - name of the sensor if the line has none: `[A-Za-z0-9._:-]`, at most 128 */
  push(raw: unknown, sensorName: string): LineResult;
  /** Ends all open sessions of a sensor at the end of its log.
   * @param sensorName - as given to `push`; if left out, the sessions of all sensors end */
  end(sensorName?: string): readonly SessionMessage[];
  readonly counts: SensorCounts;
}

/** Counters of a sensor. */
export interface SensorCounts {
  /** Ended sessions. */
  sessions: number;
  /** Ended sessions without a message, because nothing was observed or no address is known. */
  silentSessions: number;
  /** Lines of sessions that had already ended. They are skipped. */
  lateLines: number;
}
