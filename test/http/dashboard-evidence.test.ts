/** What the dashboard reads of evidence: E of a primitive over time, as its object steps through the series. */
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { NOTED_AT } from "../../src/evidence/constants.ts";
import { nextAttackerUuid } from "../setup/attackers.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { get } from "../setup/get.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";
import { ask, TOKENS } from "../setup/request.ts";

interface Path {
  readonly first_number: number;
  readonly ts: number[];
  readonly e: number[];
  readonly threshold: number;
}

const START_TS = 1_714_000_000;
const BEACON = "toolchain.c2.beacon_interval_ms";
const MODALITY = "motor.input_modality";

const pathOf = async (uuid: string, primitive: string) =>
  (await get(`/api/v1/dashboard/identities/${uuid}/evidence-path?primitive=${primitive}`)).json<Path>();

/** An identity whose beacon interval changes once, and whose input modality stays. */
async function make(): Promise<string> {
  const attackerUuid = nextAttackerUuid();
  expect((await call("PUT", `attackers/${attackerUuid}`, { ip: "192.0.2.77" })).status).toBe(201);
  const intervals = Array.from({ length: 80 }, (_, i) => (i < 40 ? 60 : 90) + ((i * 7) % 5));
  const modes = Array.from({ length: 80 }, () => "typed");
  const at = (values: readonly unknown[], primitive: string) =>
    series(attackerUuid, primitive, [...values], START_TS);
  await deliver([{ events: [...at(intervals, BEACON), ...at(modes, MODALITY)] }]);
  const uuid = stubIdentityUuid(attackerUuid);
  await waitForSeq(uuid, 8);
  return uuid;
}

describe("[dashboard evidence] GET /dashboard/identities/{uuid}/evidence-path", () => {
  it("E after each observation, over the threshold once where the values changed, from 1 again after it", async () => {
    const uuid = await make();
    const path = await pathOf(uuid, BEACON);
    expect(path.first_number).toBe(1);
    expect(path.ts).toHaveLength(80);
    expect(path.ts).toEqual(path.ts.toSorted((a, b) => a - b));
    expect(path.threshold).toBe(3_200);
    const ends = path.e.flatMap((e, i) => (e >= path.threshold ? [i] : []));
    expect(ends).toHaveLength(1);
    expect(ends[0]).toBeGreaterThan(40);
    expect(ends[0]).toBeLessThan(60);
    expect(path.e[(ends[0] ?? 0) + 1]).toBe(1);
    const calm = await pathOf(uuid, MODALITY);
    expect(calm.e).toHaveLength(80);
    expect(Math.max(...calm.e)).toBeLessThan(NOTED_AT);
  });

  it("nothing where the primitive or the identity is not known; a token must read", async () => {
    const uuid = await make();
    const nothing = { first_number: 1, ts: [], e: [], threshold: 3_200 };
    expect(await pathOf(uuid, "motor.never_seen")).toEqual(nothing);
    expect(await pathOf(crypto.randomUUID(), BEACON)).toEqual(nothing);
    const path = `/api/v1/dashboard/identities/${uuid}/evidence-path?primitive=${BEACON}`;
    expect((await ask("GET", path, { token: TOKENS.ingest })).status).toBe(403);
    expect((await ask("GET", `${path}..x`, { token: TOKENS.read })).status).toBe(422);
  });
});
