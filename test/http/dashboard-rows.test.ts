/**
 * D1 rows that an open page of the dashboard reads, at the size that its bound is promised for: 5,000 identities and more
 * events than that; one of them with 5,000 events and 100,000 observations.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { shardsOf } from "../../src/shard.ts";
import { updateOverviews } from "../../src/overview/index.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { encodeSession, type RecordedObservation } from "../../src/storage/sessions/codec.ts";
import { type PackedProfile, profileColumns } from "../../src/storage/profile.ts";
import { countingDatabase } from "../storage/counting-database.ts";
import { deliver } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";
import { ask, TOKENS } from "../setup/request.ts";

/** Most rows of a load. */
const LOAD_ROWS = 1_000;
/** Most rows of the evidence of an identity: twice its session rows without their bodies, of which this one has 2,000, and a few with them. */
const EVIDENCE_ROWS = 5_000;
/** Most rows a second while observations come. */
const LIVE_ROWS = 50;

const IDENTITIES = 5_000;
const PRIMITIVES = 40;
const EVENTS = 5_000;
const OBSERVATIONS = 100_000;
/** Observations of one of its sessions. */
const SESSION = 50;
const NOW_TS = 1_800_000_000;

const counting = countingDatabase(env.DB);
/** The identity with much of everything. */
const attackerUuid = crypto.randomUUID();
const identityUuid = stubIdentityUuid(attackerUuid);

/** An identity with as many events, of which more come: its object gives out their numbers. */
const liveAttackerUuid = crypto.randomUUID();
const liveUuid = stubIdentityUuid(liveAttackerUuid);

const MANY = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
/** The n-th identity of the crowd. */
const UUID = "printf('feedfeed-0000-4000-8000-%012d', i)";

/** An event in SQL. @param fields - SQL of pairs for `json_object` */
const eventSql = (fields: string) =>
  `json_object('v', 1, 'id', 'e-' || i, 'seq', i, 'topic', 'attribution.profile.state_changed',
     'type', 'profile.state_changed', 'ts', ${NOW_TS} - i, 'payload', json_object(${fields}))`;

async function rowsOf(...paths: readonly string[]): Promise<number> {
  counting.take();
  for (const path of paths) {
    const response = await ask("GET", `/api/v1${path}`, { token: TOKENS.read, env: { DB: counting.db } });
    expect(response.status, path).toBe(200);
    // A stream costs what it takes to begin it; the rest of it is not part of a load.
    if (path.endsWith("/events") && !path.includes("dashboard")) await response.body?.cancel();
    else await response.text();
  }
  return counting.take();
}

