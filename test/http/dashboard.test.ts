/** What the dashboard reads: rows of its list and the page of an identity, from what the consumer stored, and who may. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { call } from "../setup/api.ts";
import { deliver } from "../setup/deliver.ts";
import { get, type Page, readAll } from "../setup/get.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { payload, series } from "../setup/payload.ts";
import { ask, readProblem, TOKENS } from "../setup/request.ts";

const ROWS = "/api/v1/dashboard/identities";
const START_TS = 1_714_000_000;
const NOT_ANY = { unknown: 0, stable: 0, drifting: 0, conflicted: 0, multi_actor: 0 };

interface Row {
  readonly uuid: string;
  readonly attacker_count: number;
  readonly addresses: string[];
  readonly troubled: { primitive: string; state: string }[];
  readonly states: Record<string, number>;
}

interface Point {
  readonly primitive: string;
  readonly value: unknown;
  readonly is_cut: boolean;
  readonly ts: number;
  readonly evidence_ref: string;
  readonly attacker_uuid: string;
}

interface IdentityPage {
  readonly attackers: { uuid: string; ip: string | null }[];
  readonly recent: Point[];
}

interface EventPage {
  readonly data: { seq: number }[];
  readonly before_seq: number | null;
}

/** Registers an attacker from an address, delivers its events, and waits until as many of its identity are out. */
async function make(
  ip: string | null,
  events: (attackerUuid: string) => readonly Record<string, unknown>[],
  seq: number,
  identityUuid?: string,
): Promise<{ attackerUuid: string; identityUuid: string }> {
  const attackerUuid = crypto.randomUUID();
  const given = { ...(ip === null ? {} : { ip }), ...(identityUuid ? { identity_uuid: identityUuid } : {}) };
  expect((await call("PUT", `attackers/${attackerUuid}`, given)).status).toBe(201);
  await deliver([{ events: events(attackerUuid) }]);
  const uuid = identityUuid ?? stubIdentityUuid(attackerUuid);
  await waitForSeq(uuid, seq);
  return { attackerUuid, identityUuid: uuid };
}

const rowsOf = async (query = "") => (await readAll<Row>(`${ROWS}?limit=1000${query}`)).data;
const rowOf = async (uuid: string) => (await rowsOf()).find((row) => row.uuid === uuid);
const pageOf = async (uuid: string) => (await get(`${ROWS}/${uuid}`)).json<IdentityPage>();
const eventsOf = async (uuid: string, beforeSeq?: number) =>
  (
    await get(`${ROWS}/${uuid}/events${beforeSeq === undefined ? "" : `?before_seq=${beforeSeq}`}`)
  ).json<EventPage>();

