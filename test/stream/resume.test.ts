/** Where a stream starts, what it follows, and how it goes on when what it follows becomes something else. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.ts";
import { deleteHistory, projectEvents } from "../../src/storage/index.ts";
import { deliver } from "../setup/deliver.ts";
import { payload, series } from "../setup/payload.ts";
import { PATIENCE, StreamClient } from "./client.ts";
import {
  everythingSource,
  fresh,
  get,
  historyOf,
  identitySource,
  idsOf,
  NEVER_MS,
  open,
  socketsOf,
  streamed,
} from "./setup.ts";

const PRIMITIVE = "motor.input_modality";

/** Events as a drain writes them. */
function write(identityUuid: string, from: number, to: number): Promise<unknown> {
  const events = Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    event: JSON.stringify({
      id: `${identityUuid}:${from + i}`,
      seq: from + i,
      topic: "attribution.profile.state_changed",
      type: "profile.state_changed",
      payload: { identity_uuid: identityUuid },
    }),
  }));
  return projectEvents(env.DB, identityUuid, events, {
    seq: to,
    projectedTs: to,
    policies: [],
    states: [],
    suspected: null,
    evidence: null,
  });
}

async function known() {
  const one = fresh();
  await deliver([payload({ attacker_uuid: one.attackerUuid })]);
  await historyOf(one.identityUuid, 2);
  return one;
}

const mergeInto = (loserUuid: string, winnerUuid: string | null) =>
  env.DB.prepare("UPDATE identities SET merged_into_uuid = ?2 WHERE uuid = ?1")
    .bind(loserUuid, winnerUuid)
    .run();

const seqsOf = (client: StreamClient) => client.published.map(({ seq }) => seq);
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("[§7] resuming", () => {
  it("[§7] a new stream's snapshot carries its place: nothing that comes after it is lost, even if the client goes at once", async () => {
    const { identityUuid } = await known();
    for (const path of [`/identities/${identityUuid}/events`, "/events"]) {
      const first = await open(path);
      await first.until(({ names }) => expect(names).toEqual(["snapshot"]));
      expect(first.lastEventId).toMatch(/^\d+$/);
      await first.close();
      const start = Math.max(
        ...(await historyOf(identityUuid, await count(identityUuid))).map(({ seq }) => seq),
      );
      await write(identityUuid, start + 1, start + 3);
      const again = await open(path, { "last-event-id": first.lastEventId });
      await again.until((client) => expect(idsOf(client, identityUuid)).toHaveLength(3));
      expect(again.names[0]).toBe("snapshot");
      expect(again.messages[0]?.id).toBeUndefined();
      await again.close();
    }
  });

  it.each(["identity", "everything"] as const)(
    "[§7] the stream of %s replays a history of many pages, in order, once",
    async (kind) => {
      const { identityUuid } = await known();
      const place = (await everythingSource()).first.id;
      for (let from = 3; from < 453; from += 90) await write(identityUuid, from, from + 89);
      const path = kind === "identity" ? `/identities/${identityUuid}/events` : "/events";
      const client = await open(`${path}?last_event_id=${place}`);
      await client.until((one) => expect(idsOf(one, identityUuid).length).toBeGreaterThanOrEqual(450));
      expect(seqsOf(client)).toEqual(upTo(3, 452));
      // Somewhere in the middle, as a client that went there would say.
      const middle = client.messages[200]?.id ?? "";
      const later = await open(`${path}?last_event_id=${place}`, { "last-event-id": middle });
      await later.until((one) => expect(seqsOf(one).at(-1)).toBe(452));
      expect(seqsOf(later)).toEqual(upTo(203, 452).slice(0));
      await client.close();
      await later.close();
    },
  );

  it("[§7] from the very beginning: 0", async () => {
    const { identityUuid } = await known();
    const client = await open(`/identities/${identityUuid}/events`, { "last-event-id": "0" });
    await client.until((one) => expect(seqsOf(one)).toEqual([1, 2]));
    await client.close();
  });

  it("[§7] a place that was never given out starts anew, and says where", async () => {
    const { identityUuid } = await known();
    for (const path of [`/identities/${identityUuid}/events`, "/events"]) {
      const client = await open(path, { "last-event-id": "999999999999999" });
      await client.until(({ names }) => expect(names).toEqual(["snapshot"]));
      expect(Number(client.lastEventId)).toBeLessThan(1e9);
      await client.close();
    }
  });

  it.each(["abc", "-1", "1.5", "1e3", "9".repeat(16), "1; DROP TABLE events", "0x10"])(
    "[§7] the place %s is 422 and named",
    async (place) => {
      const { identityUuid } = await known();
      for (const path of [`/identities/${identityUuid}/events`, "/events"]) {
        const header = await get(path, { "last-event-id": place });
        expect(header.status).toBe(422);
        expect(await header.json()).toMatchObject({ errors: [{ field: "last-event-id" }] });
        const query = await get(`${path}?last_event_id=${encodeURIComponent(place)}`);
        expect(query.status).toBe(422);
        expect(await query.json()).toMatchObject({ errors: [{ field: "last_event_id" }] });
      }
    },
  );
});

