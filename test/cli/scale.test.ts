/** The calculated plan: its arithmetic, and the tables of docs/scale.md. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { usdOf } from "../../src/cli/scale/bill.ts";
import { PRICES } from "../../src/bench/prices.ts";
import { BY_ARRIVAL, type ByArrival, LIMITS, type Load, MEASURED } from "../../src/cli/scale/inputs.ts";
import { LARGEST_SESSION, planFor } from "../../src/cli/scale/model.ts";
import { filled } from "../../src/cli/scale/page.ts";
import { tables } from "../../src/cli/scale/tables.ts";
import { perObservation, restPerEvent } from "../../src/cli/scale/usage.ts";

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
    const { d1EventBytes, d1IdentityBytes } = MEASURED;
    const bytes =
      BY_ARRIVAL.d1Bytes.single.value + 0.113 * d1EventBytes.value + 0.0196 * d1IdentityBytes.value;
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

  it("sessions as messages reduce the messages, the rows and what is stored", () => {
    const [single, session] = [plan(), plan({ observationsPerMessage: 30 })];
    expect(session.messagesPerSec).toBeCloseTo(single.messagesPerSec / 30, 9);
    expect(session.d1Gigabytes).toBeLessThan(single.d1Gigabytes / 2);
    expect(session.bill.usd).toBeLessThan(single.bill.usd / 5);
  });

  it("a million observations in sessions of thirty cost $0.85 at most, kept for 30 days at 100 per second", () => {
    expect(plan({ observationsPerMessage: 30 }).bill.usdPerMillion).toBeLessThanOrEqual(0.85);
  });

  it("a value per observation lies on a line in 1 ÷ size through the two measured ones", () => {
    const rows = BY_ARRIVAL.d1RowsWritten;
    expect(perObservation(rows, 1)).toBeCloseTo(rows.single.value, 9);
    expect(perObservation(rows, 30)).toBeCloseTo(rows.session.value, 9);
    // Twice as many sessions, so twice the part that is per session.
    const perSession = perObservation(rows, 15) - perObservation(rows, 30);
    expect(perObservation(rows, 7.5) - perObservation(rows, 15)).toBeCloseTo(2 * perSession, 9);
  });

  it.each(Object.entries<ByArrival>(BY_ARRIVAL))("%s of the largest message is above zero", (_, values) => {
    expect(perObservation(values, LARGEST_SESSION)).toBeGreaterThan(0);
  });

  it("the rows of the model for the sessions of the replay are those that the replay wrote", () => {
    const size = MEASURED.replayObservationsPerSession.value;
    const events = MEASURED.eventsPerObservation.value;
    const { d1Rows, objectRows } = restPerEvent();
    expect(perObservation(BY_ARRIVAL.d1RowsWritten, size) + events * d1Rows).toBeCloseTo(
      MEASURED.replayD1RowsWritten.value,
      9,
    );
    expect(perObservation(BY_ARRIVAL.objectRowsWritten, size) + events * objectRows).toBeCloseTo(
      MEASURED.replayObjectRowsWritten.value,
      9,
    );
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
    // By hand: 259.2 million observations; each is written, removed, and has its share of events, their removal and cold calls.
    const rows = lines.find(({ billed }) => billed === "d1RowsWritten");
    const each = BY_ARRIVAL.d1RowsWritten.single.value + 1;
    const events = 0.113 * (restPerEvent().d1Rows + 1 / MEASURED.eventsPerPage.value);
    expect(rows?.units).toBeCloseTo(259.2e6 * (each + events + 1 / 30), 0);
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
