/** Factories of the sensor tests: sessions of a Cowrie log in both forms, recordings, and readers of the resulting messages. */
import type { LogSensor, SessionMessage } from "../../src/sensor/index.ts";

/** Passes lines to a sensor and ends it. A line that cannot be read fails the test. */
export function messagesOf(
  sensor: LogSensor,
  lines: readonly unknown[],
  sensorName = "pot",
): SessionMessage[] {
  const messages: SessionMessage[] = [];
  for (const line of lines) {
    const result = sensor.push(line, sensorName);
    if (result.problem !== null) throw new Error(`${result.problem}: ${JSON.stringify(line)}`);
    messages.push(...result.messages);
  }
  return [...messages, ...sensor.end()];
}

/** The values of a message by primitive; several of one primitive as a list. */
export function valuesOf(message: SessionMessage | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { primitive, value } of message?.events ?? []) {
    values[primitive] = primitive in values ? [values[primitive], value].flat() : value;
  }
  return values;
}

/** The confidence of one primitive in a message. */
export function confidenceOf(message: SessionMessage | undefined, primitive: string): number | undefined {
  return message?.events.find((event) => event.primitive === primitive)?.confidence;
}

/** An ISO time with microseconds, given in seconds after 2026-03-22T00:00:00Z. */
export function isoAt(secs: number): string {
  const micros = Math.round((secs % 1) * 1e6);
  const whole = new Date((BEGIN_TS + Math.floor(secs)) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(micros).padStart(6, "0")}Z`;
}

/** 2026-03-22T00:00:00Z in epoch seconds. */
export const BEGIN_TS = 1_774_137_600;

/** A line of the reduced form. */
export function reduced(
  secs: number,
  ev: string,
  fields: Record<string, unknown> = {},
): Record<string, unknown> {
  return { ts: isoAt(secs), ev: `cowrie.${ev}`, session: "s1", src_ip: "192.0.2.1", ...fields };
}

/** A session with commands at the given seconds, between connect and close. */
export function commandSession(
  commands: readonly (readonly [secs: number, tok: string])[],
  closeSecs = 1_000,
) {
  return [
    reduced(0, "session.connect"),
    ...commands.map(([secs, tok]) =>
      reduced(secs, "command.input", { tok, len: tok.length, pipes: 0, seps: 0, lines: 1 }),
    ),
    reduced(closeSecs, "session.closed", { duration: closeSecs }),
  ];
}

/** A recording: a prompt at 0, then inputs as [seconds, text]. */
export function recording(
  inputs: readonly (readonly [secs: number, text: string])[],
): Record<string, unknown>[] {
  const base = { sid: "r1", src_ip: "192.0.2.1" };
  return [
    { ...base, t: BEGIN_TS, ch: "o", n: 20 },
    ...inputs.map(([secs, d]) => ({ ...base, t: BEGIN_TS + secs, ch: "i", d })),
  ];
}

/** Single keys with the given gaps in seconds. */
export function keys(text: string, beginSecs: number, gapSecs: number): [number, string][] {
  return Array.from(text, (key, index) => [beginSecs + index * gapSecs, key]);
}