beforeAll(async () => {
  await deliver([{ events: series(attackerUuid, "motor.input_modality", ["a", "b", "a", "b", "a"]) }]);
  const { length } = await waitForSeq(identityUuid, 4);
  await deliver([{ events: series(liveAttackerUuid, "motor.input_modality", ["a"]) }]);
  await waitForSeq(liveUuid, 2);
  const states = Array.from({ length: PRIMITIVES }, (_, i): PackedProfile["states"][number] => [
    `motor.p${i}`,
    "stable",
    '"a"',
    1,
    9,
    1,
    2,
    0,
  ]);
  const { profile } = profileColumns({
    seq: 2,
    projectedTs: 1,
    policies: ["p"],
    states,
    suspected: null,
    evidence: null,
  });
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO attackers (uuid, identity_uuid, link_version, ip, first_seen_ts, last_seen_ts) ${MANY}
       SELECT printf('aaaaaaaa-0000-4000-8000-%012d', i), ${UUID}, 1, '198.18.0.1', 1, 2 FROM n`,
    ).bind(IDENTITIES),
    env.DB.prepare(
      `INSERT INTO attributions (identity_uuid, primitive, state, seq) ${MANY}
       SELECT ${UUID}, 'motor.p' || p.value, iif(i % 9 = 0, 'drifting', 'stable'), p.value
       FROM n, json_each(?2) AS p`,
    ).bind(IDENTITIES, JSON.stringify(Array.from({ length: PRIMITIVES }, (_, i) => i))),
    env.DB.prepare(
      `UPDATE identities SET profile = ?2, last_seq = 2, last_change_ts = ${NOW_TS} - numbered.i FROM (
         ${MANY} SELECT i, ${UUID} AS uuid FROM n
       ) AS numbered WHERE identities.uuid = numbered.uuid`,
    ).bind(IDENTITIES, profile),
    // Events of the crowd, then those of the one.
    env.DB.prepare(
      `INSERT INTO events (identity_uuid, seq, event) ${MANY} SELECT ${UUID}, 1, ${eventSql(
        "'old_state', 'unknown', 'new_state', 'stable', 'primitive', 'motor.p1', 'ts', 1700000000 + 60 * i",
      )} FROM n`,
    ).bind(IDENTITIES),
    env.DB.prepare(
      `INSERT INTO events (identity_uuid, seq, event) ${MANY} SELECT ?2, i + ?3, ${eventSql(
        "'old_state', 'stable', 'new_state', 'drifting', 'primitive', 'motor.p1', 'ts', 1700000000 + 60 * i",
      )} FROM n`,
    ).bind(EVENTS, identityUuid, length),
    env.DB.prepare(
      `INSERT INTO events (identity_uuid, seq, event) ${MANY} SELECT ?2, -i, ${eventSql("'ts', 1")} FROM n`,
    ).bind(EVENTS, liveUuid),
    env.DB.prepare("UPDATE identities SET last_seq = ?2 WHERE uuid = ?1").bind(identityUuid, EVENTS + length),
  ]);
  for (let from = 0; from < OBSERVATIONS; from += 500 * SESSION) {
    const bodies = Array.from({ length: 500 }, (_, i) => encodeSession(sessionFrom(from + i * SESSION)));
    await env.DB.prepare(
      `INSERT INTO sessions (id, version, size, is_full, first_ts, last_ts, body)
       SELECT number * 4294967296 + ?2 + key, 1, ?3, 0, 1700000000 + ?2 - 1 + key * ?3, 1700000000 + ?2 - 2 + (key + 1) * ?3, unhex(value)
       FROM attackers, json_each(?4) WHERE uuid = ?1`,
    )
      .bind(attackerUuid, from + 1, SESSION, JSON.stringify(bodies))
      .run();
  }
}, 120_000);

/** The observations of a session of the identity with much of everything. @param from - number of the first */
function sessionFrom(from: number): RecordedObservation[] {
  return Array.from({ length: SESSION }, (_, n) => ({
    observation: {
      id: `o${from + n}`,
      attackerUuid,
      primitive: `motor.p${n % PRIMITIVES}`,
      value: '"typed"',
      confidence: 1,
      windowStartTs: 1_700_000_000 + from,
      windowEndTs: 1_700_000_000 + from + SESSION,
      source: "test",
      evidenceRef: `r${from}#${n}`,
      ts: 1_700_000_000 + from + n,
      identityRef: null,
    },
    isUnlisted: false,
  }));
}

const PAGE = `/dashboard/identities/${identityUuid}`;
/** What the page of an identity asks for when it is opened. */
const IDENTITY = [
  PAGE,
  `${PAGE}/events`,
  `/identities/${identityUuid}/attribution?include=evidence`,
  `/identities/${identityUuid}/events`,
  "/events",
];

it("the overview reads a bounded number of rows before the first update, and says what it does not know", async () => {
  expect(await rowsOf("/dashboard/overview", "/events")).toBeLessThanOrEqual(LOAD_ROWS);
  const response = await ask("GET", "/api/v1/dashboard/overview", {
    token: TOKENS.read,
    env: { DB: counting.db },
  });
  expect(await response.json()).toMatchObject({
    event_count: 200,
    totals: { identities: null, states: null },
  });
});

