/** Histories that failed once, made as small as possible. The name of each says what was wrong. */
import { expect, it, vi } from "vitest";
import { REGRESSIONS } from "./regressions/index.ts";
import { playHistory } from "./run.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

it.each(Object.entries(REGRESSIONS))("[§4] %s", async (_, plan) => {
  expect((await playHistory(plan)).problems).toEqual([]);
});
