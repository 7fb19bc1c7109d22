/** A suite that measures one figure per case. */
import type { Measure, MeasureName } from "../../bench/measures.ts";
import type { Bench, Suite } from "./bench.ts";

/** How to build a suite from its cases. */
interface CaseSuite<Case extends { readonly name: MeasureName }> {
  readonly name: string;
  readonly cases: readonly Case[];
  /** How many steps one case reports. */
  readonly steps: (bench: Bench, each: Case) => number;
  readonly measure: (bench: Bench, each: Case) => Promise<Measure>;
}

/** The suite of these cases. It runs only the cases whose measure was asked for, in the order of the list. */
export function caseSuite<Case extends { readonly name: MeasureName }>({
  name,
  cases,
  steps,
  measure,
}: CaseSuite<Case>): Suite {
  const wantedCases = (bench: Bench) => cases.filter((each) => bench.wanted.has(each.name));
  return {
    name,
    measures: cases.map((each) => each.name),
    steps: (bench) => wantedCases(bench).reduce((sum, each) => sum + steps(bench, each), 0),
    async run(bench) {
      const measures: Measure[] = [];
      for (const each of wantedCases(bench)) measures.push(await measure(bench, each));
      return measures;
    },
  };
}
