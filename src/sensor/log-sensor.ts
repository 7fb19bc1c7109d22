/**
 * What every sensor of a log offers, and the counts it keeps. A new kind of log is a class with this interface.
 */
import type { SessionMessage } from "./observation.ts";

/** What a line led to. */
export interface LineResult {
  /** Messages of the sessions that are over by now, oldest first. */
  readonly messages: readonly SessionMessage[];
  /** Why the line could not be read, or null. */
  readonly problem: string | null;
}

/** A sensor: parsed lines in, messages out. */
export interface LogSensor {
  /** Takes one line.
   * @param raw - the line's JSON
   * @param sensorName - what to call the sensor when the line does not say: `[A-Za-z0-9._:-]`, at most 128 */
  push(raw: unknown, sensorName: string): LineResult;
  /** The end of a log: every open session of that sensor is over.
   * @param sensorName - as given to `push`; without it, of all sensors */
  end(sensorName?: string): readonly SessionMessage[];
  readonly counts: SensorCounts;
}

/** What a sensor saw. */
export interface SensorCounts {
  /** Sessions that are over. */
  sessions: number;
  /** Of these, the ones without a message: nothing to observe, or no address. */
  silentSessions: number;
  /** Lines of a session that was over already; they are passed over. */
  lateLines: number;
}
