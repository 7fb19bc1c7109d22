/** Streams over a long history: they last, so they are the one thing that needs the queries of the paid plan. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { allowPaidPlan, report } from "../setup/limits/use.ts";
import { ask, TOKENS } from "../setup/request.ts";
import { storePage } from "../setup/history.ts";
import { eventsFrom } from "../storage/events.ts";
import { StreamClient } from "../stream/client.ts";
import { eventually, NOW_TS, numberOf } from "./world.ts";

describe("[long work] a stream", () => {
  /** More pages than one invocation may read. */
  const EVENTS = 50_000;
  /** Events of a packed row. */
  const PAGE = 20;

  it.each([
    ["of everything", "/events"],
    ["of an identity", null],
  ])("%s resumes through a history of 50,000 events, reconnecting where it must", async (_, fixed) => {
    allowPaidPlan();
    const identityUuid = crypto.randomUUID();
    await env.DB.prepare("INSERT INTO attackers (uuid, identity_uuid, link_version) VALUES (?1, ?2, 1)")
      .bind(crypto.randomUUID(), identityUuid)
      .run();
    const newest = await numberOf("SELECT coalesce(max(cursor), 0) FROM events");
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO events (cursor, identity_uuid, seq, event)
       SELECT ?4 + i, ?2, i, json_object('v', 1, 'id', 'e' || i, 'seq', i, 'ts', ?3,
         'topic', 'attribution.profile.state_changed', 'type', 'profile.state_changed',
         'payload', json_object('identity_uuid', ?2, 'primitive', 'a.b', 'new_state', 'stable')) FROM n`,
    )
      .bind(EVENTS / 2, identityUuid, NOW_TS, newest)
      .run();
    // The first half as the version before stored them, the second in rows of a few events.
    for (let from = EVENTS / 2 + 1; from <= EVENTS; from += PAGE) {
      await storePage(env.DB, identityUuid, eventsFrom(identityUuid, from, PAGE), NOW_TS);
    }
    await env.DB.prepare("UPDATE identities SET last_seq = ?2 WHERE uuid = ?1")
      .bind(identityUuid, EVENTS)
      .run();
    let [connections, seen] = [0, 0];
    let from = fixed === null ? "0" : String(newest);
    for (; seen < EVENTS && connections < 5_000; connections++) {
      const client = new StreamClient(
        await ask("GET", `/api/v1${fixed ?? `/identities/${identityUuid}/events`}`, {
          token: TOKENS.read,
          headers: { "last-event-id": from },
        }),
      );
      const want = EVENTS - seen;
      const came = () =>
        client.messages.filter(({ id, event }) => id !== undefined && event !== "snapshot").length;
      await eventually(async () => {
        if (came() < want && !client.hasEnded) throw new Error(`${came()} of ${want} came`);
      });
      seen += came();
      from = client.lastEventId;
      await client.close();
    }
    report(`${connections} connections`);
    expect(seen).toBe(EVENTS);
  });
});
