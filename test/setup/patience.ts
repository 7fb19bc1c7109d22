/** How long tests wait for what must happen: far longer than it takes, so that the speed of a machine decides no test. */
import { vi } from "vitest";

const PATIENCE_MS = 60_000;

const { waitFor } = vi;

vi.waitFor = (check, options) =>
  waitFor(
    check,
    typeof options === "object" ? { timeout: PATIENCE_MS, ...options } : (options ?? PATIENCE_MS),
  );
