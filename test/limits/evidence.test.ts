/**
 * Evidence at its largest: a page of states as wide as it may be with the longest values, and a series with very many changes that are all
 * found, withdrawn and found again in one decision. The tests of this file build on one another.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { readHistory } from "../../src/storage/index.ts";
import { deliver, pieces } from "../setup/deliver.ts";
import { inObject } from "../setup/identity-object.ts";
import { report } from "../setup/limits/use.ts";
import { makeObservation, store } from "../setup/observations.ts";
import { payload } from "../setup/payload.ts";
import { attackerUuid, call, expectAtRest, expectCounted, freshSeed, NOW_TS } from "./world.ts";

/** Observations of the series, and of each of its blocks, after which the value changes. */
const OBSERVATIONS = 10_000;
const BLOCK = 30;
/** Most observations of one piece that is stored. */
const STORED_AT_ONCE = 2_000;
/** Primitives of a page of states. */
const PAGE = 16;
/** The longest value. */
const VALUE_BYTES = 4_000;

const attacker = attackerUuid(freshSeed(), 0);
const identity = stubIdentityUuid(attacker);
const stub = env.IDENTITIES.getByName(identity);
/** Within the retention. */
const fromTs = NOW_TS - 20 * 86_400;
const CHANGING = "toolchain.ssh.hassh_client";

const longValue = (i: number) => `${i} `.padEnd(VALUE_BYTES, "x");

async function publishedCounts(): Promise<{ changed: number; withdrawn: number }> {
  const counts = { changed: 0, withdrawn: 0 };
  for (let afterSeq = 0; ;) {
    const page = await readHistory(env.DB, identity, afterSeq, 1_000);
    for (const { seq, event } of page) {
      afterSeq = seq;
      if (event.includes('"type":"evidence.changed"')) counts.changed++;
      if (event.includes('"type":"evidence.withdrawn"')) counts.withdrawn++;
    }
    if (page.length === 0) return counts;
  }
}

function countEntries(): Promise<number> {
  return inObject(stub, (sql) => Number(sql.exec("SELECT count(*) AS n FROM hook_entries").one()["n"]));
}

describe("[long work] evidence", () => {
  it("a series of 10,000 observations that changes every 30: all changes are found in one decision", async () => {
    const numbers = [...Array(OBSERVATIONS).keys()];
    for (const page of pieces(numbers, STORED_AT_ONCE)) {
      await store(
        page.map((i) =>
          makeObservation({
            attackerUuid: attacker,
            primitive: CHANGING,
            value: JSON.stringify(`client ${Math.floor(i / BLOCK)}`),
            evidenceRef: `limits/${Math.floor(i / 10)}#${i % 10}`,
            id: `limits-${i}`,
            ts: fromTs + i,
          }),
        ),
      );
    }
    const start = Date.now();
    await call("POST", `/identities/${identity}/rebuild`);
    await expectCounted(identity, OBSERVATIONS);
    await expectAtRest(identity);
    const { changed, withdrawn } = await publishedCounts();
    report(`${changed} changes found and published in ${((Date.now() - start) / 1_000).toFixed(1)} s`);
    expect(changed).toBeGreaterThan(OBSERVATIONS / BLOCK / 2);
    expect(withdrawn).toBe(0);
    expect(await countEntries()).toBe(changed);
  });

  it("a late observation at its start: what it moves is withdrawn and found again, within one call", async () => {
    const before = await publishedCounts();
    const start = Date.now();
    await deliver([
      payload({
        attacker_uuid: attacker,
        primitive: CHANGING,
        value: "client 0",
        evidence_ref: "limits/late#0",
        ts: fromTs - 1,
      }),
    ]);
    const seconds = (Date.now() - start) / 1_000;
    await expectCounted(identity, OBSERVATIONS + 1);
    await expectAtRest(identity);
    const after = await publishedCounts();
    report(
      `${after.withdrawn - before.withdrawn} withdrawn, ${after.changed - before.changed} found, ${seconds.toFixed(1)} s`,
    );
    expect(after.withdrawn).toBeGreaterThan(0);
    expect(await countEntries()).toBe(after.changed - after.withdrawn);
  });

  it("an erasure of another attacker recomputes all of it", async () => {
    const other = attackerUuid(freshSeed(), 1);
    await deliver([payload({ attacker_uuid: other, primitive: CHANGING, ts: fromTs })]);
    await call("POST", `/identities/${identity}/merge`, { body: { loser_uuid: stubIdentityUuid(other) } });
    await expectAtRest(identity);
    const start = Date.now();
    await call("DELETE", `/attackers/${other}`, { statuses: [200, 202, 204] });
    await expectAtRest(identity);
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
    const { changed, withdrawn } = await publishedCounts();
    expect(await countEntries()).toBe(changed - withdrawn);
  });

  it("reads: now, and as of a time before all of its changes and in the middle", async () => {
    const start = Date.now();
    for (const asOfTs of [null, fromTs + 10, fromTs + OBSERVATIONS / 2]) {
      const answer = await stub.readEvidence(asOfTs, null);
      if (answer.outcome !== "evidence") throw new Error(`expected evidence, got ${answer.outcome}`);
      const { change }: { change: { changes: unknown[] }[] } = JSON.parse(answer.body);
      expect(change).toHaveLength(1);
    }
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
  });

  it("a page of 16 series of the longest values, all different: its row stays far below the limit", async () => {
    const wide = attackerUuid(freshSeed(), 2);
    const wideIdentity = stubIdentityUuid(wide);
    const primitives = Array.from({ length: PAGE }, (_, p) => `cognitive.wide_${p}`);
    for (let i = 0; i < 130; i++) {
      await deliver([
        {
          events: primitives.map((primitive) =>
            payload({
              attacker_uuid: wide,
              primitive,
              value: longValue(i),
              evidence_ref: `limits/${i}#0`,
              ts: fromTs + i,
            }),
          ),
        },
      ]);
    }
    await expectAtRest(wideIdentity);
    const rows = await runInDurableObject(env.IDENTITIES.getByName(wideIdentity), (_, { storage }) =>
      storage.sql
        .exec<{ primitives: string; body: number; kept: number }>(
          "SELECT primitives, octet_length(body) AS body, octet_length(kept) AS kept FROM states",
        )
        .toArray(),
    );
    const kept = rows.reduce((sum, row) => sum + row.kept, 0);
    report(`${rows.length} pages, ${Math.round(kept / PAGE)} bytes kept of a series`);
    for (const { body, kept: bytes } of rows) expect(body + bytes).toBeLessThan(1_000_000);
    // Two checkpoints and the state now.
    expect(kept / PAGE).toBeLessThanOrEqual(3 * 4_096 + 512);
  });
});
