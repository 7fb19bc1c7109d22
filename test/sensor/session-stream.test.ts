import { expect, it } from "vitest";
import { SessionStream } from "../../src/sensor/session-stream.ts";
import { SESSION_IDLE_SECS } from "../../src/sensor/thresholds.ts";

const newStream = (maxOpen?: number) => new SessionStream((ts) => ({ firstTs: ts }), maxOpen);
const ids = (finished: readonly { readonly sensor: string; readonly id: string }[]) =>
  finished.map(({ sensor, id }) => `${sensor}/${id}`);

it("[stream] interleaved sessions are kept apart, also with the same id at two sensors", () => {
  const stream = newStream();
  const a = stream.touch("x", "1", 10).session;
  const b = stream.touch("x", "2", 11).session;
  const c = stream.touch("y", "1", 12).session;
  expect(new Set([a, b, c]).size).toBe(3);
  expect(stream.touch("x", "1", 13).session).toBe(a);
  expect(ids(stream.close("x", "1"))).toEqual(["x/1"]);
  expect(ids(stream.end())).toEqual(["x/2", "y/1"]);
  expect(stream.end()).toEqual([]);
});

it.each([
  [SESSION_IDLE_SECS, []],
  [SESSION_IDLE_SECS + 1, ["x/old"]],
])("[stream] after %d s without a line: %j is over", (silenceSecs, over) => {
  const stream = newStream();
  stream.touch("x", "old", 1_000);
  expect(ids(stream.touch("x", "new", 1_000 + silenceSecs).finished)).toEqual(over);
});

it("[stream] the time of one sensor does not end sessions of another", () => {
  const stream = newStream();
  stream.touch("x", "old", 1_000);
  expect(stream.touch("y", "new", 1e6).finished).toEqual([]);
  expect(ids(stream.end("x"))).toEqual(["x/old"]);
  expect(ids(stream.end("y"))).toEqual(["y/new"]);
});

it("[stream] a late line of a closed session does not open a second one, until the id may be reused", () => {
  const stream = newStream();
  stream.touch("x", "1", 1_000);
  stream.close("x", "1");
  expect(stream.touch("x", "1", 1_001).session).toBeNull();
  stream.touch("x", "2", 1_001 + SESSION_IDLE_SECS + 60);
  expect(stream.touch("x", "1", 1_002 + SESSION_IDLE_SECS + 60).session).not.toBeNull();
});

it("[stream] a session above the limit ends the one that was opened first", () => {
  const stream = newStream(2);
  stream.touch("x", "1", 1);
  stream.touch("x", "2", 2);
  expect(ids(stream.touch("x", "3", 3).finished)).toEqual(["x/1"]);
  expect(ids(stream.end())).toEqual(["x/2", "x/3"]);
});
