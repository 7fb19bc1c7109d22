/** Writes what the long work used into docs/limits.md, between its markers. Runs in Node. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LimitName } from "./platform.ts";
import type { TestedUse } from "./report.ts";

const DOCS = fileURLToPath(new URL("../../../docs/limits.md", import.meta.url));
const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

const COLUMNS: readonly (readonly [title: string, limit: LimitName])[] = [
  ["D1 queries", "d1_queries"],
  ["subrequests", "subrequests"],
  ["parameters", "d1_parameters"],
  ["D1 value", "d1_value"],
  ["D1 row", "d1_row"],
  ["object value", "object_value"],
  ["queue message", "queue_message"],
  ["`sendBatch`", "queue_batch_bytes"],
  ["object call", "object_arguments"],
  ["its answer", "object_answer"],
];

/** Replaces the table in the docs by what was measured. */
export function writeDocs(tested: readonly TestedUse[]): void {
  const docs = readFileSync(DOCS, "utf8");
  const [begin, end] = [docs.indexOf(BEGIN), docs.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/limits.md must hold ${BEGIN} and ${END}`);
  const table = [
    `| long work | ${COLUMNS.map(([title]) => title).join(" | ")} |`,
    `|---|${COLUMNS.map(() => "---:").join("|")}|`,
    ...tested.filter(({ test }) => test.includes("[long work]")).map(rowOf),
  ];
  writeFileSync(DOCS, `${docs.slice(0, begin + BEGIN.length)}\n${table.join("\n")}\n${docs.slice(end)}`);
}

function rowOf({ test, uses, notes, hasPassed }: TestedUse): string {
  const name = test.replace("[long work] ", "").replaceAll(" > ", ": ");
  const figures = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  const cells = COLUMNS.map(([, limit]) => short(uses[limit]?.used));
  return `| ${name}${figures}${hasPassed ? "" : " **fails**"} | ${cells.join(" | ")} |`;
}

function short(used: number | undefined): string {
  if (used === undefined) return "–";
  if (used < 10_000) return used.toLocaleString("en");
  return used < 1_000_000 ? `${Math.round(used / 1_000)} K` : `${(used / 1_000_000).toFixed(1)} M`;
}
