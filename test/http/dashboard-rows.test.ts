/**
 * D1 rows that an open page of the dashboard reads, at the size that its bound is promised for: 5,000 identities and more
 * events than that; one of them with 5,000 events and 100,000 observations.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { shardsOf } from "../../src/shard.ts";
import { updateOverviews } from "../../src/overview/index.ts";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { countingDatabase } from "../storage/counting-database.ts";
import { deliver } from "../setup/deliver.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";
import { ask, TOKENS } from "../setup/request.ts";

/** Most rows of a load. */
const LOAD_ROWS = 1_000;
/** Most rows a second while observations come. */
const LIVE_ROWS = 50;

const IDENTITIES = 5_000;
const PRIMITIVES = 10;
const EVENTS = 5_000;
const OBSERVATIONS = 100_000;
const NOW_TS = 1_800_000_000;

const counting = countingDatabase(env.DB);
/** The identity with much of everything. */
const attackerUuid = crypto.randomUUID();
const identityUuid = stubIdentityUuid(attackerUuid);

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
  const value = "'\"typed\"'";
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
      `UPDATE identities SET last_seq = 2, last_change_ts = ${NOW_TS} - rowid_of.i FROM (
         ${MANY} SELECT i, ${UUID} AS uuid FROM n
       ) AS rowid_of WHERE identities.uuid = rowid_of.uuid`,
    ).bind(IDENTITIES),
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
    env.DB.prepare("UPDATE identities SET last_seq = ?2 WHERE uuid = ?1").bind(identityUuid, EVENTS + length),
    env.DB.prepare(
      `INSERT INTO observations (attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts,
         window_end_ts, source) ${MANY}
       SELECT ?2, 'motor.p' || (i % ${PRIMITIVES}), 'r' || i, 'o' || i, ${value}, 1700000000 + i, 1, 1, 1, 'test' FROM n`,
    ).bind(OBSERVATIONS, attackerUuid),
  ]);
}, 120_000);

const PAGE = `/dashboard/identities/${identityUuid}`;
/** What the page of an identity asks for when it is opened. */
const IDENTITY = [
  PAGE,
  `${PAGE}/events`,
  `/identities/${identityUuid}/attribution`,
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
    totals: { identities: IDENTITIES + 1, attackers: IDENTITIES + 1, events: IDENTITIES + EVENTS + 4 },
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

it("while observations come, what the page of an identity asks for reads next to no rows", async () => {
  expect(await rowsOf(`/identities/${identityUuid}/attribution`)).toBeLessThanOrEqual(LIVE_ROWS);
});
