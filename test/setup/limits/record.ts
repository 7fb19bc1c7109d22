/** Tells the report what each test file used, and fails a test during which a call was refused. */
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import type { FileUse } from "./platform.ts";
import { fileUse, startTest, takeRefusals } from "./use.ts";

declare module "vitest" {
  interface TaskMeta {
    limits?: FileUse;
  }
}

beforeEach(({ task }) => {
  startTest(task.fullTestName);
  takeRefusals();
});

afterEach(() => {
  expect(takeRefusals(), "calls that the platform would refuse").toEqual([]);
});

afterAll(({}, file) => {
  file.meta.limits = fileUse();
});
