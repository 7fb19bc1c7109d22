/** The last sessions of an identity, read from the latest session rows on: the same as from everything, and what it costs. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Observation, stubIdentityUuid } from "../../../src/core/index.ts";
import { sessionsOf, traitFilter } from "../../../src/evidence/index.ts";
import { readSessions } from "../../../src/evidence/sessions-read.ts";
import { LATEST_ROWS } from "../../../src/storage/sessions/from-latest.ts";
import { counting } from "../../maintenance/counting.ts";
import { makeObservation, store } from "../../setup/observations.ts";

const isTrait = traitFilter(["motor.*"]);
const asked = { isTrait, limit: 64, asOfTs: null };

interface Session {
  readonly attackerUuid: string;
  readonly startTs: number;
  /** Seconds. */
  readonly length?: number;
  /** Observations of each trait. */
  readonly each?: number;
}

/** The observations of a session: two traits and another primitive, emitted when it has ended and later. */
function session({ attackerUuid, startTs, length = 60, each = 1 }: Session): Observation[] {
  const ref = `cowrie:sensor/${crypto.randomUUID()}`;
  return ["motor.first", "motor.second", "cultural.other"].flatMap((primitive, p) =>
    Array.from({ length: each }, (_, i) =>
      makeObservation({
        attackerUuid,
        primitive,
        value: String((startTs * 31 + p * 7 + i) % 1_000),
        windowStartTs: startTs,
        windowEndTs: startTs + length,
        ts: startTs + length + i,
        evidenceRef: `${ref}#${i}`,
      }),
    ),
  );
}

async function storeAll(observations: readonly Observation[]): Promise<void> {
  for (let first = 0; first < observations.length; first += 5_000) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await store(observations.slice(first, first + 5_000));
  }
}

