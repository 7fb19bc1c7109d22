/** The bindings of the test Worker: what they count, and that one more than the limit is refused. */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { limitedEnv } from "../setup/limits/env.ts";
import { inInvocation } from "../setup/limits/invocation.ts";
import { allowed, takeRefusals, testUse } from "../setup/limits/use.ts";

const bindings = limitedEnv(env);
const QUERIES = allowed("d1_queries");

/** Runs something as one invocation. */
const invoke = <T>(act: () => Promise<T>): Promise<T> => inInvocation("test invocation", null, act);
const query = () => bindings.DB.prepare("SELECT 1 AS one").first();
const times = async (count: number, act: () => Promise<unknown>): Promise<void> => {
  for (let i = 0; i < count; i++) await act();
};
/** Parameters of a statement that binds this many. */
const binding = (count: number) =>
  bindings.DB.prepare(`SELECT ${Array.from({ length: count }, () => "?").join(" + ")} AS sum`)
    .bind(...Array.from({ length: count }, () => 1))
    .first("sum");

describe("[limits] D1", () => {
  it("an invocation may make as many queries as the plan allows, and not one more", async () => {
    await invoke(() => times(QUERIES, query));
    expect(testUse().uses.d1_queries).toMatchObject({ used: QUERIES });
    await expect(invoke(() => times(QUERIES + 1, query))).rejects.toThrow("Too many API requests");
    expect(takeRefusals()).toMatchObject([{ limit: "d1_queries", used: QUERIES + 1 }]);
  });

  it("each member of a batch counts as a query", async () => {
    const batch = (count: number) =>
      bindings.DB.batch(Array.from({ length: count }, () => bindings.DB.prepare("SELECT 1")));
    await invoke(() => batch(QUERIES));
    await expect(invoke(() => batch(QUERIES + 1))).rejects.toThrow("Too many API requests");
    takeRefusals();
  });

  it("two invocations count apart, also at the same time", async () => {
    const half = Math.ceil(QUERIES / 2) + 1;
    await Promise.all([invoke(() => times(half, query)), invoke(() => times(half, query))]);
    expect(testUse().uses.d1_queries).toMatchObject({ used: half });
  });

  it("a statement may bind 100 parameters, and not one more", async () => {
    expect(await invoke(() => binding(100))).toBe(100);
    await expect(invoke(() => binding(101))).rejects.toThrow("too many SQL variables");
    takeRefusals();
  });

  it("a statement may have 100,000 bytes, and not one more", async () => {
    const statement = (bytes: number) => bindings.DB.prepare(`SELECT 1${" ".repeat(bytes - 8)}`).first();
    await invoke(() => statement(100_000));
    await expect(invoke(() => statement(100_001))).rejects.toThrow("statement too long");
    takeRefusals();
  });

  it("a value and a row may have 2,000,000 bytes, and not one more, in a batch too", async () => {
    const value = (bytes: number) =>
      bindings.DB.prepare("SELECT length(?1) AS length")
        .bind("é".repeat(bytes / 2))
        .all();
    await invoke(() => value(2_000_000));
    await expect(invoke(() => value(2_000_002))).rejects.toThrow("SQLITE_TOOBIG");
    const row = bindings.DB.prepare("INSERT INTO control (name, value) VALUES (?1, ?2)");
    await expect(
      invoke(() => bindings.DB.batch([row.bind("a".repeat(1_000_000), "b".repeat(1_000_001))])),
    ).rejects.toThrow("SQLITE_TOOBIG");
    takeRefusals();
  });
});

describe("[limits] an object's SQL", () => {
  it("may bind 100 parameters and values of 2,000,000 bytes, in statements of 100,000 bytes, and no more", async () => {
    await runInDurableObject(env.IDENTITIES.getByName(crypto.randomUUID()), (_, { storage: { sql } }) => {
      const list = (count: number) => Array.from({ length: count }, () => 1);
      const sum = (count: number) =>
        sql.exec(
          `SELECT ${list(count)
            .fill(0)
            .map(() => "?")
            .join(" + ")}`,
          ...list(count),
        );
      expect(sum(100).toArray()).toHaveLength(1);
      expect(() => sum(101)).toThrow("too many SQL variables");
      expect(sql.exec("SELECT length(?)", "a".repeat(2_000_000)).toArray()).toHaveLength(1);
      expect(() => sql.exec("SELECT length(?)", "a".repeat(2_000_001))).toThrow("SQLITE_TOOBIG");
      expect(() => sql.exec(`SELECT 1${" ".repeat(100_000)}`)).toThrow("statement too long");
    });
    expect(takeRefusals()).toHaveLength(3);
  });
});

describe("[limits] queues", () => {
  const messages = (count: number, bytes: number) =>
    Array.from({ length: count }, () => ({ body: "a".repeat(bytes - 102) }));

  it("a message may have 128,000 bytes with its metadata, and not one more", async () => {
    await invoke(() => bindings.EVENT_QUEUE.send("a".repeat(127_898)));
    await expect(invoke(() => bindings.EVENT_QUEUE.send("a".repeat(127_899)))).rejects.toThrow(
      "exceeds limit",
    );
    takeRefusals();
  });

  it.each([
    [100, 1_000, true],
    [101, 1_000, false],
    [2, 128_000, true],
    [3, 85_334, false],
  ])("a batch of %d messages of %d bytes is taken: %s", async (count, bytes, isTaken) => {
    const sent = invoke(() => bindings.EVENT_QUEUE.sendBatch(messages(count, bytes)));
    if (isTaken) await sent;
    else await expect(sent).rejects.toThrow("exceeds limit");
    expect(takeRefusals()).toHaveLength(isTaken ? 0 : 1);
  });
});

describe("[limits] subrequests", () => {
  const standIn = limitedEnv({
    ...env,
    IDENTITIES: { getByName: () => ({ apply: (call: unknown) => Promise.resolve(call) }) } as never,
  });
  const call = () => standIn.IDENTITIES.getByName("any").apply({ links: [], observations: [] });

  it("10,000 calls of an invocation are taken, and not one more", async () => {
    await invoke(() => times(10_000, call));
    await expect(invoke(() => times(10_001, call))).rejects.toThrow("Too many subrequests");
    takeRefusals();
  });

  it("an object call may carry 32 MiB, and its answer too", async () => {
    const apply = standIn.IDENTITIES.getByName("any").apply.bind(standIn);
    await invoke(async () => apply("a".repeat(33_554_000) as never));
    await expect(invoke(async () => apply("a".repeat(33_554_432) as never))).rejects.toThrow("32MiB");
    takeRefusals();
  });

  it("a call to an object is an invocation of its own", async () => {
    const uuid = crypto.randomUUID();
    await invoke(() => bindings.IDENTITIES.getByName(uuid).rebuild());
    expect(testUse().uses.d1_queries?.by).toContain("IdentityObject.rebuild");
  });
});
