/** The sensors: they turn parsed log lines into messages with observations. Pure. */
export { CowrieSensor } from "./cowrie-sensor.ts";
export { type AlgorithmLists, readHasshTable } from "./hassh.ts";
export { epochSecondsOf } from "./iso-time.ts";
export type { LogSensor } from "./log-sensor.ts";
export { isKeyName, type SessionMessage } from "./observation.ts";
export { TtySensor } from "./tty-sensor.ts";