describe("[evidence] the last 64 sessions", () => {
  it("are the last of all: of several attackers, of any length, as of any time", async () => {
    const attackers = Array.from({ length: 3 }, () => crypto.randomUUID());
    const all = Array.from({ length: 400 }, (_, i) =>
      session({
        attackerUuid: attackers[i % 3] ?? "",
        startTs: 1_000 + ((i * 7_919) % 4_001),
        // Some last very long, so that their rows are late and they are not.
        length: i % 10 === 0 ? 3_000 : 30,
        each: 1 + (i % 3),
      }),
    ).flat();
    await storeAll(all);
    for (const asOfTs of [null, 900, 1_500, 3_000, 4_000.5, 9_000]) {
      const expected = sessionsOf(
        all.filter(({ ts }) => ts <= (asOfTs ?? Infinity)),
        isTrait,
      );
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const read = await readSessions(env.DB, attackers, { ...asked, asOfTs });
      expect(read.sessions).toEqual(expected.slice(-64));
      if (read.total !== null) expect(read.total).toBe(expected.length);
    }
  });

  it("of a few sessions says how many there are, and of none that there is none", async () => {
    const attackerUuid = crypto.randomUUID();
    expect(await readSessions(env.DB, [attackerUuid], asked)).toEqual({ sessions: [], total: 0 });
    await storeAll([1_000, 2_000, 3_000].flatMap((startTs) => session({ attackerUuid, startTs })));
    const read = await readSessions(env.DB, { identityUuid: stubIdentityUuid(attackerUuid) }, asked);
    expect(read.total).toBe(3);
    expect(read.sessions.map(({ startTs, values }) => [startTs, Object.keys(values)])).toEqual([
      [1_000, ["motor.first", "motor.second"]],
      [2_000, ["motor.first", "motor.second"]],
      [3_000, ["motor.first", "motor.second"]],
    ]);
  });

  it("of 3,000 cost one pass over the rows, and two queries", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = Array.from({ length: 3_000 }, (_, i) => session({ attackerUuid, startTs: 1_000 + i * 100 }));
    await storeAll(all.flat());
    const { db, counted } = counting(env.DB);
    const { sessions } = await readSessions(db, [attackerUuid], asked);
    expect(sessions).toEqual(sessionsOf(all.slice(-64).flat(), isTrait));
    expect(counted.queries).toBe(2);
    expect(counted.rowsRead).toBeLessThanOrEqual(3_000 + 200);
  });

  it("read again cost the pass, and the bodies of rows that have changed", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = Array.from({ length: 100 }, (_, i) =>
      session({ attackerUuid, startTs: 1_000 + i * 100 }),
    ).flat();
    await storeAll(all);
    const { db, counted } = counting(env.DB);
    await readSessions(db, [attackerUuid], asked);
    counted.rowsRead = 0;
    const [first] = all.slice(-3);
    if (!first) throw new Error("there must be a last session");
    const changed = { ...first, id: crypto.randomUUID(), ts: first.ts + 1, value: "-1" };
    const added = session({ attackerUuid, startTs: 90_000 });
    await storeAll([changed, ...added]);
    const { sessions } = await readSessions(db, [attackerUuid], asked);
    expect(sessions).toEqual(
      sessionsOf([...all.slice(0, -3), changed, ...all.slice(-2), ...added], isTrait).slice(-64),
    );
    expect(counted.rowsRead).toBeLessThanOrEqual(101 + 2 * 3 + 10);
  });

  it("of 10,000 cost one pass over the rows, in which they are sorted, and three queries", async () => {
    const attackerUuid = crypto.randomUUID();
    const all = Array.from({ length: 10_000 }, (_, i) => session({ attackerUuid, startTs: 1_000 + i * 100 }));
    await storeAll(all.flat());
    const { db, counted } = counting(env.DB);
    const { sessions } = await readSessions(db, { identityUuid: stubIdentityUuid(attackerUuid) }, asked);
    expect(sessions).toEqual(sessionsOf(all.slice(-64).flat(), isTrait));
    expect(counted.queries).toBe(3);
    // Rows that are sorted count twice, and some were read to see how many there are.
    expect(counted.rowsRead).toBeLessThanOrEqual(2 * 10_000 + LATEST_ROWS + 300);
  });

  it("are found behind thousands of observations that one session has in rows of their own", async () => {
    const attackerUuid = crypto.randomUUID();
    const older = Array.from({ length: 80 }, (_, i) =>
      session({ attackerUuid, startTs: 1_000 + i * 100 }),
    ).flat();
    const wide = Array.from({ length: 2_000 }, (_, i) =>
      makeObservation({
        attackerUuid,
        primitive: "motor.first",
        value: String(i),
        windowStartTs: 50_000,
        windowEndTs: 60_000,
        ts: 60_000 + i / 10,
        evidenceRef: `own:${i}`,
      }),
    );
    await storeAll([...older, ...wide]);
    const { db, counted } = counting(env.DB);
    const read = await readSessions(db, [attackerUuid], asked);
    expect(read.sessions).toEqual(sessionsOf([...older, ...wide], isTrait).slice(-64));
    expect(counted.queries).toBeLessThanOrEqual(5);
  });

  it("are fewer where more rows than are read belong to one of them", async () => {
    const attackerUuid = crypto.randomUUID();
    const older = Array.from({ length: 3 }, (_, i) =>
      session({ attackerUuid, startTs: 1_000 + i * 100 }),
    ).flat();
    const wide = Array.from({ length: LATEST_ROWS + 10 }, (_, i) =>
      makeObservation({
        attackerUuid,
        primitive: "motor.first",
        windowStartTs: 50_000,
        windowEndTs: 60_000,
        ts: 60_000 + i,
        evidenceRef: `own:${i}`,
      }),
    );
    await storeAll([...older, ...wide]);
    const { db, counted } = counting(env.DB);
    const { sessions, total } = await readSessions(db, [attackerUuid], asked);
    expect(sessions.map(({ startTs }) => startTs)).toEqual([50_000]);
    expect(total).toBeNull();
    expect(counted.queries).toBeLessThanOrEqual(16);
  });

  it("of the largest rows there are cost at most 16 queries", async () => {
    const attackerUuid = crypto.randomUUID();
    // Values that hardly pack, in rows of some 90 KB.
    const noise = () =>
      JSON.stringify(
        Array.from(crypto.getRandomValues(new Uint8Array(1_500)), (byte) =>
          byte.toString(16).padStart(2, "0"),
        ).join(""),
      );
    const all = Array.from({ length: 300 }, (_, s) =>
      Array.from({ length: 20 }, (_unused, i) =>
        makeObservation({
          attackerUuid,
          primitive: `motor.p${i}`,
          value: noise(),
          windowStartTs: 1_000,
          windowEndTs: 1_000,
          ts: 2_000 + s,
          evidenceRef: `cowrie:sensor/${s}#a`,
        }),
      ),
    );
    for (let first = 0; first < all.length; first += 20) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await store(all.slice(first, first + 20).flat());
    }
    const { db, counted } = counting(env.DB);
    const { sessions, total } = await readSessions(db, [attackerUuid], asked);
    expect(sessions).toHaveLength(1);
    expect(total).toBeNull();
    expect(counted.queries).toBeLessThanOrEqual(16);
  });
});
