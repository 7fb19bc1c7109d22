/** `GET /identities/{uuid}/attribution?as_of=`: the states as they would have been with the observations up to then. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config.ts";
import { type Member, merge, type MergeKind, type State, stubIdentityUuid } from "../../../src/core/index.ts";
import { STANDARD_THRESHOLDS } from "../../../src/core/thresholds.ts";
import { Records } from "../../../src/identity/store/records.ts";
import { deliver, pieces } from "../../setup/deliver.ts";
import { get } from "../../setup/get.ts";
import { payload, series } from "../../setup/payload.ts";

interface Answered {
  readonly identity_uuid: string | null;
  readonly primitives: {
    readonly primitive: string;
    readonly current_value: unknown;
    readonly state: State;
    readonly confidence: number;
    readonly observation_count: number;
    readonly last_change_ts: number;
    readonly last_observation_ts: number;
  }[];
}

const START_TS = 1_714_000_000;
const path = (identityUuid: string) => `/api/v1/identities/${identityUuid}/attribution`;

async function asOf(identityUuid: string, ts: number | null): Promise<Answered> {
  const response = await get(`${path(identityUuid)}${ts === null ? "" : `?as_of=${ts}`}`);
  expect(response.status).toBe(200);
  return response.json();
}

/** What the contract says of the observations up to a time: merged whole, and one by one for the last change. */
function expected(events: readonly Record<string, unknown>[], kind: MergeKind, ts: number) {
  const members = events
    .map((event): Member => ({
      value: JSON.stringify(event["value"]),
      ts: Number(event["ts"]),
      evidenceRef: String(event["evidence_ref"]),
      attackerUuid: String(event["attacker_uuid"]),
    }))
    .filter((member) => member.ts <= ts)
    .toSorted((a, b) => a.ts - b.ts);
  const steps = members.map((_, i) => merge(kind, members.slice(0, i + 1), STANDARD_THRESHOLDS));
  const last = steps.at(-1);
  if (!last) return null;
  const change = steps.findLastIndex((step, i) => step.state !== steps[i - 1]?.state);
  return {
    current_value: JSON.parse(last.currentValue),
    state: last.state,
    confidence: last.confidence,
    observation_count: last.observationCount,
    last_change_ts: members[change]?.ts,
    last_observation_ts: last.lastObservationTs,
  };
}

