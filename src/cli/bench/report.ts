/** The report of a bench run: a table for the terminal, and the same table in Markdown for the documentation. Pure. */
import { styleText } from "node:util";
import Table from "cli-table3";
import type { Measure } from "../../bench/measures.ts";
import { figure } from "./figures.ts";
import { type Machine, machineSentence } from "./machine.ts";

/** The marks before and after the summary in the documentation. */
const BEGIN = "<!-- npm run bench -- --docs: begin -->";
const END = "<!-- npm run bench -- --docs: end -->";

/** The verdict on a measure, as one word. */
export function verdictOf({ value, pass }: Measure): "met" | "missed" | "failed" | "skipped" | "reported" {
  if (value === null) return pass === null ? "skipped" : "failed";
  if (pass === null) return "reported";
  return pass ? "met" : "missed";
}

const COLOURS = { met: "green", missed: "red", failed: "red", skipped: "yellow", reported: "gray" } as const;

/** The table for the terminal. */
export function renderMeasures(
  measures: readonly Measure[],
  { isColored, columns }: { isColored: boolean; columns: number },
): string {
  const widths = [28, 9, 9, 10];
  const rest = Math.max(30, columns - widths.reduce((sum, width) => sum + width, 0) - 6);
  const table = new Table({
    head: ["measure", "value", "bar", "", "how"],
    colWidths: [...widths, rest],
    colAligns: ["left", "right", "right", "left", "left"],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const measure of measures) {
    const verdict = verdictOf(measure);
    const word = isColored ? styleText(COLOURS[verdict], verdict) : verdict;
    table.push([measure.name, valueText(measure), measure.bar ?? "", word, measure.detail]);
  }
  return table.toString();
}

/**
 * The summary for the documentation.
 * @param run - day of the run, and the commit that was compared with
 */
export function markdownOf(
  measures: readonly Measure[],
  machine: Machine,
  { date, against }: { readonly date: string; readonly against: string | null },
): string {
  const rows = measures.map(
    (measure) =>
      `| \`${measure.name}\` | ${valueText(measure)} | ${measure.bar ?? ""} | ${verdictOf(measure)} | ${measure.detail.replaceAll("|", "\\|")} |`,
  );
  return [
    `Measured on ${date}: ${machineSentence(machine)}.${against === null ? "" : ` The other commit is \`${against}\`.`}`,
    "",
    "| measure | value | bar | | how |",
    "| --- | ---: | ---: | --- | --- |",
    ...rows,
  ].join("\n");
}

/**
 * Replaces the summary in a text by another one.
 * @throws Error if the text lacks the marks around the summary
 */
export function withSummary(text: string, summary: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the summary needs a place between ${BEGIN} and ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${summary}\n\n${text.slice(end)}`;
}

function valueText({ value }: Measure): string {
  return value === null ? "–" : figure(value);
}