describe("[§6] what a stream follows", () => {
  it("[§7] an identity or attacker nobody knows is 404, and what is no UUID 422", async () => {
    for (const kind of ["identities", "attackers"]) {
      const unknown = await get(`/${kind}/${crypto.randomUUID()}/events`);
      expect(unknown.status).toBe(404);
      expect(await unknown.json()).toMatchObject({ code: "not_found" });
      expect((await get(`/${kind}/nobody/events`)).status).toBe(422);
    }
  });

  it("[§6] an attacker that waits has an empty snapshot, and gets everything once it is registered", async () => {
    const { attackerUuid, identityUuid } = fresh();
    const deferring = { ...env, UNKNOWN_ATTACKER: "defer" } as unknown as Env;
    await deliver(series(attackerUuid, PRIMITIVE, ["a", "a", "a"]), { env: deferring });
    const empty = await open(`/attackers/${attackerUuid}/events`);
    await empty.until(({ names }) => expect(names).toEqual(["snapshot"]));
    expect(empty.named("snapshot")).toEqual([
      { identity_uuid: null, policy: readConfig(env).policy.id, primitives: [] },
    ]);
    await empty.close();
    // By a poke of the object it is going to have.
    const source = await identitySource(attackerUuid, null, "attacker");
    const client = new StreamClient(streamed(source, { keepAliveMs: NEVER_MS }).response);
    await client.until(({ names }) => expect(names).toEqual(["snapshot"]));
    const registered = await exports.default.fetch(
      new Request(`https://x/api/v1/attackers/${attackerUuid}`, {
        method: "PUT",
        headers: { authorization: "Bearer ingest-token", "content-type": "application/json" },
        body: "{}",
      }),
    );
    expect(registered.status).toBe(200 + Number(registered.status === 201));
    await client.until((one) => expect(seqsOf(one)).toEqual([1, 2, 3]));
    expect(client.named("snapshot").map(({ identity_uuid: uuid }) => uuid)).toEqual([null, identityUuid]);
    await client.close();
  });

  it("[§6] while an identity is merged away its stream goes on with the winner's events, and comes back with it", async () => {
    const [loser, winner] = [await known(), await known()];
    const [l, w] = [loser.identityUuid, winner.identityUuid];
    const source = await identitySource(l);
    const client = new StreamClient(streamed(source, { keepAliveMs: 30 }).response);
    const shown = () => client.named("snapshot").map(({ identity_uuid: uuid }) => uuid);
    await client.until(() => expect(shown()).toEqual([l]));
    // What the winner said before the merge is no part of the loser's stream.
    await write(w, 3, 3);
    await write(l, 3, 6);
    await client.until(() => expect(idsOf(client, l)).toHaveLength(4));

    await mergeInto(l, w);
    // What the loser still had to say is published after the merge, in between what the winner says.
    await write(w, 4, 4);
    await write(l, 7, 7);
    await write(w, 5, 6);
    await client.until(() => expect(client.published).toHaveLength(8));
    expect(shown()).toEqual([l, w]);
    const merged = [`${w}:4`, `${l}:7`, `${w}:5`, `${w}:6`];
    const expected = [`${l}:3`, `${l}:4`, `${l}:5`, `${l}:6`, ...merged];
    expect(client.published.map(({ id }) => id)).toEqual(expected);
    await expect.poll(() => socketsOf(winner.stub), PATIENCE).toBe(1);

    const place = client.messages.find(({ data }) => data.includes(`${l}:6`))?.id ?? "";
    const again = await open(`/identities/${l}/events`, { "last-event-id": place });
    await again.until((one) => expect(one.published.map(({ id }) => id)).toEqual(merged));
    expect(again.named("snapshot")).toMatchObject([{ identity_uuid: w }]);
    await again.close();

    await mergeInto(l, null);
    await write(l, 8, 8);
    await client.until(() => expect(client.published.at(-1)?.id).toBe(`${l}:8`));
    expect(shown()).toEqual([l, w, l]);
    await write(w, 7, 7);
    await write(l, 9, 9);
    await client.until(() => expect(client.published.at(-1)?.id).toBe(`${l}:9`));
    expect(client.published.map(({ id }) => id)).not.toContain(`${w}:7`);
    await expect.poll(() => socketsOf(winner.stub), PATIENCE).toBe(0);
    await client.close();
  });

  it("[§6] a merge over HTTP is seen at once by whoever watches the loser, as is an unmerge", async () => {
    const [loser, winner] = [await known(), await known()];
    const [l, w] = [loser.identityUuid, winner.identityUuid];
    const source = await identitySource(l);
    const client = new StreamClient(streamed(source, { keepAliveMs: NEVER_MS }).response);
    await client.until(({ names }) => expect(names).toEqual(["snapshot"]));
    await expect.poll(() => socketsOf(loser.stub), PATIENCE).toBe(1);
    const admin = { method: "POST", headers: { authorization: "Bearer admin-token" } };
    const merged = await exports.default.fetch(
      new Request(`https://x/api/v1/identities/${w}/merge`, {
        ...admin,
        headers: { ...admin.headers, "content-type": "application/json" },
        body: JSON.stringify({ loser_uuid: l }),
      }),
    );
    expect(merged.status).toBe(200);
    await client.until(({ names }) => expect(names).toContain("identity.merged"));
    expect(client.named("snapshot").at(-1)).toEqual({ identity_uuid: w });
    const unmerged = await exports.default.fetch(
      new Request(`https://x/api/v1/identities/${l}/unmerge`, admin),
    );
    expect(unmerged.status).toBe(200);
    await client.until(({ names }) => expect(names).toContain("identity.unmerged"));
    expect(client.named("snapshot").at(-1)).toEqual({ identity_uuid: l });
    await client.close();
  });

  it("[§6] an attacker's stream goes where its link goes", async () => {
    const [one, other] = [await known(), await known()];
    const source = await identitySource(one.attackerUuid, null, "attacker");
    const client = new StreamClient(streamed(source, { keepAliveMs: 30 }).response);
    await client.until(({ names }) => expect(names).toEqual(["snapshot"]));
    await env.DB.prepare("UPDATE attackers SET identity_uuid = ?2 WHERE uuid = ?1")
      .bind(one.attackerUuid, other.identityUuid)
      .run();
    await write(other.identityUuid, 3, 3);
    await client.until(() => expect(idsOf(client, other.identityUuid)).toHaveLength(1));
    expect(client.named("snapshot").at(-1)).toEqual({ identity_uuid: other.identityUuid });
    await client.close();
  });

  it("[§6] a stream of what is not there any more ends", async () => {
    const { attackerUuid } = await known();
    const source = await identitySource(attackerUuid, null, "attacker");
    const { response, end } = streamed(source, { keepAliveMs: 30 });
    const client = new StreamClient(response);
    await env.DB.prepare("DELETE FROM attackers WHERE uuid = ?1").bind(attackerUuid).run();
    expect(await end).toBe("gone");
    await client.until(({ hasEnded }) => expect(hasEnded).toBe(true));
  });
});

it("[§7] retention keeps the newest event: a place that was given out is never given out again", async () => {
  const { identityUuid } = await known();
  const source = await everythingSource();
  expect(await deleteHistory(env.DB, 1e12, 1e6)).toBeGreaterThan(0);
  const client = new StreamClient(streamed(source, { keepAliveMs: 30 }).response);
  await write(identityUuid, 3, 4);
  await client.until(() => expect(idsOf(client, identityUuid)).toHaveLength(2));
  expect(Number(client.lastEventId)).toBe(Number(source.first.id) + 2);
  await client.close();
});

async function count(identityUuid: string): Promise<number> {
  const row = await env.DB.prepare("SELECT coalesce(sum(size), 0) AS n FROM events WHERE identity_uuid = ?1")
    .bind(identityUuid)
    .first<{ n: number }>();
  return row?.n ?? 0;
}
