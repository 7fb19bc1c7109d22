/** The report of the bench, on the terminal and in the documentation, and its command line. */
import { expect, it } from "vitest";
import { BARS, measureOf, missing } from "../../src/bench/measures.ts";
import { benchCommand } from "../../src/cli/bench.ts";
import { figure } from "../../src/cli/bench/figures.ts";
import { markdownOf, renderMeasures, verdictOf, withSummary } from "../../src/cli/bench/report.ts";
import { SUITES, usualMeasures } from "../../src/cli/bench/suites.ts";

const MACHINE = {
  cpu: "A CPU",
  cores: 2,
  memoryGb: 8,
  system: "Linux 6",
  node: "24.0.0",
  workerd: "1.0",
  wrangler: "4.0",
};

const MEASURES = [
  measureOf("floor_1", 0.75, "0.7 to 0.8"),
  measureOf("flat_hash", 1.3, "1 | 2"),
  measureOf("speed_floor_100", 0.5, "reported"),
  missing("d1_written_replay", "skipped: no logs", null),
  missing("latency_p99", "failed: it broke", false),
];

it.each([
  [0, "0"],
  [0.0333, "0.0333"],
  [1.234, "1.23"],
  [12.34, "12.3"],
  [123.4, "123"],
  [12_345.6, "12,346"],
])("%d is written %s", (value, text) => {
  expect(figure(value)).toBe(text);
});

it("each measure has a verdict of one word", () => {
  expect(MEASURES.map(verdictOf)).toEqual(["met", "missed", "reported", "skipped", "failed"]);
});

it("the table has every measure with its bar, and no colour codes without colour", () => {
  const text = renderMeasures(MEASURES, { isColored: false, columns: 100 });
  for (const { name, bar } of MEASURES) {
    expect(text).toContain(name);
    if (bar !== null) expect(text).toContain(bar);
  }
  expect(text).not.toContain("\u001B");
});

it("the summary replaces the one before and nothing else", () => {
  const [begin, end] = ["<!-- npm run bench -- --docs: begin -->", "<!-- npm run bench -- --docs: end -->"];
  const summary = markdownOf(MEASURES, MACHINE, { date: "2026-01-02", against: null });
  expect(summary).toContain("| `floor_1` | 0.750 | ≥ 0.7 | met | 0.7 to 0.8 |");
  expect(summary).toContain("1 \\| 2");
  const text = withSummary(`# Title\n\n${begin}\n\nold\n\n${end}\n\nmore\n`, summary);
  expect(text).toBe(`# Title\n\n${begin}\n\n${summary}\n\n${end}\n\nmore\n`);
  expect(withSummary(text, summary)).toBe(text);
  expect(markdownOf(MEASURES, MACHINE, { date: "2026-01-02", against: "abc" })).toContain("`abc`");
  expect(() => withSummary("no place", summary)).toThrow("needs a place");
});

it("every measure except those of the soak belongs to one suite", () => {
  const taken = SUITES.flatMap(({ measures }) => measures);
  expect([...taken, "soak_memory", "soak_lag"].toSorted()).toEqual(Object.keys(BARS).toSorted());
});

it("measures against another commit are only taken if one is named", () => {
  expect(usualMeasures(true)).toEqual(SUITES.flatMap(({ measures }) => measures));
  const left = usualMeasures(true).filter((name) => !usualMeasures(false).includes(name));
  expect(left).toEqual(expect.arrayContaining(["sessions_100", "sessions_10", "replay_speed"]));
  expect(left.filter((name) => !/speed|^sessions_/.test(name))).toEqual([]);
});

it("names are checked, and the soak has its own flags", async () => {
  const seen: unknown[] = [];
  const note = async (flags: unknown) => void seen.push(flags);
  const command = () =>
    benchCommand({ bench: note, soak: note })
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
  await command().parseAsync(["--quick", "--against", "HEAD~1", "--only", "floor_1"], {
    from: "user",
  });
  await command().parseAsync(["soak", "--minutes", "3"], { from: "user" });
  expect(seen).toEqual([{ quick: true, against: "HEAD~1", only: new Set(["floor_1"]) }, { minutes: 3 }]);
  await expect(command().parseAsync(["--only", "florr_1"], { from: "user" })).rejects.toThrow("florr_1");
});