describe("[§7] as_of", () => {
  it.each<[string, MergeKind, fc.Arbitrary<unknown>]>([
    ["motor.input_modality", "categorical", fc.constantFrom("a", "b", "c", "unknown")],
    ["toolchain.c2.beacon_interval_ms", "numeric", fc.constantFrom(100, 130, 400, -100, 0)],
    ["toolchain.payload.sha256", "hash", fc.constantFrom("h1", "h2", "h3", "h4")],
    ["cognitive.command_words", "bag", fc.constantFrom(["a"], ["b", "b"], [])],
  ])("[§3] %s: at every time, what its observations up to then say", async (primitive, kind, value) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ value, gap: fc.constantFrom(1, 30_000, 90_000) }), {
          minLength: 1,
          maxLength: 24,
        }),
        fc.integer({ min: 1, max: 24 }),
        async (steps, batch) => {
          const attackerUuid = crypto.randomUUID();
          let ts = START_TS;
          const events = steps.map((step) => {
            ts += step.gap;
            return payload({ attacker_uuid: attackerUuid, primitive, value: step.value, ts });
          });
          for (const part of pieces(events, batch)) await deliver([{ events: part }]);
          const identityUuid = stubIdentityUuid(attackerUuid);
          for (const time of [START_TS, ...events.map((event) => Number(event["ts"]))]) {
            const { primitives } = await asOf(identityUuid, time + 0.5);
            const should = expected(events, kind, time + 0.5);
            expect(primitives).toEqual(should === null ? [] : [{ primitive, ...should }]);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("[§7] an observation counts from its own ts on, not a moment earlier", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a"]));
    const state = async (ts: number) => (await asOf(identityUuid, ts)).primitives[0]?.state;
    expect(await state(START_TS + 119.999)).toBe("unknown");
    expect(await state(START_TS + 120)).toBe("stable");
    expect((await asOf(identityUuid, START_TS - 0.001)).primitives).toEqual([]);
    expect(await asOf(identityUuid, 0)).toEqual({
      identity_uuid: identityUuid,
      policy: readConfig(env).policy.id,
      primitives: [],
    });
  });

  it("[§3] a late observation counts as if it had come in time, and what it replaced does not count", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const events = series(attackerUuid, "motor.input_modality", ["a", "a", "b", "b", "b", "b"]);
    await deliver(events.slice(2));
    await deliver(events.slice(0, 2).toReversed());
    for (const time of [0, 60, 120, 180, 240].map((secs) => START_TS + secs)) {
      expect((await asOf(identityUuid, time)).primitives).toEqual([
        { primitive: "motor.input_modality", ...expected(events, "categorical", time) },
      ]);
    }
    // The first one again, measured later: then it is no longer where it was.
    await deliver([{ ...events[0], id: "later", ts: START_TS + 150 }]);
    expect((await asOf(identityUuid, START_TS + 60)).primitives).toMatchObject([{ observation_count: 1 }]);
    expect((await asOf(identityUuid, START_TS + 150)).primitives).toMatchObject([{ observation_count: 3 }]);
  });

  it("[§7] as of now is as it is, last changes as they were seen included", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    const events = ["motor.input_modality", "motor.keystroke_cadence"].flatMap((primitive) =>
      series(attackerUuid, primitive, ["a", "a", "a", "b", "b", "c"]),
    );
    for (const event of events.toReversed()) await deliver([event]);
    const now = await asOf(identityUuid, null);
    expect(now.primitives).toHaveLength(2);
    expect(await asOf(identityUuid, Math.floor(Date.now() / 1_000))).toEqual(now);
    expect(await asOf(identityUuid, START_TS + 300)).toEqual(now);
  });

  it("[§4] other constants since then: the states that they make of it", async () => {
    const attackerUuid = crypto.randomUUID();
    const identityUuid = stubIdentityUuid(attackerUuid);
    await deliver(series(attackerUuid, "motor.input_modality", ["a", "a", "a"]));
    const stub = env.IDENTITIES.getByName(identityUuid);
    await runInDurableObject(stub, (_, state) => {
      const records = new Records(state.storage.sql);
      const record = records.find("motor.input_modality");
      if (!record) throw new Error("the object must have a record of the primitive");
      const attribution = { ...record.attribution, state: "conflicted", lastChangeTs: 1 } as const;
      records.save(new Map([["motor.input_modality", { ...record, attribution, policyId: "other" }]]));
    });
    await evictDurableObject(stub);
    expect((await asOf(identityUuid, null)).primitives).toMatchObject([{ state: "conflicted" }]);
    expect((await asOf(identityUuid, START_TS + 999)).primitives).toMatchObject([
      { state: "stable", last_change_ts: START_TS + 120 },
    ]);
  });

  it("[§6] over all attackers of an identity, and of a merged-away one that of its winner", async () => {
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    const [loser, winner] = [stubIdentityUuid(first), stubIdentityUuid(second)];
    const events = [first, second, first, second, first].map((attacker_uuid, i) =>
      payload({ attacker_uuid, value: i < 3 ? "a" : "b", ts: START_TS + 60 * i }),
    );
    await deliver(events);
    const merged = await exports.default.fetch(`https://x/api/v1/identities/${winner}/merge`, {
      method: "POST",
      headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
      body: JSON.stringify({ loser_uuid: loser }),
    });
    expect(merged.status).toBe(200);
    await expect
      .poll(async () => (await asOf(winner, null)).primitives[0]?.observation_count, { timeout: 10_000 })
      .toBe(5);
    for (const time of [60, 120, 180].map((secs) => START_TS + secs)) {
      const should = { primitive: "motor.input_modality", ...expected(events, "categorical", time) };
      for (const uuid of [loser, winner]) {
        expect(await asOf(uuid, time)).toEqual({
          identity_uuid: winner,
          policy: readConfig(env).policy.id,
          primitives: [should],
        });
      }
    }
    expect(await asOf(loser, null)).toEqual(await asOf(winner, null));
  });

  it.each([
    "-1",
    "NaN",
    "Infinity",
    "1e9",
    "",
    "now",
    "0x10",
    "1714000000000",
    String(Math.floor(Date.now() / 1_000) + 2 * 86_400),
    "1&as_of=2",
    "1'; DROP TABLE observations",
    "1%00",
  ])("[§7] as_of=%s is refused by name", async (text) => {
    const response = await get(`${path(crypto.randomUUID())}?as_of=${text}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ field: "as_of" }] });
  });

  it("[§2] the 24 h by which a sensor's clock may be ahead are no future", async () => {
    const attackerUuid = crypto.randomUUID();
    const ts = Math.floor(Date.now() / 1_000) + 3_600;
    await deliver([payload({ attacker_uuid: attackerUuid, ts })]);
    const { primitives } = await asOf(stubIdentityUuid(attackerUuid), ts);
    expect(primitives).toMatchObject([{ last_observation_ts: ts }]);
  });

  it("[§7] of an identity that is not known: 404, and nothing is left behind", async () => {
    const response = await get(`${path(crypto.randomUUID())}?as_of=${START_TS}`);
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ code: "not_found" }),
    ]);
  });
});
