/** One identity whose 1,000 primitives, with the longest names, all alternate: the longest lists that events can hold. */
import { describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { deliver, pieces } from "../setup/deliver.ts";
import { report } from "../setup/limits/use.ts";
import { receivedFor } from "../setup/outbound.ts";
import { payload } from "../setup/payload.ts";
import { call, eventually, NOW_TS, numberOf, primitiveName, expectAtRest } from "./world.ts";

const PRIMITIVES = 1_000;
/** Bytes of an event with its list as long as it may be. */
const EVENT_MOST_BYTES = 110_000;
/** Bytes of history that this identity may leave; as text, the lists of the suspicions would be 65 MB. */
const HISTORY_MOST_BYTES = 4_000_000;

const attacker = crypto.randomUUID();
const identityUuid = stubIdentityUuid(attacker);

interface Event {
  readonly seq: number;
  readonly type: string;
  readonly truncated?: boolean;
  readonly payload: { readonly primitives?: readonly string[] };
}

describe("[long work] 1,000 primitives that alternate", () => {
  it("every event is published, in order, and none is too large", async () => {
    const events = Array.from({ length: PRIMITIVES }, (_, i) =>
      ["a", "b", "a", "b"].map((value, j) =>
        payload({
          attacker_uuid: attacker,
          primitive: primitiveName(i),
          value,
          ts: NOW_TS - 10_000 + i * 4 + j,
        }),
      ),
    ).flat();
    for (const batch of pieces(pieces(events, 100), 10)) {
      const { retryMessages } = await deliver(batch.map((list) => ({ events: list })));
      expect(retryMessages).toEqual([]);
    }
    await eventually(async () => {
      const { states } = await call<{ states: Record<string, number> }>("GET", `/identities/${identityUuid}`);
      expect(states).toMatchObject({ multi_actor: PRIMITIVES });
    });
    await expectAtRest(identityUuid);
    const last = await numberOf("SELECT last_seq FROM identities WHERE uuid = ?1", identityUuid);
    await eventually(async () => {
      const seqs = new Set(receivedFor(identityUuid).map(({ seq }) => seq));
      expect(seqs.size).toBe(last);
    });
    const received = receivedFor(identityUuid);
    const bytes = received.map((event) => new TextEncoder().encode(JSON.stringify(event)).byteLength);
    report(`${last} events, the largest ${Math.max(...bytes)} bytes`);
    expect(Math.max(...bytes)).toBeLessThan(EVENT_MOST_BYTES);
    const suspicions = received.filter(({ type }) => type === "profile.multi_actor_suspected");
    expect(suspicions.length).toBeGreaterThanOrEqual(PRIMITIVES - 1);
    // 1,000 names of 128 bytes are more than an event may hold.
    expect(suspicions.at(-1)).toMatchObject({ truncated: true });
  });

  it("the history holds them in little room", async () => {
    const bytes = await numberOf(
      "SELECT sum(octet_length(event)) FROM events WHERE identity_uuid = ?1",
      identityUuid,
    );
    report(`${(bytes / 1_000_000).toFixed(1)} MB of history`);
    expect(bytes).toBeLessThan(HISTORY_MOST_BYTES);
  });

  it("the history is read to its end, as it was published", async () => {
    const read: Event[] = [];
    let cursor: string | null = null;
    let largest = 0;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page: { data: Event[]; next_cursor: string | null } = await call(
        "GET",
        `/identities/${identityUuid}/transitions?limit=1000${query}`,
      );
      largest = Math.max(largest, JSON.stringify(page).length);
      read.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    report(`largest page ${(largest / 1_000_000).toFixed(1)} MB`);
    const published = new Map<number, unknown>(receivedFor(identityUuid).map((event) => [event.seq, event]));
    expect(read.map(({ seq }) => seq)).toEqual(Array.from(read, (_, i) => i + 1));
    for (const event of read) expect(event).toEqual(published.get(event.seq));
    // An isolate has 128 MB for all the requests that it answers at a time.
    expect(largest).toBeLessThan(32_000_000);
  });
});
