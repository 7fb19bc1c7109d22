/** The largest batches and requests that may come in. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ApplyAnswer, ApplyCall } from "../../src/identity/index.ts";
import { deliver } from "../setup/deliver.ts";
import { report } from "../setup/limits/use.ts";
import { payload } from "../setup/payload.ts";
import { ask, TOKENS } from "../setup/request.ts";
import { NOW_TS, numberOf, primitiveName } from "./world.ts";

const IDENTITIES = 10_000;
/** Deliveries of a message, after which the queue gives it up. */
const RETRIES = 20;

/** Objects that only count what they are told. */
function countingObjects() {
  const told = new Set<string>();
  let calls = 0;
  const apply = (call: ApplyCall): Promise<ApplyAnswer> => {
    calls++;
    for (const { attackerUuid, evidenceRef } of call.observations) told.add(`${attackerUuid} ${evidenceRef}`);
    return Promise.resolve({ outcome: "applied", applied: call.observations.length, transitions: 0 });
  };
  const bindings = { ...env, IDENTITIES: { getByName: () => ({ apply }) } as never };
  return { told, bindings, calls: () => calls };
}

/** Delivers messages until all are acknowledged, as the queue does; returns the number of batches. */
async function deliverAll(bodies: readonly unknown[], bindings: Env): Promise<number> {
  let left = bodies.map((body, i) => ({ id: `message-${i}-${crypto.randomUUID()}`, body }));
  for (let batches = 1; batches <= RETRIES; batches++) {
    const ids = left.map(({ id }) => id);
    const { explicitAcks } = await deliver(
      left.map(({ body }) => body),
      { env: bindings, ids },
    );
    left = left.filter(({ id }) => !explicitAcks.includes(id));
    if (left.length === 0) return batches;
  }
  throw new Error(`${left.length} messages were not acknowledged after ${RETRIES} batches`);
}

describe("[long work] a batch", () => {
  it("of 100 messages for 10,000 identities that nobody knows yet", async () => {
    const bodies = Array.from({ length: 100 }, (_, i) => ({
      events: Array.from({ length: IDENTITIES / 100 }, (__, j) => payload({ ts: NOW_TS - i * 100 - j })),
    }));
    const { told, bindings, calls } = countingObjects();
    const before = await numberOf("SELECT count(*) FROM attackers");
    const batches = await deliverAll(bodies, bindings);
    report(`${batches} batches, ${calls()} object calls`);
    expect(told.size).toBe(IDENTITIES);
    expect((await numberOf("SELECT count(*) FROM attackers")) - before).toBe(IDENTITIES);
  });

  it("of 100 messages as large as they may be, for one identity, with the longest names", async () => {
    const attacker = crypto.randomUUID();
    const bodies = Array.from({ length: 100 }, (_, i) => ({
      events: Array.from({ length: 24 }, (__, j) =>
        payload({
          attacker_uuid: attacker,
          primitive: primitiveName(j),
          value: "v".repeat(4_000),
          source: "s".repeat(256),
          evidence_ref: `shard:large#${i}-${j}`.padEnd(512, "e"),
          ts: NOW_TS - i * 60 - j,
        }),
      ),
    }));
    expect(JSON.stringify(bodies[0]).length).toBeGreaterThan(120_000);
    expect(JSON.stringify(bodies[0]).length).toBeLessThan(127_900);
    const { told, bindings } = countingObjects();
    report(`${await deliverAll(bodies, bindings)} batches`);
    expect(told.size).toBe(2_400);
  });

  it("of 100 messages as large as they may be, each event one that is refused", async () => {
    const bodies = Array.from({ length: 100 }, () => ({
      events: Array.from({ length: 7 }, () => payload({ value: "\u0001".repeat(2_900), ts: NOW_TS - 60 })),
    }));
    expect(JSON.stringify(bodies[0]).length).toBeGreaterThan(120_000);
    const before = await numberOf("SELECT count(*) FROM dead_letters");
    report(`${await deliverAll(bodies, env)} batches`);
    expect((await numberOf("SELECT count(*) FROM dead_letters")) - before).toBe(700);
  });
});

describe("[long work] a request", () => {
  it("with 5,000 events of 8 MiB", async () => {
    const event = (i: number) =>
      JSON.stringify(payload({ value: "v".repeat(1_150), ts: NOW_TS - i, id: `${i}` }));
    const lines = Array.from({ length: 5_000 }, (_, i) => event(i));
    const body = lines.join("\n");
    expect(body.length).toBeGreaterThan(7_000_000);
    expect(body.length).toBeLessThan(8_388_608);
    const response = await ask("POST", "/api/v1/observations", { token: TOKENS.ingest, body });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ accepted: 5_000 });
  });
});
