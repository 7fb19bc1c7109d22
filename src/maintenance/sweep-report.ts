/** Reports of runs of the sweep. */

/** Counts of a run. */
export interface SweepReport {
  /** Selected identities, completely compared or not. */
  checked: number;
  /** Identities that needed repair. */
  repaired: number;
  /** Observations that an object lacked. */
  applied: number;
  /** Observations that D1 does not have, or has with another identity. */
  removed: number;
  /** Identities whose states did not fit the observations of their objects. */
  recomputed: number;
  /** Outboxes with events that no alarm would have published. */
  drained: number;
  /** Merges and unmerges that the objects were told of. */
  merges: number;
  erasures: number;
  /** Session rows of D1 that were compared. */
  rows: number;
  /** Identities and jobs that failed. */
  failed: number;
}

/** A report before anything was done. */
export const NOTHING_DONE: Readonly<SweepReport> = {
  checked: 0,
  repaired: 0,
  applied: 0,
  removed: 0,
  recomputed: 0,
  drained: 0,
  merges: 0,
  erasures: 0,
  rows: 0,
  failed: 0,
};

/** The sum of the reports of several shards. */
export function addReports(reports: readonly SweepReport[]): SweepReport {
  const total = { ...NOTHING_DONE };
  for (const report of reports) {
    total.checked += report.checked;
    total.repaired += report.repaired;
    total.applied += report.applied;
    total.removed += report.removed;
    total.recomputed += report.recomputed;
    total.drained += report.drained;
    total.merges += report.merges;
    total.erasures += report.erasures;
    total.rows += report.rows;
    total.failed += report.failed;
  }
  return total;
}
