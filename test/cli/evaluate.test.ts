/**
 * `npm run evaluate -- --quick` as a test: it fails when a figure leaves its interval. The other tests show that it can fail, and that a run
 * can be repeated.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { changeDetector, operators } from "../../src/evidence/index.ts";
import { BARS } from "../../src/cli/evaluate/bars.ts";
import { statesAlarm } from "../../src/cli/evaluate/contenders.ts";
import type { Evidence } from "../../src/cli/evaluate/contenders.ts";
import type { Context } from "../../src/cli/evaluate/context.ts";
import { verdictOf } from "../../src/cli/evaluate/figures.ts";
import { NO_KEYSTROKES, typistsOf } from "../../src/cli/evaluate/keystrokes.ts";
import { firstAlarms } from "../../src/cli/evaluate/parts/changes.ts";
import { typistsPart } from "../../src/cli/evaluate/parts/typists.ts";
import { estimateText, markdownOf, renderEvaluation, verdictText } from "../../src/cli/evaluate/report.ts";
import { evaluate, type PartName } from "../../src/cli/evaluate/run.ts";
import { CHANGE_KINDS, HARD_CHANGE_KINDS, STATIONARY_KINDS } from "../../src/cli/evaluate/series-kinds.ts";
import { QUICK } from "../../src/cli/evaluate/sizes.ts";
import { meanOf, medianOf, shareOf } from "../../src/cli/evaluate/statistics.ts";
import { PROJECT_ROOT } from "../../src/cli/wrangler.ts";

/** A minute on an idle machine would be too long; a busy one may take longer. */
const PATIENCE_MS = 300_000;

const quick = (only: readonly PartName[], evidence: Partial<Evidence> = {}, seed = 1) =>
  evaluate({ isQuick: true, seed, progress: new PassThrough().resume(), evidence, only });

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

describe("[evaluate] the quick evaluation", () => {
  it(
    "keeps every bar: no figure leaves its interval, the exit code is 0, and all figures are in the file",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "evaluate-"));
      folders.push(folder);
      const file = join(folder, "figures.json");
      const { exitCode, stdout } = await execa("node", ["src/cli/evaluate.ts", "--quick", "--json", file], {
        preferLocal: true,
        localDir: PROJECT_ROOT,
        cwd: PROJECT_ROOT,
        reject: false,
        stderr: "ignore",
      });
      const written = JSON.parse(await readFile(file, "utf8"));
      expect(written.missed).toEqual([]);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("none leaves its interval");
      expect(written).toMatchObject({ seed: 1, isQuick: true, versions: { node: expect.any(String) } });
      const figures = written.parts.flatMap((part: { figures: object[] }) => part.figures);
      expect(figures).toContainEqual(
        expect.objectContaining({
          name: "stationary_noted",
          bar: { most: 0.01 },
          evidence: {
            value: expect.any(Number),
            low: expect.any(Number),
            high: expect.any(Number),
            count: expect.any(Number),
            of: QUICK.stationary * STATIONARY_KINDS.length,
          },
        }),
      );
      const names = figures.map(({ name }: { name: string }) => name);
      expect(names).toEqual(expect.arrayContaining(Object.keys(BARS)));
    },
    PATIENCE_MS,
  );

  it("fails for a detector whose E is ten times too large", () => {
    const tooLarge: Evidence["changeDetector"] = (kind, { threshold, secret }) =>
      changeDetector(kind, { threshold: threshold / 10, secret });
    expect(quick(["stationary"], { changeDetector: tooLarge }).missed).toEqual(["stationary_noted"]);
  });

  it("fails for a detector that never alarms", () => {
    const silent: Evidence["changeDetector"] = () => ({
      step: () => ({ alarm: false, e: 1, since: null }),
    });
    expect(quick(["stationary", "changes"], { changeDetector: silent }).missed).toEqual([
      "seen_10_noted",
      "seen_20_noted",
      "seen_10_changed",
      "seen_20_changed",
    ]);
  });

  it("fails for one operator called two, and for two operators called one", () => {
    const always = (estimate: number): Partial<Evidence> => ({
      operators: (sessions) => ({ estimate, path: sessions.map((_, i) => i % estimate) }),
    });
    expect(quick(["operators"], always(2)).missed).toContain("one_operator");
    expect(quick(["operators"], always(1)).missed).toEqual([
      "two_operators_40",
      "two_operators_64",
      "two_operators_rand",
      "three_operators",
    ]);
  });

  it("can be repeated: the same seed gives the same figures, another one others", () => {
    const figures = (seed: number) => quick(["commands", "identities"], {}, seed).parts;
    expect(figures(7)).toEqual(figures(7));
    expect(figures(8)).not.toEqual(figures(7));
  });
});

describe("[evaluate] intervals", () => {
  it.each([
    [0, 10, 0, 0.2775],
    [4, 200, 0.0078, 0.0503],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
  ])("Wilson: %d of %d lies from %d to %d", (count, of, low, high) => {
    const share = shareOf(count, of);
    expect(share).toMatchObject({ value: count / of, count, of });
    expect(share.low).toBeCloseTo(low, 4);
    expect(share.high).toBeCloseTo(high, 4);
  });

  it("a mean has 1.96 standard errors on each side", () => {
    const { value, low, high } = meanOf([1, 2, 3, 4, 5]);
    expect(value).toBe(3);
    expect(high - 3).toBeCloseTo((1.96 * Math.sqrt(2.5)) / Math.sqrt(5), 3);
    expect(3 - low).toBeCloseTo(high - 3, 12);
  });

  it("a median may be infinite, because some changes are never seen", () => {
    const never = Number.POSITIVE_INFINITY;
    expect(medianOf([1, 2, 3, never, never, never, never]).value).toBe(never);
    expect(medianOf([1, 2, 3, 4, never]).value).toBe(3);
  });

  it("nothing is no share", () => {
    expect(() => shareOf(0, 0)).toThrow("0 of 0");
    expect(() => meanOf([])).toThrow("none");
  });
});

