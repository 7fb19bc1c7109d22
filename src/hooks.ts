/** The capabilities that follow the engine: the one place that knows both. */
import type { SeriesHook } from "./core/index.ts";
import { wordSharesJob } from "./evidence/job.ts";
import type { CapabilityJob } from "./maintenance/index.ts";

/** What follows the series of an identity inside its decisions, or null. @throws ConfigError if a variable is wrong */
export function seriesHook(_env: Env): SeriesHook | null {
  return null;
}

/** Long work of capabilities. */
export const capabilityJobs: readonly CapabilityJob[] = [wordSharesJob];