it("the overview reads a bounded number of rows after it, and sums up and counts everything", async () => {
  await updateOverviews(shardsOf(env), NOW_TS);
  expect(await rowsOf("/dashboard/overview", "/events")).toBeLessThanOrEqual(LOAD_ROWS);
  const response = await ask("GET", "/api/v1/dashboard/overview", {
    token: TOKENS.read,
    env: { DB: counting.db },
  });
  expect(await response.json()).toMatchObject({
    event_count: EVENTS,
    totals: { identities: IDENTITIES + 2, attackers: IDENTITIES + 2, events: IDENTITIES + 2 * EVENTS + 6 },
  });
});

it("a page of the list reads a bounded number of rows, the next one too", async () => {
  expect(await rowsOf("/dashboard/identities", "/events")).toBeLessThanOrEqual(LOAD_ROWS);
  const response = await ask("GET", "/api/v1/dashboard/identities", { token: TOKENS.read });
  const { next_cursor: cursor } = await response.json<{ next_cursor: string }>();
  expect(await rowsOf(`/dashboard/identities?cursor=${cursor}`)).toBeLessThanOrEqual(LOAD_ROWS);
});

it("the page of an identity reads a bounded number of rows, an older page of its events and a chart too", async () => {
  expect(await rowsOf(...IDENTITY)).toBeLessThanOrEqual(LOAD_ROWS);
  expect(await rowsOf(`${PAGE}/events?before_seq=2500`)).toBeLessThanOrEqual(LOAD_ROWS);
  expect(await rowsOf(`${PAGE}/series?primitive=motor.input_modality`)).toBeLessThanOrEqual(LOAD_ROWS);
});

it("evidence reads a bounded number of rows, E over time and states with it none more; the list by evidence few", async () => {
  expect(await rowsOf(`/identities/${identityUuid}/evidence`)).toBeLessThanOrEqual(EVIDENCE_ROWS);
  expect(await rowsOf(`${PAGE}/evidence-path?primitive=motor.input_modality`)).toBeLessThanOrEqual(20);
  expect(await rowsOf(`/identities/${identityUuid}/attribution?include=evidence`)).toBeLessThanOrEqual(20);
  for (const filter of ["evidence=changed", "evidence=several_operators", "changed_since=1", "sort=e"]) {
    expect(await rowsOf(`/dashboard/identities?${filter}`), filter).toBeLessThanOrEqual(LOAD_ROWS);
  }
});

it("while observations come, an open page of an identity reads next to no rows: neither its streams nor itself", async () => {
  const open = (path: string) => ask("GET", path, { token: TOKENS.read, env: { DB: counting.db } });
  const streams = await Promise.all(
    [`/api/v1/identities/${liveUuid}/events`, "/api/v1/events"].map(async (path) => {
      const reader = (await open(path)).body?.getReader();
      if (!reader) throw new Error(`${path} must answer a stream`);
      await readUntil(reader, "event: snapshot");
      return reader;
    }),
  );
  counting.take();
  // An observation that only adds to a series, and one that brings a first state.
  await deliver([
    { events: series(liveAttackerUuid, "motor.input_modality", ["a"], 1_714_000_300) },
    { events: series(liveAttackerUuid, "motor.of_now", ["a"], 1_714_000_300) },
  ]);
  await Promise.all(streams.map((reader) => readUntil(reader, 'motor.of_now","old_state')));
  expect((await open(`/api/v1/identities/${liveUuid}/attribution`)).status).toBe(200);
  expect(counting.take()).toBeLessThanOrEqual(LIVE_ROWS);
  await Promise.all(streams.map((reader) => reader.cancel()));
}, 60_000);

/** Reads a stream until a text has come. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, text: string): Promise<void> {
  const decoder = new TextDecoder();
  for (let read = ""; !read.includes(text);) {
    // oxlint-disable-next-line no-await-in-loop -- each piece follows the one before
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream must bring ${text}, and ended after ${read}`);
    read += decoder.decode(value, { stream: true });
  }
}
