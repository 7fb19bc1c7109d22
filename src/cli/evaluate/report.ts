/** The report of an evaluation: tables for the terminal, and the same tables in Markdown for the documentation. Pure. */
import { styleText } from "node:util";
import Table from "cli-table3";
import {
  type DetailTable,
  type Figure,
  missBy,
  type Part,
  type Unit,
  type Verdict,
  verdictOf,
} from "./figures.ts";
import type { Evaluation } from "./run.ts";
import type { Estimate } from "./statistics.ts";

const HEAD = ["figure", "never alarm", "five states", "evidence", "bar", ""];
const COLOURS = { met: "green", "by chance": "yellow", missed: "red", reported: "gray" } as const;
/** The marker of the tables in docs/detection.md. */
const MARKER = "evaluation";

/** The tables for the terminal. */
export function renderEvaluation(
  { parts }: Evaluation,
  { isColored }: { readonly isColored: boolean },
): string {
  return parts
    .map((part) => {
      if (part.skipped !== null) return `${part.title}: ${part.skipped}`;
      const table = new Table({
        head: HEAD,
        colWidths: [48, 22, 23, 23, 10, 26],
        wordWrap: true,
        style: { head: [], border: [], compact: true },
      });
      for (const figure of part.figures) {
        const verdict = verdictText(figure);
        table.push([
          `${figure.name}\n${figure.what}`,
          ...cellsOf(figure),
          isColored ? styleText(COLOURS[verdictOf(figure)], verdict) : verdict,
        ]);
      }
      return `${part.title}: ${part.how}\n${table.toString()}`;
    })
    .join("\n\n");
}

/** One line that says whether everything holds. */
export function summaryOf({ parts, missed }: Evaluation): string {
  const decided = parts.flatMap(({ figures }) => figures).filter(({ bar }) => bar !== null).length;
  return missed.length === 0
    ? `${decided} figures have a bar, and none leaves its interval.`
    : `${missed.length} of ${decided} figures leave their interval: ${missed.join(", ")}`;
}

/** The tables for docs/detection.md, by the name of their marker. */
export function markdownOf(evaluation: Evaluation): Readonly<Record<typeof MARKER, string>> {
  const { parts, seed, versions, isQuick } = evaluation;
  const command = `npm run evaluate --${isQuick ? " --quick" : ""} --seed ${seed} --docs`;
  return {
    [MARKER]: [
      `Made by \`${command}\` with Node ${versions.node}. ${summaryOf(evaluation)}`,
      ...parts.map(partMarkdown),
    ].join("\n\n"),
  };
}

function partMarkdown(part: Part): string {
  if (part.skipped !== null) return `### ${part.title}\n\n${part.skipped}`;
  const rows = part.figures.map((figure) => [figure.what, ...cellsOf(figure), verdictText(figure)]);
  return [
    `### ${part.title}`,
    `${part.how}.`,
    tableMarkdown(["", ...HEAD.slice(1)], rows),
    ...(part.details === null ? [] : [detailsMarkdown(part.details)]),
  ].join("\n\n");
}

function detailsMarkdown({ title, unit, columns, rows }: DetailTable): string {
  const cells = rows.map(({ name, cells: own }) => [
    name,
    ...own.map((cell) => (cell === null ? "–" : valueText(cell.value, unit))),
  ]);
  return `${title}:\n\n${tableMarkdown(["", ...columns], cells)}`;
}

function tableMarkdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [
    rowMarkdown(head),
    rowMarkdown(head.map((_, i) => (i === 0 ? "---" : "---:"))),
    ...rows.map(rowMarkdown),
  ].join("\n");
}

function rowMarkdown(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

function cellsOf({ never, states, evidence, bar, unit }: Figure): string[] {
  return [...[never, states, evidence].map((estimate) => estimateText(estimate, unit)), barText(bar, unit)];
}

function barText(bar: Figure["bar"], unit: Unit): string {
  if (bar === null) return "";
  return "most" in bar ? `≤ ${valueText(bar.most, unit)}` : `≥ ${valueText(bar.least, unit)}`;
}

/** @example verdictText({ …figure, evidence: shareOf(3, 200), bar: { most: 0.01 } }) // "missed by chance: 0.50 points above" */
export function verdictText(figure: Pick<Figure, "evidence" | "bar" | "unit">): string {
  const verdict: Verdict = verdictOf(figure);
  const { evidence, bar, unit } = figure;
  if (evidence === null || bar === null) return "";
  if (verdict === "met") return verdict;
  const by =
    unit === "share"
      ? `${numberText(missBy(evidence.value, bar), unit)} points`
      : valueText(missBy(evidence.value, bar), unit);
  return `${verdict === "missed" ? "missed" : "missed by chance"}: ${by} ${"most" in bar ? "above" : "below"}`;
}

/** @example estimateText(shareOf(4, 200), "share") // "2.00 % (0.78–5.03)" */
export function estimateText(estimate: Estimate | null, unit: Unit): string {
  if (estimate === null) return "–";
  const { value, low, high } = estimate;
  return `${valueText(value, unit)} (${numberText(low, unit)}–${numberText(high, unit)})`;
}

function valueText(value: number, unit: Unit): string {
  switch (unit) {
    case "share":
      return `${numberText(value, unit)} %`;
    case "index":
    case "observations":
      return numberText(value, unit);
    case "times":
      return `${numberText(value, unit)} ×`;
    case "µs":
    case "ms":
      return `${numberText(value, unit)} ${unit}`;
    default:
      return unit satisfies never;
  }
}

function numberText(value: number, unit: Unit): string {
  if (value === Number.POSITIVE_INFINITY) return "∞";
  if (unit === "share") {
    const percent = 100 * value;
    return percent !== 0 && percent < 10 ? percent.toFixed(2) : percent.toFixed(1);
  }
  if (unit === "observations") return value.toFixed(0);
  return value.toFixed(unit === "index" ? 3 : 2);
}