describe("[dashboard] GET /dashboard/identities", () => {
  /** From the one that changed last. */
  const made: Record<"calm" | "troubled" | "suspected", string> = { calm: "", troubled: "", suspected: "" };

  beforeAll(async () => {
    const calm = (attacker: string) => series(attacker, "motor.input_modality", ["a", "a", "a"], START_TS);
    made.calm = (await make("192.0.2.1", calm, 3)).identityUuid;
    const troubled = (attacker: string) => [
      ...series(attacker, "toolchain.c2.beacon_interval_ms", [...Array(5).fill(60), ...Array(5).fill(100)]),
      ...series(attacker, "cognitive.cognitive_load", ["low", "low", "high"], START_TS + 1_000),
      ...series(attacker, "motor.input_modality", ["a", "a", "a"], START_TS + 2_000),
    ];
    // formed; unknown, stable, drifting; unknown, conflicted; unknown, stable.
    made.troubled = (await make("192.0.2.2", troubled, 8)).identityUuid;
    const suspected = (attacker: string) =>
      ["motor.keystroke_cadence", "motor.input_modality"].flatMap((primitive) =>
        series(attacker, primitive, ["a", "b", "a", "b"], START_TS + 9_000),
      );
    // formed; twice unknown, conflicted, multi_actor; the suspicion.
    made.suspected = (await make("192.0.2.3", suspected, 8)).identityUuid;
  });

  it("a row is the summary of the identity, its addresses, and what of it is not stable, by name", async () => {
    expect(await rowOf(made.troubled)).toEqual({
      uuid: made.troubled,
      attacker_count: 1,
      first_seen_at: START_TS,
      last_seen_at: START_TS + 2_120,
      last_change_ts: START_TS + 2_120,
      states: { ...NOT_ANY, stable: 1, drifting: 1, conflicted: 1 },
      multi_actor_suspected: null,
      evidence: { e: expect.closeTo(3 / 32, 1), changed_ts: null, operators: 1 },
      addresses: ["192.0.2.2"],
      troubled: [
        { primitive: "cognitive.cognitive_load", state: "conflicted" },
        { primitive: "toolchain.c2.beacon_interval_ms", state: "drifting" },
      ],
    });
    const primitives = ["motor.input_modality", "motor.keystroke_cadence"];
    expect(await rowOf(made.suspected)).toMatchObject({
      states: { ...NOT_ANY, multi_actor: 2 },
      multi_actor_suspected: primitives,
      troubled: primitives.map((primitive) => ({ primitive, state: "multi_actor" })),
    });
    expect(await rowOf(made.calm)).toMatchObject({ troubled: [], addresses: ["192.0.2.1"] });
  });

  it("most recently changed first, 50 at a time unless asked otherwise, each once", async () => {
    const { data, lengths } = await readAll<Row>(`${ROWS}?limit=1`);
    expect(lengths.every((length) => length === 1)).toBe(true);
    expect(data).toEqual(await rowsOf());
    const uuids = data.map(({ uuid }) => uuid);
    const own = uuids.filter((uuid) => Object.values(made).includes(uuid));
    expect(own).toEqual([made.suspected, made.troubled, made.calm]);
    expect(new Set(uuids).size).toBe(uuids.length);
  });

  it.each([
    ["state=multi_actor", ["suspected"]],
    ["state=drifting", ["troubled"]],
    ["state=stable", ["troubled", "calm"]],
    ["primitive=motor.input_modality", ["suspected", "troubled", "calm"]],
    ["primitive=motor.input_modality&state=stable", ["troubled", "calm"]],
    ["primitive=cognitive.cognitive_load&state=drifting", []],
  ] as const)("filtered by %s: %j", async (query, expected) => {
    const all = new Set(Object.values(made));
    const found = (await rowsOf(`&${query}`)).map(({ uuid }) => uuid).filter((uuid) => all.has(uuid));
    expect(found).toEqual(expected.map((name) => made[name]));
  });

  it("names the first three addresses, by when they were first seen, and counts every attacker", async () => {
    const identityUuid = crypto.randomUUID();
    // In no order of time, and one without an address.
    const firstSeen = { "198.51.100.4": 4, "198.51.100.1": 1, "198.51.100.3": 3, "198.51.100.2": 2 };
    for (const [ip, at] of Object.entries(firstSeen)) {
      const body = { ip, first_seen: START_TS + at, identity_uuid: identityUuid };
      expect((await call("PUT", `attackers/${crypto.randomUUID()}`, body)).status).toBe(201);
    }
    await make(null, (attacker) => [payload({ attacker_uuid: attacker, ts: START_TS })], 2, identityUuid);
    expect(await rowOf(identityUuid)).toMatchObject({
      attacker_count: 5,
      addresses: ["198.51.100.1", "198.51.100.2", "198.51.100.3"],
    });
  });

  it("what was merged away has no row; the winner's has the addresses of both", async () => {
    const one = (attacker: string) => [payload({ attacker_uuid: attacker })];
    const winner = await make("203.0.113.1", one, 2);
    const loser = await make("203.0.113.2", one, 2);
    expect(await rowOf(loser.identityUuid)).toBeDefined();
    const body = { loser_uuid: loser.identityUuid };
    expect((await call("POST", `identities/${winner.identityUuid}/merge`, body)).status).toBe(200);
    expect(await rowOf(loser.identityUuid)).toBeUndefined();
    const row = await rowOf(winner.identityUuid);
    expect(row?.attacker_count).toBe(2);
    expect(row?.addresses.toSorted()).toEqual(["203.0.113.1", "203.0.113.2"]);
  });

  it.each([
    ["state=sideways", "state"],
    ["primitive=one", "primitive"],
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["cursor=nonsense", "cursor"],
  ])("%s is refused by name", async (query, field) => {
    const response = await get(`${ROWS}?${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ field }] });
  });

  it("a cursor holds in its own order only", async () => {
    const { next_cursor: own } = await (await get(`${ROWS}?limit=1`)).json<Page<Row>>();
    expect(own).not.toBeNull();
    expect((await get(`${ROWS}?cursor=${own}`)).status).toBe(200);
    expect((await get(`${ROWS}?sort=e&cursor=${own}`)).status).toBe(422);
  });

  it("by evidence: filters and orders of the public list", async () => {
    const unchanged = (await rowsOf("&evidence=unchanged")).map(({ uuid }) => uuid);
    expect(unchanged).toEqual(expect.arrayContaining(Object.values(made)));
    expect(await rowsOf("&evidence=several_operators")).toEqual([]);
    expect(await rowsOf(`&changed_since=${START_TS}`)).toEqual([]);
    const uuids = (await rowsOf()).map(({ uuid }) => uuid);
    expect((await rowsOf("&sort=evidence_changed")).map(({ uuid }) => uuid)).toEqual(uuids);
  });
});

describe("[dashboard] GET /dashboard/identities/{uuid}", () => {
  it("of each primitive the observations that its state is judged by, oldest first, with their keys", async () => {
    const values = Array.from({ length: 13 }, (_, i) => i);
    const attackerUuid = crypto.randomUUID();
    const sent = [
      ...series(attackerUuid, "toolchain.c2.beacon_interval_ms", values),
      ...series(attackerUuid, "cognitive.cognitive_load", ["low", "unknown", "high"]),
      ...series(attackerUuid, "toolchain.ssh.hassh_client", ["aa", "aa", "bb"]),
    ];
    await deliver([{ events: sent }]);
    // The last ten numbers; what is no abstention; the latest of each hash.
    const expected = [sent[13], sent[15], ...sent.slice(3, 13), sent[17], sent[18]];
    expect((await pageOf(stubIdentityUuid(attackerUuid))).recent).toEqual(
      expected.map((event) => ({
        primitive: event?.["primitive"],
        value: event?.["value"],
        is_cut: false,
        ts: event?.["ts"],
        evidence_ref: event?.["evidence_ref"],
        attacker_uuid: attackerUuid,
      })),
    );
  });

  it.each([
    ["a text", "x".repeat(300), `"${"x".repeat(199)}…`, true],
    ["a list", Array.from({ length: 60 }, (_, i) => `k${i}`), null, true],
    ["a short list", ["a", "b"], ["a", "b"], false],
    ["a truth", true, true, false],
    ["a number", 1.5, 1.5, false],
  ])("%s comes as it is, a long one as the beginning of its text", async (_, value, shown, isCut) => {
    const attackerUuid = crypto.randomUUID();
    await deliver([payload({ attacker_uuid: attackerUuid, primitive: "custom.anything", value })]);
    const beginning = `${JSON.stringify(value).slice(0, 200)}…`;
    const expected = { value: isCut ? (shown ?? beginning) : shown, is_cut: isCut };
    const uuid = stubIdentityUuid(attackerUuid);
    expect((await pageOf(uuid)).recent).toMatchObject([expected]);
    const chart = await get(`${ROWS}/${uuid}/series?primitive=custom.anything`);
    expect(await chart.json()).toMatchObject({ data: [expected], has_more: false });
  });

  it("of all attackers of an identity, and a merged-away one's are its winner's", async () => {
    const at = (ts: number) => (attacker: string) => [payload({ attacker_uuid: attacker, ts })];
    const winner = await make("203.0.113.7", at(START_TS + 60), 2);
    const loser = await make("203.0.113.8", at(START_TS), 2);
    const alone = await pageOf(loser.identityUuid);
    expect(alone.recent.map(({ attacker_uuid }) => attacker_uuid)).toEqual([loser.attackerUuid]);
    expect(alone).toMatchObject({
      uuid: loser.identityUuid,
      attacker_count: 1,
      merged_from: [],
      last_seq: 2,
    });
    const body = { loser_uuid: loser.identityUuid };
    expect((await call("POST", `identities/${winner.identityUuid}/merge`, body)).status).toBe(200);
    const both = await pageOf(winner.identityUuid);
    expect(both.recent.map(({ attacker_uuid }) => attacker_uuid)).toEqual([
      loser.attackerUuid,
      winner.attackerUuid,
    ]);
    expect(both).toMatchObject({
      uuid: winner.identityUuid,
      attacker_count: 2,
      first_seen_at: START_TS,
      last_seen_at: START_TS + 60,
      merged_from: [loser.identityUuid],
      attackers: [{ uuid: loser.attackerUuid, ip: "203.0.113.8" }, { uuid: winner.attackerUuid }],
    });
    expect(await pageOf(loser.identityUuid)).toEqual(both);
    const chart = await get(`${ROWS}/${loser.identityUuid}/series?primitive=motor.input_modality`);
    expect((await chart.json<{ data: unknown[] }>()).data).toHaveLength(2);
  });

  it("of more than a hundred attackers some, and how many there are", async () => {
    const identityUuid = crypto.randomUUID();
    await make(null, (attacker) => [payload({ attacker_uuid: attacker, ts: START_TS })], 2, identityUuid);
    const put = () => call("PUT", `attackers/${crypto.randomUUID()}`, { identity_uuid: identityUuid });
    for (let i = 0; i < 101; i += 1) expect((await put()).status).toBe(201);
    const page = await pageOf(identityUuid);
    expect(page.attackers).toHaveLength(100);
    expect(page).toMatchObject({ attacker_count: 102 });
  });

  it("nothing recent where nothing was observed, 404 where nobody is known", async () => {
    const attackerUuid = crypto.randomUUID();
    await call("PUT", `attackers/${attackerUuid}`, {});
    const uuid = stubIdentityUuid(attackerUuid);
    expect(await pageOf(uuid)).toMatchObject({ recent: [], last_seq: 0, attacker_count: 1 });
    expect(await eventsOf(uuid)).toEqual({ data: [], before_seq: null });
    const unknown = crypto.randomUUID();
    for (const path of [`${ROWS}/${unknown}`, `${ROWS}/${unknown}/events`]) {
      expect(await readProblem(await get(path))).toMatchObject({ status: 404, code: "not_found" });
    }
    expect((await get(`${ROWS}/not-a-uuid`)).status).toBe(422);
  });
});

describe("[dashboard] GET /dashboard/identities/{uuid}/events", () => {
  it("the newest hundred by seq, then those before, until the first", async () => {
    const turning = (attacker: string) =>
      Array.from({ length: 90 }, (_, i) => `motor.p${i}`).flatMap((primitive) =>
        series(attacker, primitive, ["a", "a", "a"]),
      );
    // formed, then two of each primitive.
    const { identityUuid } = await make(null, turning, 181);
    const seqs = ({ data }: EventPage) => data.map(({ seq }) => seq);
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const newest = await eventsOf(identityUuid);
    expect(seqs(newest)).toEqual(range(82, 181));
    expect(newest.before_seq).toBe(82);
    const oldest = await eventsOf(identityUuid, 82);
    expect(seqs(oldest)).toEqual(range(1, 81));
    expect(oldest.before_seq).toBeNull();
    const all = await readAll<unknown>(`/api/v1/identities/${identityUuid}/transitions?limit=1000`);
    expect([...oldest.data, ...newest.data]).toEqual(all.data);
  });

  it("ends where the older ones are gone", async () => {
    const { identityUuid } = await make(null, (attacker) => [payload({ attacker_uuid: attacker })], 2);
    await env.DB.prepare("UPDATE identities SET last_seq = 500 WHERE uuid = ?1").bind(identityUuid).run();
    expect(await eventsOf(identityUuid)).toEqual({ data: [], before_seq: null });
  });

  it.each(["0", "-1", "x", "1.5"])("before_seq=%s is refused by name", async (value) => {
    const response = await get(`${ROWS}/${crypto.randomUUID()}/events?before_seq=${value}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field: "before_seq" }] });
  });
});

describe("[dashboard] who may read it", () => {
  const paths = [
    ROWS,
    `${ROWS}/${stubIdentityUuid(crypto.randomUUID())}`,
    `${ROWS}/${stubIdentityUuid(crypto.randomUUID())}/events`,
    "/api/v1/dashboard/overview",
  ];

  it.each(paths)(
    "%s: by a token of the scope read or admin, not by a sensor's, not without",
    async (path) => {
      const statusOf = async (token?: string) =>
        (await ask("GET", path, token === undefined ? {} : { token })).status;
      const well = path.includes("identities/") ? 404 : 200;
      expect(await statusOf(TOKENS.read)).toBe(well);
      expect(await statusOf(TOKENS.admin)).toBe(well);
      expect(await statusOf(TOKENS.ingest)).toBe(403);
      expect(await statusOf("wrong-token")).toBe(401);
      expect(await statusOf()).toBe(401);
    },
  );

  it.each(paths)("%s: by the cookie of a session of such a scope, until one signs out", async (path) => {
    const cookieOf = async (token: string) => {
      const response = await ask("POST", "/api/v1/session", { body: { token } });
      return String(response.headers.get("set-cookie")).split(";")[0] ?? "";
    };
    const statusOf = async (cookie: string) => (await ask("GET", path, { headers: { cookie } })).status;
    expect(await statusOf(await cookieOf(TOKENS.read))).toBe(path.includes("identities/") ? 404 : 200);
    expect(await statusOf(await cookieOf(TOKENS.ingest))).toBe(403);
    expect(await statusOf("__Host-attribution_session=1.made.up")).toBe(401);
    expect(await statusOf("")).toBe(401);
  });
});
