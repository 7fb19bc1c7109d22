/**
 * `npm run observations`: stored rows, decoded, as a table and as NDJSON. The rows are written by the encodings of the Worker. Most tests ask
 * SQLite itself; those of the whole command a local database through Wrangler, which takes seconds for each question.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { applyLocalMigrations } from "../../src/cli/local-worker.ts";
import { askThroughWrangler } from "../../src/cli/observations/database.ts";
import { printStored } from "../../src/cli/observations/run.ts";
import { runWrangler } from "../../src/cli/wrangler.ts";
import { eventId, type Observation, placeOf } from "../../src/core/index.ts";
import { encodePage, readEvent } from "../../src/storage/history/codec.ts";
import { encodeSession } from "../../src/storage/sessions/codec.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ATTACKER = "44dcda6a-0000-4000-8000-8775a8501e2c";
const SILENT = "44dcda6a-0000-4000-8000-000000000000";
const IDENTITY = "8f6f0000-0000-4000-8000-000000000001";
const UNKNOWN = "00000000-0000-4000-8000-000000000009";

const observation = (i: number, overrides: Partial<Observation> = {}): Observation => ({
  id: `o-${i}`,
  attackerUuid: ATTACKER,
  primitive: `motor.p${i}`,
  value: '"typed"',
  confidence: 0.9,
  windowStartTs: 1_714_000_000 + i,
  windowEndTs: 1_714_000_060 + i,
  source: "cowrie",
  evidenceRef: `cowrie:sensor-a/${Math.floor(i / 3)}#close`,
  ts: 1_714_000_060 - i,
  identityRef: null,
  ...overrides,
});
/** Three sessions of three, and one with what an attacker may choose. */
const hostile = observation(9, {
  value: JSON.stringify("it's \u001B[31m red\nand \u202E back"),
  evidenceRef: "elsewhere",
});
const sessions = [...[0, 3, 6].map((first) => [0, 1, 2].map((i) => observation(first + i))), [hostile]];

const envelope = (seq: number, type: string, payload: object) =>
  JSON.stringify({
    v: 1,
    id: eventId(IDENTITY, seq),
    seq,
    topic: `attribution.${type}`,
    type,
    ts: 1_714_000_000 + seq,
    payload: { identity_uuid: IDENTITY, ...payload },
  });
const change = (seq: number, from: string, to: string) =>
  envelope(seq, "profile.state_changed", { primitive: "motor.p1", old_state: from, new_state: to, ts: 1 });
/** The first is stored as the version before did. */
const events = [
  change(1, "unknown", "stable"),
  change(2, "stable", "drifting"),
  change(3, "drifting", "conflicted"),
];

function seed(): string {
  const page = encodePage(
    IDENTITY,
    events.slice(1).map((event, i) => readEvent({ seq: i + 2, event })),
  );
  return [
    `INSERT INTO attackers (number, uuid, identity_uuid, ip) VALUES (1, '${SILENT}', NULL, NULL), (5000000, '${ATTACKER}', '${IDENTITY}', '192.0.2.7');`,
    ...sessions.map((each) => {
      const [first] = each;
      const place = first ? placeOf(first, 0) : 0;
      const body = encodeSession(each.map((one) => ({ observation: one, isUnlisted: false })));
      return `INSERT INTO sessions VALUES (5000000 * 4294967296 + ${place}, 1, ${each.length}, 0, 1, 2, x'${body}');`;
    }),
    `INSERT INTO observation_rows (attacker_uuid, primitive, evidence_ref, id, value, ts, confidence, window_start_ts, window_end_ts, source)
     VALUES ('${ATTACKER}', 'a.b', 'r', 'old', '1', 1, 1, 1, 1, 's');`,
    `INSERT INTO events (identity_uuid, seq, event) VALUES ('${IDENTITY}', 1, '${events[0]}');`,
    `INSERT INTO events (identity_uuid, seq, size, last_ts, event) VALUES ('${IDENTITY}', 3, 2, 1, x'${page}');`,
  ].join("\n");
}

let directory = "";
const flags = () => ["--persist-to", directory];
const sqlite = new DatabaseSync(":memory:");

