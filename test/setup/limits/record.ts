/** Notes what each test used, for the report, and fails a test during which a call was refused. */
import { afterEach, beforeEach } from "vitest";
import { startTest, testUse } from "./use.ts";

beforeEach(startTest);

afterEach(({ task }) => {
  const { uses, refusals, notes } = testUse();
  const examples = refusals.slice(0, 10);
  task.meta.limits = { uses, refusals: examples, notes };
  if (refusals.length > 0) {
    const first = examples.map(({ limit, used, by }) => `${limit} ${used} by ${by}`).join("; ");
    throw new Error(`the platform would refuse ${refusals.length} calls: ${first}`);
  }
});
