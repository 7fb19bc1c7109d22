/** Observations that the version before has stored one per row are moved into session rows, while others arrive. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  hasOldRows,
  packAttackers,
  packBeforeRecording,
  type RecordedObservation,
} from "../../src/storage/index.ts";
import { deliver } from "../setup/deliver.ts";
import { limitedDatabase } from "../setup/limits/database.ts";
import { payload } from "../setup/payload.ts";
import { counting } from "./counting.ts";
import {
  at,
  attackerAt,
  createOldVersion,
  expectStored,
  ingest,
  insertOldRows,
  migrate,
  Model,
  readOldRows,
  readPacked,
  readRest,
  step,
} from "./old-version.ts";

/** A database that the Worker knows nothing of yet. */
const fresh = () => limitedDatabase(env.DB);

beforeEach(async () => {
  await createOldVersion(env.DB);
});

/** The same observation under a pointer of its own. */
function elsewhere({ observation, isUnlisted }: RecordedObservation): RecordedObservation {
  const evidenceRef = `cowrie:sensor-b/${crypto.randomUUID()}#kex`;
  return { observation: { ...observation, evidenceRef }, isUnlisted };
}

/** New observations, and repeated, greater, smaller and later ones of those that are stored. */
function arrivingFor(old: readonly RecordedObservation[], round: number): RecordedObservation[] {
  const some = old.filter((_, i) => i % 5_003 === (round * 37) % 5_003);
  return some.flatMap((each, i) => {
    if (i % 5 === 0) return [each];
    if (i % 5 === 1) return [at(each, 3_600)];
    if (i % 5 === 2) return [at(each, -3_600)];
    if (i % 5 === 3) return [at(each, 0, `${each.observation.id}-later`), elsewhere(each)];
    return [elsewhere(each)];
  });
}

describe("[design] a database of the version before", () => {
  it("100,000 observations are packed by the job while others arrive, and each is kept once, the greatest", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 299, count: 70_000 });
    await insertOldRows(env.DB, "observations", { first: 100_000, attackers: 1, count: 30_000 });
    await migrate(env.DB);
    const old = await readOldRows(env.DB);
    expect(old).toHaveLength(100_000);
    const model = new Model();
    model.add(old);
    const db = fresh();
    let waiting: RecordedObservation[] = [];
    let waited = 0;
    for (let round = 0, isThere = true; isThere; round++) {
      expect(round).toBeLessThan(200);
      const arriving = arrivingFor(old, round);
      model.add(arriving);
      waiting = await ingest(db, [...waiting, ...arriving]);
      waited += waiting.length;
      isThere = await step(db);
    }
    expect(await ingest(db, waiting)).toEqual([]);
    expect(waited).toBeGreaterThan(0);
    await expectStored(env.DB, model);
  });

  it("an empty one gets no job, and is asked once", async () => {
    await migrate(env.DB);
    expect(await readRest(env.DB)).toMatchObject({ jobs: 0 });
    const { db, counted } = counting(fresh());
    expect(await packBeforeRecording(db, [attackerAt(1)])).toEqual(new Set());
    expect(counted.queries).toBe(2);
    expect(await packBeforeRecording(db, [attackerAt(2)])).toEqual(new Set());
    expect(await packAttackers(db, [attackerAt(1)], 1)).toEqual({ left: false });
    expect(await packAttackers(db, { identityUuid: "i" }, 1)).toEqual({ left: false });
    expect(await hasOldRows(db)).toBe(false);
    expect(counted.queries).toBe(2);
  });

  it("a message about an attacker with very many waits, and the job packs that one first", async () => {
    await insertOldRows(env.DB, "observations", { first: 1, attackers: 20, count: 6_000 });
    await insertOldRows(env.DB, "observations", { first: 100_000, attackers: 1, count: 12_000 });
    await migrate(env.DB);
    await env.DB.prepare(
      "UPDATE observation_rows SET primitive = 'motor.input_modality' WHERE primitive = 'motor.p1'",
    ).run();
    const old = (await readOldRows(env.DB)).filter(
      ({ observation }) => observation.primitive === "motor.input_modality",
    );
    const overwrite = (attackerUuid: string) => {
      const { evidenceRef, ts = 0 } =
        old.find(({ observation }) => observation.attackerUuid === attackerUuid)?.observation ?? {};
      return payload({ attacker_uuid: attackerUuid, evidence_ref: evidenceRef, ts: ts + 1, value: "typed" });
    };
    const [large, small] = [attackerAt(100_000), attackerAt(20)];
    const events = { large: overwrite(large), small: overwrite(small) };
    const used = { ...env } as Env;
    const first = await deliver([{ events: [events.large] }, { events: [events.small] }], {
      env: used,
      ids: ["l", "s"],
    });
    expect(first.explicitAcks).toEqual(["s"]);
    expect(first.retryMessages.map(({ msgId }) => msgId)).toEqual(["l"]);
    const db = fresh();
    await step(db);
    expect(
      (await readOldRows(env.DB)).filter(({ observation }) => observation.attackerUuid === attackerAt(1)),
    ).not.toEqual([]);
    for (let steps = 0; steps < 3; steps++) await step(db);
    const second = await deliver([{ events: [events.large] }], { env: used, ids: ["l"] });
    expect(second.explicitAcks).toEqual(["l"]);
    while (await step(db));
    const stored = (await readPacked(env.DB)).map(({ observation: { id, value } }) => [id, value]);
    expect(stored).toHaveLength(18_000);
    expect(stored).toContainEqual([events.large["id"], '"typed"']);
    expect(stored).toContainEqual([events.small["id"], '"typed"']);
    expect(await readRest(env.DB)).toMatchObject({ observations: 18_000, oldRows: 0 });
  });
});
