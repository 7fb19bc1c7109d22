/** The stored observations of an identity object against a plain map: whatever was stored and removed, all answers are those of the map. */
import { describe, expect, it } from "vitest";
import {
  type AppliedObservation,
  compareMembers,
  comparePrecedence,
  type Member,
  type ObservationKey,
  placeOf,
} from "../../src/core/index.ts";
import { type IdentityStore, nameOf } from "../../src/identity/store/index.ts";
import { observation, type OpenStore, withStore } from "./open-store.ts";

/** The tables of before, as a store that was converted from version 1 still has them. */
const ROWS_OF_BEFORE = `CREATE TABLE observation_rows (attacker_uuid TEXT NOT NULL, primitive TEXT NOT NULL, evidence_ref TEXT NOT NULL,
  ts REAL NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(attacker_uuid, primitive, evidence_ref)) WITHOUT ROWID`;

const ATTACKERS = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const PRIMITIVES = ["a.b", "a.bc", "motor.input_modality", "x.y.z"];
const FROM_TS = 1_700_000_000;

/** The same numbers each time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function pick<T>(list: readonly T[], random: (below: number) => number): T {
  const entry = list[random(list.length)];
  if (entry === undefined) throw new Error("a list to pick from must not be empty");
  return entry;
}

function anyObservation(random: (below: number) => number): AppliedObservation {
  // Some sessions are much larger than a row.
  const [name, pointers] = pick(
    [
      ["large", 400],
      ["small", 3],
      ["other", 20],
    ] as const,
    random,
  );
  const session = pick([`cowrie:s/${name}`, `elsewhere/${name}`], random);
  return observation({
    attackerUuid: pick(ATTACKERS, random),
    primitive: pick(PRIMITIVES, random),
    evidenceRef: `${session}#${random(pointers)}`,
    ts: FROM_TS + random(50) / 2,
    id: `${random(3)}`,
    value: pick(['"x"', '"ä\\n\\"]"', "17.5", "[1,2]", '{"a":"]"}'], random),
  });
}

/** The map. */
class Model {
  readonly held = new Map<string, AppliedObservation>();

  put(observations: readonly AppliedObservation[]): void {
    for (const each of observations) {
      const prior = this.held.get(nameOf(each));
      if (!prior || comparePrecedence(each, prior) > 0) this.held.set(nameOf(each), each);
    }
  }

  removeIf(isGone: (observation: AppliedObservation) => boolean): void {
    for (const [name, each] of this.held) if (isGone(each)) this.held.delete(name);
  }

  list(): AppliedObservation[] {
    return [...this.held.values()];
  }
}

const sorted = (observations: Iterable<AppliedObservation>) =>
  Array.from(observations, (each) =>
    JSON.stringify([each.attackerUuid, each.primitive, each.evidenceRef, each.ts, each.id, each.value]),
  ).toSorted();

const inOrder = (observations: readonly AppliedObservation[], primitive: string): Member[] =>
  observations
    .filter((each) => each.primitive === primitive)
    .map(({ value, ts, evidenceRef, attackerUuid }) => ({ value, ts, evidenceRef, attackerUuid }))
    .toSorted(compareMembers);

