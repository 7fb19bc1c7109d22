/** `GET /identities/{uuid}/evidence`, states with evidence, the list and the totals by evidence, and the events in histories and streams. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { z } from "zod";
import { stubIdentityUuid } from "../../../src/core/index.ts";
import type { evidenceSchema } from "../../../src/evidence/wire.ts";
import type { attributionSchema } from "../../../src/http/attribution/wire.ts";
import type { eventSchema } from "../../../src/http/events/wire.ts";
import type { identitySummarySchema } from "../../../src/http/identities/wire.ts";
import { nextAttackerUuid } from "../../setup/attackers.ts";
import { deliver, pieces } from "../../setup/deliver.ts";
import { get, readAll } from "../../setup/get.ts";
import { payload } from "../../setup/payload.ts";
import { ask, readProblem, TOKENS } from "../../setup/request.ts";
import { StreamClient } from "../../stream/client.ts";

type Evidence = z.infer<typeof evidenceSchema>;
type Attribution = z.infer<typeof attributionSchema>;
type Summary = z.infer<typeof identitySummarySchema>;

const API = "/api/v1";
const NUMBER = "toolchain.c2.beacon_interval_ms";
const HASH = "toolchain.crypto.ja3";
/** Seconds from one session to the next, and of a session. */
const STEP = 3_600;
const LENGTH = 600;
const now = () => Math.floor(Date.now() / 1_000);

/** Sessions that end now, each with two traits. */
function sessionsOf(attackerUuid: string, values: readonly (readonly [number, string])[]) {
  const startTs = now() - values.length * STEP;
  return values.map(([number, hash], i) => {
    const start = startTs + i * STEP;
    const session = {
      attacker_uuid: attackerUuid,
      source: "sensor",
      window: { start_ts: start, end_ts: start + LENGTH },
      ts: start + LENGTH,
      evidence_ref: `cowrie:sensor/${attackerUuid}-${i}#close`,
    };
    return {
      events: [
        payload({ ...session, primitive: NUMBER, value: number }),
        payload({ ...session, primitive: HASH, value: hash }),
      ],
    };
  });
}

async function observe(values: readonly (readonly [number, string])[]) {
  const attackerUuid = nextAttackerUuid();
  const identityUuid = stubIdentityUuid(attackerUuid);
  const messages = sessionsOf(attackerUuid, values);
  for (const piece of pieces(messages, 20)) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    await deliver(piece);
  }
  return { attackerUuid, identityUuid, messages };
}

