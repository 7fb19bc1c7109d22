/** Histories that failed once, made as small as they would go. Each says in its name what was wrong. */
import { expect, it, vi } from "vitest";
import { REGRESSIONS } from "./regressions/index.ts";
import { playHistory } from "./run.ts";

vi.spyOn(console, "error").mockImplementation(() => {});

it.each(Object.entries(REGRESSIONS))("[§4] %s", async (_, plan) => {
  expect((await playHistory(plan)).problems).toEqual([]);
});