beforeAll(async () => {
  for (const name of readdirSync("migrations")
    .filter((each) => each.endsWith(".sql"))
    .toSorted()) {
    sqlite.exec(readFileSync(join("migrations", name), "utf8"));
  }
  sqlite.exec(seed());
  directory = await mkdtemp(join(tmpdir(), "observations-"));
  await applyLocalMigrations(flags());
  const file = join(directory, "seed.sql");
  await writeFile(file, seed());
  const seeded = await runWrangler(["d1", "execute", "DB", "--local", ...flags(), "--file", file, "--yes"]);
  if (seeded.exitCode !== 0) throw new Error(`the seed must go in:\n${seeded.stdout}\n${seeded.stderr}`);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs the command as a separate process. */
const command = (...args: string[]) =>
  execa(process.execPath, ["src/cli/observations.ts", ...args, ...flags()], {
    reject: false,
    env: { NO_COLOR: "1" },
  });

/** What it prints, in this process. */
async function printed(overrides: object) {
  const [out, notes]: [string[], string[]] = [[], []];
  await printStored(
    { attackerUuid: null, identityUuid: null, isHistory: false, isJson: false, limit: 1_000, ...overrides },
    {
      databases: [{ name: "DB", ask: (sql) => Promise.resolve(sqlite.prepare(sql).all()) }],
      print: (line) => out.push(line),
      note: (line) => notes.push(line),
    },
  );
  return { out, notes: notes.join("\n") };
}

describe("[observations] of an attacker", () => {
  it("NDJSON has each observation once, as it was sent", async () => {
    const { stdout, stderr, exitCode } = await command("--attacker", ATTACKER.toUpperCase(), "--json");
    expect(exitCode).toBe(0);
    const lines = stdout.split("\n").map((line): { id: string } => JSON.parse(line));
    expect(lines.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      sessions.flat().map((each) => ({
        v: 1,
        id: each.id,
        attacker_uuid: ATTACKER,
        primitive: each.primitive,
        value: JSON.parse(each.value),
        confidence: 0.9,
        window: { start_ts: each.windowStartTs, end_ts: each.windowEndTs },
        source: "cowrie",
        evidence_ref: each.evidenceRef,
        ts: each.ts,
        identity_ref: null,
      })),
    );
    expect(stderr).toContain(
      `attacker ${ATTACKER} (192.0.2.7), identity ${IDENTITY}: 10 observations in 4 rows; 1 more wait`,
    );
  });

  it("the table has them by time, and no control character that the attacker chose", async () => {
    const { out } = await printed({ attackerUuid: ATTACKER });
    const [table = ""] = out;
    expect(table.match(/motor\.p\d/g)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => `motor.p${i}`));
    expect(table).toContain("2024-04-24T23:07:40.000Z");
    expect(table).toContain("it's ·[31m red·and · back");
  });

  it("a limit cuts both, and says so", async () => {
    const [json, table] = [
      await printed({ attackerUuid: ATTACKER, limit: 4, isJson: true }),
      await printed({ attackerUuid: ATTACKER, limit: 4 }),
    ];
    expect(json.out).toHaveLength(4);
    expect(table.out.join("").match(/motor\.p/g)).toHaveLength(4);
    expect(table.notes).toContain("4 of 10 observations");
  });

  it("one without observations prints none", async () => {
    const { out, notes } = await printed({ attackerUuid: SILENT });
    expect(out).toEqual([]);
    expect(notes).toContain(`${SILENT}, not registered: 0 observations in 0 rows`);
  });
});

describe("[observations] of an identity", () => {
  it("are those of its attackers", async () => {
    const { out } = await printed({ identityUuid: IDENTITY, isJson: true });
    expect(out).toHaveLength(10);
  });

  it.each([{ identityUuid: IDENTITY }, { attackerUuid: ATTACKER }])(
    "its history is there as it was sent, whatever the row: %j",
    async (subject) => {
      const { out } = await printed({ ...subject, isHistory: true, isJson: true });
      expect(out).toEqual(events);
    },
  );

  it("the command prints its history", async () => {
    const { stdout, stderr } = await command("--identity", IDENTITY, "--events", "--json");
    expect(stdout.split("\n")).toEqual(events);
    expect(stderr).toContain(`identity ${IDENTITY}: 3 events`);
  });

  it("its history as a table", async () => {
    const { out, notes } = await printed({ identityUuid: IDENTITY, isHistory: true, limit: 2 });
    expect(out.join("")).toMatch(
      /2 │ 2024-04-24T23:06:42.000Z │ profile.state_changed │ motor.p1 +│ stable +│ drifting/,
    );
    expect(out.join("")).not.toContain("conflicted");
    expect(notes).toContain("2 events, and more");
  });
});

describe("[observations] many", () => {
  it("rows of several attackers come once each, page by page", async () => {
    const uuids = [0, 1, 2].map((i) => `00000000-0000-4000-8000-00000000001${i}`);
    for (const [i, attackerUuid] of uuids.entries()) {
      sqlite.exec(
        `INSERT INTO attackers (number, uuid, identity_uuid) VALUES (${100 - i}, '${attackerUuid}', 'of-many')`,
      );
      const insert = sqlite.prepare(
        `INSERT INTO sessions VALUES (${100 - i} * 4294967296 + ?, 1, 1, 0, 1, 1, unhex(?))`,
      );
      for (let place = 0; place < 700; place++) {
        const one = observation(place, { attackerUuid, id: `${i}-${place}` });
        insert.run(place, encodeSession([{ observation: one, isUnlisted: false }]));
      }
    }
    const { out } = await printed({ identityUuid: "of-many", isJson: true, limit: Infinity });
    const ids = out.map((line): string => JSON.parse(line).id);
    expect(ids).toEqual(uuids.flatMap((_, i) => Array.from({ length: 700 }, (__, place) => `${i}-${place}`)));
    const { out: tables } = await printed({ identityUuid: "of-many", limit: 1_000 });
    expect(tables.map((table) => table.slice(0, 36))).toEqual(uuids.slice(0, 2));
  });

  it("events come once each, page by page", async () => {
    const insert = sqlite.prepare("INSERT INTO events (identity_uuid, seq, event) VALUES ('long', ?, ?)");
    for (let seq = 1; seq <= 250; seq++) insert.run(seq, change(seq, "unknown", "stable"));
    const all = await printed({ identityUuid: "long", isHistory: true, isJson: true, limit: Infinity });
    expect(all.out).toHaveLength(250);
    expect(new Set(all.out).size).toBe(250);
    expect(all.notes).toBe("identity long: 250 events");
    const some = await printed({ identityUuid: "long", isHistory: true, isJson: true, limit: 100 });
    expect(some.out).toEqual(all.out.slice(0, 100));
    expect(some.notes).toContain("100 events, and more");
  });
});

describe("[observations] errors are one clear line", () => {
  it.each([
    [{ attackerUuid: UNKNOWN }, `the attacker ${UNKNOWN} is not in DB`],
    [{ identityUuid: UNKNOWN }, `an attacker of the identity ${UNKNOWN} is not in DB`],
    [{ identityUuid: UNKNOWN, isHistory: true }, `there are no events of the identity ${UNKNOWN} in DB`],
    [{ attackerUuid: SILENT, isHistory: true }, `the attacker ${SILENT} is not registered`],
  ])("%j", async (options, expected) => {
    await expect(printed(options)).rejects.toThrow(expected);
  });

  it.each([
    [["--attacker", UNKNOWN], `the attacker ${UNKNOWN} is not in DB`],
    [[], "say whose observations to print: --attacker UUID or --identity UUID"],
    [["--attacker", "x"], "It must be a UUID."],
    [["--attacker", UNKNOWN, "--limit", "0"], "It must be a whole number from 1."],
    [["--attacker", UNKNOWN, "--database", "NOPE"], "Couldn't find a D1 DB with the name or binding 'NOPE'"],
    [
      ["--attacker", UNKNOWN, "--remote", "--config", "no.toml"],
      "no.toml cannot be read. Give another Wrangler file (--config).",
    ],
  ])("%j", async (args, expected) => {
    const { stdout, stderr, exitCode } = await command(...args);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  it("a database without tables says what to do", async () => {
    const empty = { isRemote: false, config: "wrangler.toml", persistTo: join(directory, "empty") };
    await expect(askThroughWrangler("DB", empty)("SELECT uuid FROM attackers")).rejects.toThrow(
      /^the database DB has no table attackers: .*npm run dev/,
    );
    const remote = askThroughWrangler("DB", { ...empty, isRemote: true }, () =>
      Promise.resolve({ exitCode: 1, stdout: "", stderr: "You are not authenticated." }),
    );
    await expect(remote("SELECT 1")).rejects.toThrow(
      "the database DB cannot be read: You are not authenticated.",
    );
  });
});
