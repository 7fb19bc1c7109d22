/** The campaigns: which tests they run, and the variable that sets their number. */

/** The numbers that were asked for. */
export interface Flags {
  readonly runs?: number;
  readonly pure?: number;
  readonly fuzz?: number;
  readonly shrink?: number;
  readonly seed: number;
}

/** Tests that are run with a number of their own. */
export interface Campaign {
  readonly name: string;
  readonly runs: number;
  /** The variable that the tests read it from. */
  readonly variable: "FAULT_RUNS" | "PURE_RUNS" | "FAULT_FUZZ";
  readonly project: "databases" | "node";
  readonly files: readonly string[];
}

/** Histories if no number is asked for. */
const STANDARD_RUNS = 200;

/** The campaigns that the flags ask for; the histories in the Workers runtime if they ask for none. */
export function campaignsOf({ runs, pure, fuzz }: Flags): Campaign[] {
  const histories = runs ?? (pure === undefined && fuzz === undefined ? STANDARD_RUNS : 0);
  const all: Campaign[] = [
    {
      name: "histories of the pure parts",
      runs: pure ?? 0,
      variable: "PURE_RUNS",
      project: "node",
      files: ["test/core/pure-histories"],
    },
    {
      name: "damaged messages, parser",
      runs: fuzz ?? 0,
      variable: "FAULT_FUZZ",
      project: "node",
      files: ["test/core/parser-fuzz"],
    },
    {
      name: "damaged messages, consumer",
      runs: fuzz ?? 0,
      variable: "FAULT_FUZZ",
      project: "databases",
      files: ["test/faults/fuzz"],
    },
    {
      name: "histories with faults",
      runs: histories,
      variable: "FAULT_RUNS",
      project: "databases",
      files: ["test/faults/histories"],
    },
  ];
  return all.filter((campaign) => campaign.runs > 0);
}