async function read<T>(path: string): Promise<T> {
  const response = await get(`${API}/${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return response.json();
}

const evidenceOf = (uuid: string, query = "") => read<Evidence>(`identities/${uuid}/evidence${query}`);

/** Numbers that repeat in no simple way. */
const noise = (i: number) => ((i * 7_919) % 101) / 10;

/** Slow, and from session 60 on fast. */
const turning = Array.from({ length: 100 }, (_, i): [number, string] => [
  (i < 60 ? 100 : 400) + noise(i),
  i < 60 ? "a" : "b",
]);
const steady = Array.from({ length: 30 }, (_, i): [number, string] => [100 + noise(i), "a"]);
/** Two who take turns, a few sessions each. */
const shared = Array.from({ length: 64 }, (_, i): [number, string] => {
  const isOther = Math.floor(i / 3) % 2 === 1;
  return [(isOther ? 900 : 100) + noise(i), isOther ? "b" : "a"];
});

type Observed = Awaited<ReturnType<typeof observe>>;
let changed: Observed;
let calm: Observed;
let pair: Observed;

async function eventsOf(uuid: string) {
  const { data } = await readAll<z.infer<typeof eventSchema>>(
    `${API}/identities/${uuid}/transitions?limit=1000`,
  );
  return data;
}

/** @throws Error until the events are published and the read model is up to date */
async function isPublished(): Promise<void> {
  const typesOf = async (uuid: string) => (await eventsOf(uuid)).map(({ type }) => type);
  const { data } = await read<{ data: Summary[] }>("identities?limit=1000");
  const isThere =
    (await typesOf(changed.identityUuid)).includes("evidence.changed") &&
    (await typesOf(pair.identityUuid)).includes("evidence.operators") &&
    data.every(({ evidence }) => evidence.e !== null);
  if (!isThere) throw new Error("the events of evidence must be published");
}

beforeAll(async () => {
  [changed, calm, pair] = await Promise.all([observe(turning), observe(steady), observe(shared)]);
  await vi.waitFor(isPublished, { timeout: 30_000, interval: 100 });
});

describe("[evidence] GET /identities/{uuid}/evidence", () => {
  it("says when a series has changed, and what it was before and is after", async () => {
    const { identity_uuid, policy, e, change, commands } = await evidenceOf(changed.identityUuid);
    expect([identity_uuid, typeof policy, typeof e]).toEqual([changed.identityUuid, "string", "number"]);
    expect(commands).toBeNull();
    expect(change.map(({ primitive }) => primitive)).toEqual([NUMBER, HASH].toSorted());
    const number = change.find(({ primitive }) => primitive === NUMBER);
    const [first, ...others] = number?.changes ?? [];
    expect(others).toEqual([]);
    const switchTs = Number(changed.messages[60]?.events[0]?.["ts"]);
    expect(Math.abs((first?.since_ts ?? 0) - switchTs)).toBeLessThanOrEqual(2 * STEP);
    expect(first?.ts).toBeGreaterThan(switchTs);
    expect(first?.e).toBeGreaterThanOrEqual(3_200);
    expect(first?.effect).toBeGreaterThan(2);
    expect(first?.before).toMatchObject({ median: expect.closeTo(105, -1) });
    expect(first?.after).toMatchObject({ median: expect.closeTo(405, -1) });
    expect(number?.regime_since_ts).toBeGreaterThan(first?.ts ?? 0);
    const published = (await eventsOf(changed.identityUuid)).find(
      ({ type, payload: sent }) => type === "evidence.changed" && sent.primitive === NUMBER,
    );
    expect(published).toMatchObject({
      topic: "attribution.evidence.changed",
      payload: { identity_uuid: changed.identityUuid, primitive: NUMBER, ...first },
    });
  });

  it("of one primitive, and of none that is there", async () => {
    const whole = await evidenceOf(changed.identityUuid);
    const { change, ...rest } = await evidenceOf(changed.identityUuid, `?primitive=${HASH}`);
    expect(change).toEqual(whole.change.filter(({ primitive }) => primitive === HASH));
    expect(rest).toEqual({ ...rest, e: whole.e, operators: whole.operators });
    expect((await evidenceOf(changed.identityUuid, "?primitive=a.b")).change).toEqual([]);
  });

  it("says who sat at which session", async () => {
    const { operators } = await evidenceOf(pair.identityUuid);
    expect(operators).toMatchObject({ estimate: 2, sessions: 64, primitives: [NUMBER, HASH].toSorted() });
    expect(operators.gain).toBeGreaterThan(operators.needed ?? Infinity);
    expect(operators.groups.map(({ operator }) => operator)).toEqual([0, 1]);
    expect(operators.groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(operators.groups.map(({ values }) => Object.keys(values))).toEqual([
      [NUMBER, HASH].toSorted(),
      [NUMBER, HASH].toSorted(),
    ]);
    expect(operators.assignment.map(({ operator }) => operator)).toEqual(
      shared.map((_, i) => Math.floor(i / 3) % 2),
    );
    expect(operators.active).toBe(operators.assignment.at(-1)?.operator);
    for (const [i, each] of operators.assignment.entries()) {
      const session = pair.messages[i]?.events[0]?.["window"];
      expect({ start_ts: each.start_ts, end_ts: each.end_ts }).toEqual(session);
      expect(each).toMatchObject({ attacker_uuid: pair.attackerUuid });
      expect(each.probability).toBeGreaterThan(0.5);
    }
    expect((await evidenceOf(calm.identityUuid)).operators).toMatchObject({
      estimate: 1,
      sessions: 30,
      active: 0,
    });
  });

  it("as of a time is as it would have been", async () => {
    const asOfTs = Number(changed.messages[50]?.events[0]?.["ts"]);
    const { change, operators, commands } = await evidenceOf(changed.identityUuid, `?as_of=${asOfTs}`);
    expect(change.map(({ observations, changes }) => [observations, changes])).toEqual([
      [51, []],
      [51, []],
    ]);
    expect(operators.sessions).toBe(51);
    expect(commands).toBeNull();
    const before = await evidenceOf(changed.identityUuid, `?as_of=${asOfTs - 10 * 365 * 86_400}`);
    expect(before).toMatchObject({ change: [], operators: { estimate: 1, sessions: 0, active: null } });
  });

  it("is not sent again to a client that has it", async () => {
    const path = `${API}/identities/${changed.identityUuid}/evidence`;
    const tag = (await get(path)).headers.get("etag") ?? "";
    expect((await get(path, { headers: { "if-none-match": tag } })).status).toBe(304);
  });

  it("of one that is not known is 404, and a wrong question 422", async () => {
    const path = (uuid: string, query = "") => `${API}/identities/${uuid}/evidence${query}`;
    const unknown = await get(path(crypto.randomUUID()));
    expect((await readProblem(unknown)).code).toBe("not_found");
    for (const query of ["?primitive=x", "?as_of=-1", "?as_of=1714000000000", `?as_of=${now() + 200_000}`]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await get(path(changed.identityUuid, query));
      expect([query, response.status]).toEqual([query, 422]);
    }
    expect((await get(path("x"))).status).toBe(422);
    expect((await get(path(changed.identityUuid), { token: "ingest-token" })).status).toBe(403);
  });

  it.each([
    [{ EVIDENCE: "off" }, "EVIDENCE is off."],
    [{ EVIDENCE_THRESHOLD: "banana" }, "A variable is wrong: see GET /health."],
  ])("while evidence is switched off is 404: %o", async (variables, why) => {
    const options = { token: TOKENS.read, env: variables };
    const path = `${API}/identities/${changed.identityUuid}`;
    const problem = await readProblem(await ask("GET", `${path}/evidence`, options));
    expect(problem).toMatchObject({
      status: 404,
      code: "evidence_off",
      detail: `No evidence is computed. ${why}`,
    });
    const states = await (
      await ask("GET", `${path}/attribution?include=evidence`, options)
    ).json<Attribution>();
    expect(states.primitives.map(({ evidence }) => evidence)).toEqual([null, null]);
    const stats = await (await ask("GET", `${API}/stats`, options)).json<{ evidence: unknown }>();
    expect(stats.evidence).toBeNull();
  });
});

describe("[evidence] GET …/attribution?include=evidence", () => {
  it.each(["identities", "attackers"])("adds what is known to the states of %s", async (kind) => {
    const { attackerUuid, identityUuid } = changed;
    const path = `${kind}/${kind === "identities" ? identityUuid : attackerUuid}/attribution`;
    const bare = await (await get(`${API}/${path}`)).text();
    expect(bare).not.toContain("evidence");
    const { primitives, ...rest } = await read<Attribution>(`${path}?include=evidence`);
    const { change } = await evidenceOf(identityUuid);
    expect(primitives.map(({ primitive, evidence }) => ({ primitive, ...evidence }))).toEqual(
      change.map(({ primitive, e, changes }) => ({
        primitive,
        e,
        changed_since: changes.at(-1)?.since_ts ?? null,
      })),
    );
    const without = primitives.map(({ evidence: _, ...state }) => state);
    expect(JSON.parse(bare)).toEqual({ ...rest, primitives: without });
    expect((await get(`${API}/${path}?include=else`)).status).toBe(422);
  });

  it("as of a time says what was known then", async () => {
    const asOfTs = Number(changed.messages[50]?.events[0]?.["ts"]);
    const path = `identities/${changed.identityUuid}/attribution?include=evidence&as_of=${asOfTs}`;
    const { primitives } = await read<Attribution>(path);
    expect(primitives.map(({ evidence }) => evidence?.changed_since)).toEqual([null, null]);
  });
});

describe("[evidence] the list, and the totals", () => {
  const uuids = async (query: string) => {
    const { data } = await readAll<Summary>(`${API}/identities?${query}`);
    return data.map(({ uuid }) => uuid);
  };

  it("say what is known of each, and list by it", async () => {
    const all = await readAll<Summary>(`${API}/identities`);
    const of = (uuid: string) => all.data.find((each) => each.uuid === uuid)?.evidence;
    expect(of(changed.identityUuid)).toMatchObject({ changed_ts: expect.any(Number) });
    expect(of(calm.identityUuid)).toMatchObject({ changed_ts: null, operators: 1 });
    expect(of(pair.identityUuid)).toMatchObject({ operators: 2 });
    expect(await read<Summary>(`identities/${changed.identityUuid}`)).toMatchObject({
      evidence: of(changed.identityUuid),
    });
    expect(await uuids("evidence=changed")).toContain(changed.identityUuid);
    expect(await uuids("evidence=unchanged")).toContain(calm.identityUuid);
    expect(await uuids("evidence=several_operators")).toEqual([pair.identityUuid]);
    expect(await uuids(`changed_since=${now() + 80_000}`)).toEqual([]);
    const byChange = await uuids("sort=evidence_changed&limit=1");
    expect(byChange.toSorted()).toEqual(all.data.map(({ uuid }) => uuid).toSorted());
    const times = byChange.map((uuid) => of(uuid)?.changed_ts ?? -1);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect((await uuids("sort=e&limit=2")).toSorted()).toEqual(byChange.toSorted());
  });

  it("refuse what is no filter, no order, and a cursor of another order", async () => {
    for (const query of [
      "evidence=some",
      "sort=uuid",
      "changed_since=yesterday",
      "changed_since=1714000000000",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([query, (await get(`${API}/identities?${query}`)).status]).toEqual([query, 422]);
    }
    const { next_cursor } = await read<{ next_cursor: string }>("identities?sort=evidence_changed&limit=1");
    for (const sort of ["change", "e"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const problem = await readProblem(await get(`${API}/identities?sort=${sort}&cursor=${next_cursor}`));
      expect(problem).toMatchObject({ status: 422, errors: [{ field: "cursor" }] });
    }
  });

  it("count identities by evidence", async () => {
    const { evidence } = await read<{ evidence: Record<string, number> }>("stats");
    const changedUuids = await uuids("evidence=changed");
    expect(evidence).toEqual({
      unchanged: (await uuids("evidence=unchanged")).length,
      changed_within_day: (await uuids(`changed_since=${now() - 86_400}`)).length,
      several_operators: 1,
    });
    expect(changedUuids.length).toBeGreaterThan(0);
  });
});

describe("[evidence] streams", () => {
  it("name the events by their topics, in order, and go on after each", async () => {
    const { identityUuid } = changed;
    const history = await eventsOf(identityUuid);
    const open = async (from: string) =>
      new StreamClient(await get(`${API}/identities/${identityUuid}/events?last_event_id=${from}`));
    const client = await open("0");
    await client.untilPublished(history.length);
    expect(client.names[0]).toBe("snapshot");
    expect(client.published.map(({ seq }) => seq)).toEqual(history.map(({ seq }) => seq));
    expect(client.named("attribution.evidence.changed")).toEqual(
      history.filter(({ topic }) => topic === "attribution.evidence.changed"),
    );
    const nth = client.messages.findIndex(({ event }) => event === "attribution.evidence.changed");
    const rest = client.messages.slice(nth + 1).filter(({ id }) => id !== undefined);
    const again = await open(client.messages[nth]?.id ?? "");
    await again.untilPublished(rest.length);
    expect(again.published.map(({ id }) => id)).toEqual(
      rest.map(({ data }) => (JSON.parse(data) as { id: string }).id),
    );
    await Promise.all([client.close(), again.close()]);
  });

  it("of the other identity name the estimate", async () => {
    const client = new StreamClient(
      await get(`${API}/identities/${pair.identityUuid}/events?last_event_id=0`),
    );
    await client.until(({ names }) => expect(names).toContain("attribution.evidence.operators"));
    expect(client.named("attribution.evidence.operators")[0]).toMatchObject({
      type: "evidence.operators",
      payload: { identity_uuid: pair.identityUuid, estimate: 2, old_estimate: 1 },
    });
    await client.close();
  });
});

it("[evidence] a merged identity answers as the one it went into", async () => {
  const [winner, loser] = await Promise.all([observe(steady.slice(0, 9)), observe(steady.slice(0, 9))]);
  const merge = await ask("POST", `${API}/identities/${winner.identityUuid}/merge`, {
    token: TOKENS.admin,
    body: { loser_uuid: loser.identityUuid },
  });
  expect(merge.status).toBe(200);
  const read18 = async () => {
    const answer = await evidenceOf(loser.identityUuid);
    expect(answer.identity_uuid).toBe(winner.identityUuid);
    expect(answer.operators.sessions).toBe(18);
    expect(answer.change.map(({ observations }) => observations)).toEqual([18, 18]);
  };
  await vi.waitFor(read18, { timeout: 20_000, interval: 50 });
});
