/** Pages of old rows: what is moved with what, cut off, repeated, raced, erased, and how large they get. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { arePacked, PACK_PAGE_QUERIES, packAttackers, packPage } from "../../src/storage/index.ts";
import { limitedDatabase } from "../setup/limits/database.ts";
import { counting } from "./counting.ts";
import { cutOff } from "./cutting.ts";
import {
  at,
  attackerAt,
  createOldVersion,
  expectStored,
  ingest,
  migrate,
  migrated,
  Model,
  readOldRows,
  readPacked,
  readRest,
  step,
  store,
} from "./old-version.ts";

/** A database that the Worker knows nothing of yet. */
const fresh = () => limitedDatabase(env.DB);

beforeEach(async () => {
  await createOldVersion(env.DB);
});

/** Inserts rows of attacker 1 after the migration. @param columns - SQL of primitive, evidence pointer and value; `n` is the number */
async function insertNumbered(count: number, columns: string): Promise<void> {
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO attackers (uuid, identity_uuid) VALUES (?1, 'i') ON CONFLICT DO NOTHING",
    ).bind(attackerAt(1)),
    env.DB.prepare(
      `INSERT INTO observation_rows (attacker_uuid, primitive, evidence_ref, value, id, ts, confidence, window_start_ts, window_end_ts, source)
       WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2)
       SELECT ?1, ${columns}, hex(randomblob(16)), 1714000000 + n, 0.9, 1, 1, 'test' FROM numbers`,
    ).bind(attackerAt(1), count),
    env.DB.prepare("UPDATE counters SET value = value + changes() WHERE name = 'observations'"),
  ]);
}

/** Packs everything. @returns the most queries and rows written of a page */
async function packAll(): Promise<{
  readonly queries: number;
  readonly rowsWritten: number;
  readonly pages: number;
}> {
  let [queries, rowsWritten, pages] = [0, 0, 0];
  for (let isDone = false; !isDone; pages++) {
    expect(pages).toBeLessThan(1_000);
    const { db, counted } = counting(fresh());
    const page = await packPage(db, null);
    ({ isDone } = page);
    expect(page.queries).toBe(counted.queries);
    queries = Math.max(queries, counted.queries);
    rowsWritten += counted.rowsWritten;
  }
  while (await step(fresh()));
  return { queries, rowsWritten, pages };
}