describe("[evaluate] verdicts", () => {
  it.each([
    [shareOf(2, 200), { most: 0.01 }, "met", "met"],
    [shareOf(4, 200), { most: 0.01 }, "by chance", "missed by chance: 1.00 points above"],
    [shareOf(5, 200), { most: 0.01 }, "missed", "missed: 1.50 points above"],
    [shareOf(75, 100), { least: 0.7 }, "met", "met"],
    [shareOf(65, 100), { least: 0.7 }, "by chance", "missed by chance: 5.00 points below"],
    [shareOf(50, 100), { least: 0.7 }, "missed", "missed: 20.0 points below"],
    [shareOf(50, 100), null, "reported", ""],
  ] as const)("%j with the bar %j: %s", (evidence, bar, verdict, text) => {
    expect(verdictOf({ evidence, bar })).toBe(verdict);
    expect(verdictText({ evidence, bar, unit: "share" })).toBe(text);
  });

  it("a figure is shown with its interval", () => {
    expect(estimateText(shareOf(4, 200), "share")).toBe("2.00 % (0.78–5.03)");
    expect(estimateText(null, "share")).toBe("–");
  });
});

describe("[evaluate] the five states as an alarm", () => {
  const alarms = (values: readonly (number | string)[]) => {
    const rule = statesAlarm(typeof values[0] === "number" ? "numeric" : "categorical");
    return values.flatMap((value, i) => (rule.step(value).alarm ? [i + 1] : []));
  };
  const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

  it("no alarm while the windows fill, nor on the way back to the settled state", () => {
    expect(alarms([...repeat(20, 100)])).toEqual([]);
    expect(alarms([...repeat(5, 100), ...repeat(5, 500)])).toEqual([]);
    // It drifts once; the return to `stable` is none.
    expect(alarms([...repeat(30, 100), ...repeat(30, 200)])).toHaveLength(1);
  });

  it("an alarm is a transition from the settled state to another one", () => {
    expect(alarms([...repeat(30, "a"), "b", "b", "b", "b"])[0]).toBe(32);
  });
});

describe("[evaluate] one change", () => {
  const at = (...alarms: readonly number[]) =>
    firstAlarms(
      Array.from({ length: 40 }, (_, i) => i + 1),
      (number) => ({ alarm: alarms.includes(number), since: -3 }),
      30,
    );

  it("the delay counts from the first changed observation, and an alarm before it is early", () => {
    expect(at(31)).toEqual({ early: false, delay: 1, offset: -3 });
    expect(at(34)).toEqual({ early: false, delay: 4, offset: 0 });
    expect(at(12, 40)).toEqual({ early: true, delay: 10, offset: 6 });
    expect(at(30)).toEqual({ early: true, delay: Number.POSITIVE_INFINITY, offset: null });
  });
});

describe("[evaluate] typists", () => {
  it("are cut into sessions, each with its numbers; a rest is left out", () => {
    const lines = ["user,session,key_class,press_ms,release_ms"];
    for (const user of [0, 1])
      for (let key = 0; key < 25; key++) lines.push(`${user},0,L,${key * 100},${key * 100 + 40 + user}`);
    const typists = typistsOf(lines.join("\n"), 10);
    expect(typists.map((sessions) => sessions.length)).toEqual([2, 2]);
    expect(typists[1]?.[0]).toEqual({
      "motor.dwell_ms": 41,
      "motor.dwell_spread_ms": 0,
      "motor.latency_ms": 100,
      "motor.latency_spread_ms": 0,
      "motor.flight_ms": 59,
    });
    expect(() => typistsOf("user\n0,1,L", 10)).toThrow("line 2");
  });

  it("are left out with a message if the data are not there", () => {
    const context: Context = {
      seed: 1,
      sizes: QUICK,
      evidence: { changeDetector, operators, commandScorer: () => ({ score: () => 0, learn: () => {} }) },
      onStep: () => {},
    };
    const part = typistsPart(context, null);
    expect(part).toMatchObject({ skipped: NO_KEYSTROKES, figures: [] });
    const evaluation = { ...quick([]), parts: [part] };
    expect(renderEvaluation(evaluation, { isColored: false })).toContain(NO_KEYSTROKES);
    expect(markdownOf(evaluation).evaluation).toContain(NO_KEYSTROKES);
  });
});

describe("[evaluate] docs/detection.md", () => {
  it("has the tables of a full run, with every figure and every kind; otherwise run `npm run evaluate -- --docs`", async () => {
    const page = await readFile(join(PROJECT_ROOT, "docs", "detection.md"), "utf8");
    const region = page.slice(page.indexOf("<!-- evaluation -->"), page.indexOf("<!-- /evaluation -->"));
    expect(region).toContain("`npm run evaluate -- --seed 1 --docs`");
    // The cost is that of the machine.
    expect(region.slice(0, region.indexOf("### Cost"))).not.toContain("missed:");
    for (const { name } of [...STATIONARY_KINDS, ...CHANGE_KINDS, ...HARD_CHANGE_KINDS])
      expect(region).toContain(name);
    for (const title of [
      "Series that never change",
      "Identities that never change",
      "One change",
      "Operators",
    ])
      expect(region).toContain(`### ${title}`);
  });
});