/** Everything that a store says of its observations. */
function expectAnswers(store: IdentityStore, model: Model, keys: readonly ObservationKey[]): void {
  const { observations } = store;
  const all = model.list();
  const rows = [...observations.range({ after: null, through: null })];
  expect(sorted(rows.flatMap((row) => row.observations))).toEqual(sorted(all));
  const cursors = rows.map(
    ({ cursor }) => `${cursor.attackerUuid} ${String(cursor.place).padStart(10, "0")}`,
  );
  expect(cursors).toEqual([...new Set(cursors)].toSorted());
  const [after, through] = [rows[Math.floor(rows.length / 3)], rows[Math.floor((2 * rows.length) / 3)]];
  if (after && through) {
    const range = { after: after.cursor, through: through.cursor };
    expect([...observations.range(range)]).toEqual(
      rows.slice(rows.indexOf(after) + 1, rows.indexOf(through) + 1),
    );
  }
  const counts = new Map<string, number>();
  for (const { primitive } of all) counts.set(primitive, (counts.get(primitive) ?? 0) + 1);
  expect(observations.counts()).toEqual(counts);
  expect(observations.isEmpty).toBe(all.length === 0);
  for (const uuid of ATTACKERS) {
    expect(observations.has(uuid)).toBe(all.some(({ attackerUuid }) => attackerUuid === uuid));
  }
  for (const wanted of [null, new Set(["a.b"]), new Set(["a.bc", "x.y.z"]), new Set(["no.such"])]) {
    const passed = new Map<string, Member[]>();
    observations.eachStored(wanted, (primitive, member) => {
      passed.set(primitive, [...(passed.get(primitive) ?? []), member]);
    });
    expect([...passed.keys()].toSorted()).toEqual(
      [...counts.keys()].filter((primitive) => wanted?.has(primitive) ?? true).toSorted(),
    );
    for (const [primitive, members] of passed) {
      expect(members.toSorted(compareMembers)).toEqual(inOrder(all, primitive));
    }
  }
  for (const times of [
    { fromTs: -Number.MAX_VALUE, toTs: FROM_TS + 17 },
    { fromTs: FROM_TS + 11.5, toTs: FROM_TS + 17 },
    { fromTs: FROM_TS + 20, toTs: Number.MAX_VALUE },
  ]) {
    const ordered = new Map(PRIMITIVES.map((primitive) => [primitive, [] as Member[]]));
    observations.eachInOrder(new Set(PRIMITIVES), times, (primitive, member) =>
      ordered.get(primitive)?.push(member),
    );
    for (const [primitive, members] of ordered) {
      expect(members).toEqual(
        inOrder(all, primitive).filter(({ ts }) => ts >= times.fromTs && ts <= times.toTs),
      );
    }
  }
  expect(observations.newest("a.b", 7)).toEqual(inOrder(all, "a.b").slice(-7));
  const standing = observations.standing(keys);
  for (const key of keys) {
    const { ts, id, value } = model.held.get(nameOf(key)) ?? {};
    expect(standing.get(nameOf(key)) ?? {}).toMatchObject(ts === undefined ? {} : { ts, id, value });
    expect(standing.has(nameOf(key))).toBe(ts !== undefined);
  }
}

function change({ store, sql }: OpenStore, model: Model, random: (below: number) => number): void {
  const { observations } = store;
  const stored = model.list();
  switch (random(8)) {
    case 0: {
      const keys = stored.filter(() => random(3) === 0);
      const beforeTs = FROM_TS + random(25);
      observations.remove(keys, beforeTs);
      const names = new Set(keys.map(nameOf));
      return model.removeIf((each) => names.has(nameOf(each)) && each.ts < beforeTs);
    }
    case 1: {
      const [attackerUuid, toTs] = [pick(ATTACKERS, random), FROM_TS + random(25)];
      observations.removeOf(attackerUuid, toTs);
      return model.removeIf((each) => each.attackerUuid === attackerUuid && each.ts <= toTs);
    }
    case 2: {
      if (random(4) > 0) return;
      const attackerUuid = pick(ATTACKERS, random);
      observations.removeOf(attackerUuid);
      return model.removeIf((each) => each.attackerUuid === attackerUuid);
    }
    case 3:
      observations.pack(1 + random(40));
      return;
    case 4:
      // As rows that version 2 wrote.
      sql.exec("UPDATE sessions SET last_ts = NULL WHERE id % 3 = 0");
      store.forget();
      return;
    default: {
      const arriving = Array.from({ length: 1 + random(300) }, () => anyObservation(random));
      observations.put(arriving);
      model.put(arriving);
    }
  }
}

