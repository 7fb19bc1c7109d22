/** The calculated plan: its arithmetic, and the tables of docs/scale.md. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { usdOf } from "../../src/cli/scale/bill.ts";
import { PRICES } from "../../src/bench/prices.ts";
import { LIMITS, type Load, MEASURED } from "../../src/cli/scale/inputs.ts";
import { LARGEST_SESSION, planFor } from "../../src/cli/scale/model.ts";
import { filled } from "../../src/cli/scale/page.ts";
import { tables } from "../../src/cli/scale/tables.ts";

const plan = (load: Partial<Load> = {}) =>
  planFor({ observationsPerSec: 100, observationsPerMessage: 1, retentionDays: 30, ...load });

describe("[scale] the plan", () => {
  it.each([
    [3_500, 1, 1],
    [3_501, 1, 2],
    [3_501, 30, 1],
  ])("%d observations per second, %d per message, need %d queues by rate", (rate, perMessage, queues) => {
    // A retention so short that the size needs only one Worker.
    const load = { observationsPerSec: rate, observationsPerMessage: perMessage, retentionDays: 0.01 };
    expect(plan(load)).toMatchObject({ queues, workers: 1 });
  });

  it("the number of databases is proportional to the retention", () => {
    const bytes = 325 + 0.113 * 1_239;
    expect(plan().d1Gigabytes).toBeCloseTo((100 * 86_400 * 30 * bytes) / 1e9, 6);
    expect(plan().databasesBySize).toBe(Math.ceil(plan().d1Gigabytes / 8));
    expect(plan({ retentionDays: 60 }).d1Gigabytes).toBeCloseTo(2 * plan().d1Gigabytes, 6);
  });

  it("a database runs one transaction at a time, so a high rate needs more databases", () => {
    const fast = { observationsPerSec: 20_000, retentionDays: 0.001 };
    expect(plan(fast).databases).toBe(plan(fast).databasesByRate);
    expect(plan(fast).databasesByRate).toBeGreaterThan(1);
    expect(plan({ ...fast, observationsPerMessage: 30 }).databasesByRate).toBe(1);
  });

  it("sessions as messages reduce the messages and do not change what is stored", () => {
    const [single, session] = [plan(), plan({ observationsPerMessage: 30 })];
    expect(session.messagesPerSec).toBeCloseTo(single.messagesPerSec / 30, 9);
    expect(session.d1Gigabytes).toBe(single.d1Gigabytes);
    expect(session.bill.usd).toBeLessThan(single.bill.usd);
  });

  it("a message with too many observations is refused", () => {
    expect(LARGEST_SESSION * MEASURED.messageBytes.value).toBeLessThanOrEqual(LIMITS.messageBytes.value);
    expect(() => plan({ observationsPerMessage: LARGEST_SESSION + 1 })).toThrow(RangeError);
  });

  it("the bill has the usage beyond the included one, and its sum is right", () => {
    expect(usdOf("d1RowsWritten", PRICES.d1RowsWritten.included)).toBe(0);
    expect(usdOf("d1RowsWritten", PRICES.d1RowsWritten.included + 2e6)).toBe(2);
    const { lines, usd } = plan().bill;
    expect(new Set(lines.map(({ billed }) => billed)).size).toBe(Object.keys(PRICES).length);
    expect(lines.reduce((sum, line) => sum + line.usd, 5)).toBeCloseTo(usd, 6);
    // By hand: 259.2 million observations, 1.55 rows written, one deleted, 0.113 events deleted.
    const rows = lines.find(({ billed }) => billed === "d1RowsWritten");
    expect(rows?.units).toBeCloseTo(259.2e6 * 2.663, 0);
  });
});

describe("[scale] docs/scale.md", () => {
  /** The text without alignment. */
  const bare = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");

  it("has the tables as calculated; otherwise run `npm run scale` and `npm run format`", async () => {
    const page = await readFile(new URL("../../docs/scale.md", import.meta.url), "utf8");
    expect(bare(page)).toBe(bare(filled(page, tables())));
  });

  it("must have the markers of each table", () => {
    expect(() => filled("nothing", { needs: "" })).toThrow("<!-- needs -->");
  });
});
