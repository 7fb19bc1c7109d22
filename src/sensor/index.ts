/** The sensors: what a log tells, as observations. Pure: parsed lines in, messages out. */
export { CowrieSensor } from "./cowrie-sensor.ts";
export { type AlgorithmLists, hasshOf, readHasshTable } from "./hassh.ts";
export { epochSecondsOf } from "./iso-time.ts";
export type { LineResult, LogSensor, SensorCounts } from "./log-sensor.ts";
export { isKeyName, type ObservationPayload, type SessionMessage } from "./observation.ts";
export { TtySensor } from "./tty-sensor.ts";
