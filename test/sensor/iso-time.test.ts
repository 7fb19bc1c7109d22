import { expect, it } from "vitest";
import { epochSecondsOf } from "../../src/sensor/iso-time.ts";

it.each([
  ["1970-01-02T00:00:00Z", 86_400],
  ["2026-03-22T00:14:41.506225Z", 1_774_138_481.506225],
  ["2018-05-06T17:44:48.570502Z", 1_525_628_688.570502],
  ["2018-05-06 17:44:48,570", 1_525_628_688.57],
  ["2024-02-29T23:59:59+0000", 1_709_251_199],
  ["2024-02-29T23:59:59.5-02:30", 1_709_260_199.5],
  ["2000-03-01T00:00:00", 951_868_800],
])("[time] %s is %d", (text, ts) => {
  expect(epochSecondsOf(text)).toBe(ts);
});

it("[time] agrees with the platform to the millisecond on every day of five centuries", () => {
  for (let day = 1; day < 366 * 500; day += 17) {
    const date = new Date(day * 86_400_000 + 45_296_789);
    expect(epochSecondsOf(date.toISOString())).toBe(date.getTime() / 1000);
  }
});

it.each([
  "",
  "yesterday",
  "2026-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "1774138481",
  "2026-03-22",
])("[time] %j is none", (text) => {
  expect(epochSecondsOf(text)).toBeNull();
});
