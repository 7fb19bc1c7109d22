/** What can be simulated: which tests do it, and the variable that says how much. */

/** How much of each, as asked for. */
export interface Flags {
  readonly runs?: number;
  readonly pure?: number;
  readonly fuzz?: number;
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

/** Histories where nothing is asked for. */
const STANDARD_RUNS = 200;

/** What the flags ask for; the histories in the Workers runtime if they ask for nothing. */
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
