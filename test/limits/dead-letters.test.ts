/** 10,000 dead letters: kept from one batch, listed, erased among, and put back on the queue. The tests build on one another. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deliver } from "../setup/deliver.ts";
import { report } from "../setup/limits/use.ts";
import { payload } from "../setup/payload.ts";
import { call, eventually, NOW_TS, numberOf, sweepOnce } from "./world.ts";

const LETTERS = 10_000;
/** Letters that speak of one attacker. */
const OF_ONE = 1_200;
const COUNT = "SELECT count(*) FROM dead_letters";

const erased = crypto.randomUUID();

interface Letters {
  readonly data: readonly { readonly id: string }[];
  readonly next_cursor: string | null;
}

async function listAll(): Promise<Set<string>> {
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`;
    const page: Letters = await call<Letters>("GET", `/dead-letters?limit=1000${query}`);
    for (const { id } of page.data) ids.add(id);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return ids;
}

describe("[long work] 10,000 dead letters", () => {
  it("kept from one batch of 100 messages", async () => {
    const others = Array.from({ length: 100 }, () => crypto.randomUUID());
    const bad = (i: number) =>
      payload({ attacker_uuid: i < OF_ONE ? erased : others[i % 100], ts: NOW_TS - i, value: null });
    const bodies = Array.from({ length: 100 }, (_, i) => ({
      events: Array.from({ length: LETTERS / 100 }, (__, j) => bad(i * 100 + j)),
    }));
    for (let left: unknown[] = bodies, runs = 0; left.length > 0 && runs < 20; runs++) {
      const ids = left.map((body) => `letters-${bodies.indexOf(body as (typeof bodies)[number])}`);
      const { explicitAcks } = await deliver(left, { ids });
      left = left.filter((_, i) => !explicitAcks.includes(ids[i] ?? ""));
    }
    expect(await numberOf(COUNT)).toBe(LETTERS);
  });

  it("listed, in pages of 1,000", async () => {
    expect((await listAll()).size).toBe(LETTERS);
    await call("GET", "/stats");
  });

  it("erasure of an attacker that 1,200 of them speak of", async () => {
    await deliver([payload({ attacker_uuid: erased, ts: NOW_TS - 60 })]);
    await call("DELETE", `/attackers/${erased}`);
    await eventually(async () => {
      await sweepOnce();
      expect(await numberOf(COUNT)).toBe(LETTERS - OF_ONE);
    });
    expect(await numberOf(`${COUNT} WHERE instr(body, ?1) > 0`, erased)).toBe(0);
  });

  it("replayed, all of them: each comes through and leaves the list", async () => {
    // What was refused is made whole, as if the rule that refused it had been wrong.
    await env.DB.prepare("UPDATE dead_letters SET body = json_set(body, '$.value', 'typed')").run();
    await env.DB.prepare("UPDATE dead_letters SET body_bytes = octet_length(body)").run();
    const letters = await numberOf(COUNT);
    const start = Date.now();
    let replayed = 0;
    for (let requests = 0; requests < 50; requests++) {
      const answer = await call<{ replayed: number; remaining: boolean }>("POST", "/dead-letters/replay", {
        statuses: [200, 202],
      });
      replayed += answer.replayed;
      await eventually(async () =>
        expect(await numberOf(COUNT)).toBe(answer.remaining ? letters - replayed : 0),
      );
      if (!answer.remaining) break;
    }
    report(`${((Date.now() - start) / 1_000).toFixed(1)} s`);
    expect(replayed).toBe(letters);
    expect(await numberOf(COUNT)).toBe(0);
  });
});