describe("[design] packing observations", () => {
  it("a step that is cut off before or after any of its calls is repeated without a difference", async () => {
    const model = await migrated(env.DB, 3, 9_000);
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    let left = 9_000;
    for (let call = 0; left > 0; call = (call + 1) % 14) {
      for (const isAfter of [false, true]) {
        await step(cutOff(fresh(), { call, isAfter })).catch(() => {});
        const { oldRows, ...rest } = (await readRest(env.DB)) ?? {};
        left = Number(oldRows);
        expect(rest).toMatchObject({ observations: 9_000, unlisted: model.unlisted });
        expect(Number(rest["size"]) + left).toBe(9_000);
      }
    }
    logged.mockRestore();
    while (await step(fresh()));
    await expectStored(env.DB, model);
  });

  it("several pack the same attackers at a time, while observations of them arrive", async () => {
    const model = await migrated(env.DB, 20, 6_000);
    const old = await readOldRows(env.DB);
    const later = old.filter((_, i) => i % 20 === 0).map((each) => at(each, 100));
    model.add(later);
    const arrive = async (part: number) => {
      let waiting = later.filter((_, i) => i % 3 === part);
      while (waiting.length > 0) waiting = await ingest(fresh(), waiting);
    };
    const pack = async () => {
      const db = fresh();
      while (!(await packPage(db, null)).isDone);
    };
    await Promise.all([pack(), pack(), pack(), arrive(0), arrive(1), arrive(2)]);
    while (await step(fresh()));
    await expectStored(env.DB, model);
  });

  it("what was removed after it was packed does not come back with a page that was read before", async () => {
    const model = await migrated(env.DB, 1, 60);
    let isPacked = false;
    const slow = fresh();
    const overtaken = new Proxy(slow, {
      get(target, name) {
        if (name !== "batch") {
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? member.bind(target) : member;
        }
        return async (statements: D1PreparedStatement[]) => {
          await packPage(fresh(), null);
          await env.DB.prepare("DELETE FROM sessions").run();
          isPacked = true;
          return target.batch(statements);
        };
      },
    });
    expect(await packPage(overtaken, null)).toMatchObject({ isDone: false, state: null });
    expect(isPacked).toBe(true);
    expect(await readPacked(env.DB)).toEqual([]);
    expect(await readRest(env.DB)).toMatchObject({ observations: model.all.length, oldRows: 0 });
  });

  it("what was erased is dropped, and no longer counted", async () => {
    const model = await migrated(env.DB, 2, 3_000);
    const { unlisted } = model;
    const erasedTs = 1_714_000_000 + 400;
    await env.DB.prepare("INSERT INTO erasures (attacker_uuid, erased_ts) VALUES (?1, ?2)")
      .bind(attackerAt(1), erasedTs)
      .run();
    model.keepOnly(
      ({ observation }) => observation.attackerUuid !== attackerAt(1) || observation.ts > erasedTs,
    );
    expect(model.all.length).toBeLessThan(3_000);
    await packAll();
    expect(await readPacked(env.DB)).toEqual(model.all);
    expect(await readRest(env.DB)).toMatchObject({ observations: model.all.length, unlisted, oldRows: 0 });
  });

  it("of a key that stands in both tables the greater is kept and counted once", async () => {
    const model = await migrated(env.DB, 2, 3_000);
    const old = await readOldRows(env.DB);
    const both = old.flatMap((each, i) => (i % 3 === 0 ? [at(each, [-10, 0, 10][(i % 9) / 3] ?? 0)] : []));
    model.add(both);
    await store(fresh(), both);
    await packAll();
    await expectStored(env.DB, model);
  });

  it("the attackers of an identity are packed alone, page by page", async () => {
    const model = await migrated(env.DB, 4, 10_000);
    const identityUuid = `identity of ${attackerAt(2)}`;
    const db = fresh();
    expect(await packAttackers(db, { identityUuid }, 1)).toEqual({ left: true });
    await env.DB.prepare("INSERT INTO identities (uuid, merged_into_uuid) VALUES ('merged', ?1)")
      .bind(identityUuid)
      .run();
    expect(await arePacked(db, { identityUuid: "merged" })).toBe(false);
    expect(await arePacked(db, { identityUuid })).toBe(true);
    expect(await packAttackers(db, [attackerAt(2)], 1)).toEqual({ left: false });
    const own = model.all.filter(({ observation }) => observation.attackerUuid === attackerAt(2));
    expect(await readPacked(env.DB)).toEqual(own);
    expect(await readRest(env.DB)).toMatchObject({ observations: 10_000, oldRows: 7_500, jobs: 1 });
  });

  it("an attacker that is larger than a page is packed session by session, and each session row is written once", async () => {
    const model = await migrated(env.DB, 1, 9_000);
    const { rowsWritten, pages, queries } = await packAll();
    await expectStored(env.DB, model);
    // A row removed per observation, one written per session of 30, and the job once a page.
    expect(rowsWritten).toBe(9_000 + 300 + pages);
    expect(queries).toBeLessThanOrEqual(PACK_PAGE_QUERIES);
  });

  it.each([
    ["one session of 10,000", 10_000, "'motor.p1', 'cowrie:s/1#' || n, '1'"],
    ["one pointer for ever", 5_000, "'motor.p' || n, 'day.log', '1'"],
    [
      "pointers that begin with one another",
      5_000,
      "'motor.p' || (n % 2), 'cowrie:s/1' || substr('     ######', 1, n % 11) || (n / 11), '1'",
    ],
    [
      "the longest values",
      1_000,
      `'motor.p' || (n % 25), 'cowrie:s/' || (n / 50) || '#' || (n % 50), '"' || hex(randomblob(2040)) || '"'`,
    ],
    [
      "the longest keys",
      1_000,
      "'p' || n || hex(zeroblob(60)), n || replace(hex(zeroblob(250)), '0', '☃'), '1'",
    ],
  ])("%s: pages stay within the limits", async (_, count, columns) => {
    await migrate(env.DB);
    await insertNumbered(count, columns);
    const model = new Model();
    model.add(await readOldRows(env.DB));
    const { queries } = await packAll();
    await expectStored(env.DB, model);
    expect(queries).toBeLessThanOrEqual(PACK_PAGE_QUERIES);
  });

  it("long session rows that continue are read in parts", async () => {
    await migrate(env.DB);
    const session = (n: string) => `'cowrie:s/' || (${n}) || '#a'`;
    await insertNumbered(
      800,
      `'motor.p' || (n % 10), ${session("n / 10")}, '"' || hex(randomblob(2000)) || '"'`,
    );
    const model = new Model();
    model.add(await readOldRows(env.DB));
    const first = fresh();
    while (!(await packPage(first, null)).isDone);
    await insertNumbered(80, `'motor.late', ${session("n")}, '1'`);
    model.add(await readOldRows(env.DB));
    const { pages, queries } = await packAll();
    expect(pages).toBeGreaterThan(2);
    expect(queries).toBeLessThanOrEqual(PACK_PAGE_QUERIES);
    expect(await readPacked(env.DB)).toEqual(model.all);
  });
});