describe("[design] observations in session rows", () => {
  it.each([1, 2, 3, 4])("answer as a map does, whatever comes and goes (%d)", async (seed) => {
    await withStore((open) => {
      const { store, sql } = open;
      const random = randomFrom(seed);
      const model = new Model();
      store.prepare();
      for (const uuid of ATTACKERS) store.links.link(uuid, 1, null);
      if (seed % 2 === 0) {
        sql.exec(ROWS_OF_BEFORE);
        store.forget();
        model.put(Array.from({ length: 500 }, () => anyObservation(random)));
        for (const { attackerUuid, primitive, evidenceRef, ts, id, value } of model.list()) {
          sql.exec(
            "INSERT INTO observation_rows (attacker_uuid, primitive, evidence_ref, ts, id, value) VALUES (?, ?, ?, ?, ?, ?)",
            attackerUuid,
            primitive,
            evidenceRef,
            ts,
            id,
            value,
          );
        }
      }
      for (let step = 0; step < 60; step++) {
        change(open, model, random);
        const keys = Array.from({ length: 50 }, () => anyObservation(random));
        expectAnswers(store, model, [...keys, ...model.list().slice(0, 50)]);
      }
      while (store.observations.pack(1_000));
      expectAnswers(store, model, model.list());
    });
  });

  it("a session of 10,000 observations, and one pointer for ever: every one is found again, in rows of bounded size", async () => {
    await withStore(({ store, sql, takeCost }) => {
      store.prepare();
      const all = Array.from({ length: 10_000 }, (_, i) => [
        observation({ evidenceRef: `cowrie:s/long#${i}`, ts: FROM_TS + i }),
        observation({ evidenceRef: "day.log", primitive: `motor.p${i}`, ts: FROM_TS + i }),
      ]).flat();
      for (let i = 0; i < all.length; i += 500) store.observations.put(all.slice(i, i + 500));
      takeCost();
      store.observations.put(all);
      expect(takeCost().written).toBe(0);
      expect(store.observations.standing(all).size).toBe(all.length);
      const { most, rows } = sql
        .exec<{ most: number; rows: number }>("SELECT max(size) AS most, count(*) AS rows FROM sessions")
        .one();
      expect(most).toBeLessThanOrEqual(128);
      expect(rows).toBeLessThanOrEqual(all.length / 10);
      // One more observation of either: its row, and none of the others.
      store.observations.put([observation({ evidenceRef: "cowrie:s/long#more", ts: FROM_TS + 20_000 })]);
      expect(takeCost().written).toBeLessThanOrEqual(2);
    });
  });

  it("a pass from a time on reads the rows that end later, and those of which it is not known", async () => {
    await withStore(({ store, sql, takeCost }) => {
      store.prepare();
      const all = Array.from({ length: 100 }, (_, i) =>
        observation({ evidenceRef: `cowrie:s/${i}#close`, ts: FROM_TS + i }),
      );
      store.observations.put(all);
      sql.exec("UPDATE sessions SET last_ts = NULL WHERE first_ts < ?", FROM_TS + 5);
      store.forget();
      const passed: number[] = [];
      const pass = (fromTs: number) => {
        passed.length = 0;
        takeCost();
        store.observations.eachInOrder(null, { fromTs, toTs: Number.MAX_VALUE }, (_, { ts }) => {
          passed.push(ts - FROM_TS);
        });
        return takeCost().read;
      };
      const whole = pass(-Number.MAX_VALUE);
      expect(passed).toHaveLength(100);
      const late = pass(FROM_TS + 90);
      expect(passed).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
      // Of 85 rows no body was read.
      expect(whole - late).toBeGreaterThanOrEqual(85);
    });
  });

  it("two sessions with the same place share their row and keep their observations apart", async () => {
    const places = new Map<number, string>();
    let pair: [string, string] | null = null;
    for (let i = 0; pair === null; i++) {
      const place = placeOf({ primitive: "a.b", evidenceRef: `e${i}` }, 0);
      const other = places.get(place);
      if (other !== undefined) pair = [other, `e${i}`];
      places.set(place, `e${i}`);
    }
    const both = pair;
    await withStore(({ store, sql }) => {
      store.prepare();
      const all = both.map((evidenceRef, i) => observation({ evidenceRef, ts: FROM_TS + i }));
      store.observations.put(all);
      expect(sql.exec("SELECT size FROM sessions").toArray()).toEqual([{ size: 2 }]);
      expect([...store.observations.standing(all).values()].map(({ ts }) => ts)).toEqual([
        FROM_TS,
        FROM_TS + 1,
      ]);
      store.observations.remove(all.slice(0, 1));
      expect(store.observations.standing(all).size).toBe(1);
    });
  });

  it("of two with the same key the greater is kept, by ts, id and UTF-8 bytes of the value", async () => {
    await withStore(({ store }) => {
      store.prepare();
      const rising = [
        observation({ ts: 1, id: "b", value: '"z"' }),
        observation({ ts: 2, id: "a", value: '"z"' }),
        observation({ ts: 2, id: "b", value: '"a"' }),
        observation({ ts: 2, id: "b", value: '"\uFF5E"' }),
        observation({ ts: 2, id: "b", value: '"\u{1F600}"' }),
      ];
      for (const each of rising) {
        store.observations.put([each]);
        store.observations.put(rising.slice(0, rising.indexOf(each)));
        expect([...store.observations.standing([each]).values()]).toMatchObject([
          { ts: each.ts, id: each.id, value: each.value },
        ]);
      }
    });
  });
});
