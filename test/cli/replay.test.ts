import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ReplayOptions, runReplay } from "../../src/cli/replay/run.ts";
import { attackerUuidOfAddress } from "../../src/core/index.ts";
import { startTinyWorker, type TinyWorker } from "./tiny-worker.ts";

vi.setConfig({ testTimeout: 30_000 });

let worker: TinyWorker;
let directory: string;
beforeEach(async () => {
  worker = await startTinyWorker();
  directory = await mkdtemp(join(tmpdir(), "replay-"));
});
afterEach(async () => {
  await worker.close();
  await rm(directory, { recursive: true, force: true });
});

interface Run {
  readonly isGood: boolean;
  readonly out: string;
  readonly err: string;
}

/** Runs a replay in this process. An error that ends it is added to standard error, as the command does. */
async function replay(files: string | string[], overrides: Partial<ReplayOptions> = {}): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const progress = new Writable({
    write: (chunk, _encoding, done) => {
      err.push(String(chunk));
      done();
    },
  });
  const options: ReplayOptions = {
    files: [files].flat(),
    url: worker.url,
    token: "dev-ingest-token",
    readToken: "dev-read-token",
    wordSecret: null,
    format: null,
    speed: null,
    sensor: null,
    hasshAlgorithms: null,
    retries: 8,
    settleSecs: 0.05,
    ...overrides,
  };
  try {
    const isGood = await runReplay(options, {
      print: (text) => out.push(text),
      complain: (text) => err.push(text),
      progress,
      color: false,
    });
    return { isGood, out: out.join("\n"), err: err.join("\n") };
  } catch (error) {
    return { isGood: false, out: out.join("\n"), err: [...err, String(error)].join("\n") };
  }
}

/** Runs the command as a separate process. */
async function command(...args: string[]) {
  return execa(process.execPath, ["src/cli/replay.ts", "--url", worker.url, "--settle", "0.05", ...args], {
    reject: false,
  });
}

async function save(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, content);
  return file;
}

/** A session of three lines: connect, banner, close. */
function session(id: string, address: string, second: number): string {
  const at = (offset: number) => `2026-03-22T00:00:${String(second + offset).padStart(2, "0")}.000000Z`;
  const base = { session: id, src_ip: address };
  return [
    { ...base, ts: at(0), ev: "cowrie.session.connect" },
    { ...base, ts: at(1), ev: "cowrie.client.version", version: "SSH-2.0-Go" },
    { ...base, ts: at(2), ev: "cowrie.session.closed", duration: 2 },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

const log = session("s1", "192.0.2.1", 0) + session("s2", "192.0.2.2", 5) + session("s3", "192.0.2.1", 9);

describe("[replay] a log", () => {
  it("is sent in order, and each attacker is registered once, before its observations", async () => {
    const run = await replay(await save("cowrie.json", log));
    expect(run.err).toBe("");
    expect(run.isGood).toBe(true);
    expect(worker.posts.flat().map(({ evidence_ref }) => evidence_ref)).toEqual([
      "cowrie:cowrie/s1#version",
      "cowrie:cowrie/s1#close",
      "cowrie:cowrie/s2#version",
      "cowrie:cowrie/s2#close",
      "cowrie:cowrie/s3#version",
      "cowrie:cowrie/s3#close",
    ]);
    const writes = worker.requests.filter((request) => !request.startsWith("GET"));
    expect(writes).toHaveLength(3);
    expect(writes[2]).toBe("POST /api/v1/observations");
    const begin = Date.UTC(2026, 2, 22) / 1000;
    expect(worker.attackers.get(attackerUuidOfAddress("192.0.2.1"))).toEqual({
      ip: "192.0.2.1",
      first_seen: begin,
      last_seen: begin + 2,
    });
    expect(run.out).toContain("3 sessions of 2 attackers: 6 observations accepted, 0 refused, in 1 requests");
    expect(run.out).toMatch(/drifting\s+│\s+1/);
  });

  it("gives the same bytes plain and as gzip, with any name, and when sent again", async () => {
    const plain = await replay(await save("pot.json", log));
    const zipped = await replay(await save("pot.log", gzipSync(log)));
    expect([plain.isGood, zipped.isGood]).toEqual([true, true]);
    expect(plain.out).toContain("6 observations are new.");
    expect(zipped.out).toContain("0 observations are new; 6 were there already");
    expect(worker.posts).toHaveLength(2);
    expect(JSON.stringify(worker.posts[1])).toBe(JSON.stringify(worker.posts[0]));
  });

  it("that is damaged gzip ends with an error that names the file", async () => {
    const file = await save("cut.gz", gzipSync(log.repeat(50)).subarray(0, 120));
    const run = await replay(file);
    expect(run.isGood).toBe(false);
    expect(run.err).toContain(`cannot read ${file}: `);
  });

  it("of an unknown format, or that does not exist, is named", async () => {
    const odd = await save("odd.json", '{"hello":1}\n');
    const unknown = await replay(odd);
    expect(unknown.isGood).toBe(false);
    expect(unknown.err).toContain(
      `${odd}, line 1: neither a Cowrie log, a terminal recording nor observations`,
    );
    const missing = await replay(join(directory, "none.json"));
    expect(missing.isGood).toBe(false);
    expect(missing.err).toContain("none.json");
    expect(worker.posts).toEqual([]);
  });

  it("with unreadable lines: the others are sent, the lines are named, and the run fails", async () => {
    const run = await replay(
      await save("cowrie.json", `${log}{"ev":"cowrie.login.failed","ts":"soon"}\n{"ev":`),
    );
    expect(run.isGood).toBe(false);
    expect(worker.posts.flat()).toHaveLength(6);
    expect(run.err).toContain("2 lines could not be read:");
    expect(run.err).toContain("line 10: neither timestamp nor ts is a time after 1970");
    expect(run.err).toContain("line 11: not JSON");
  });

  it("at a given speed is sent over time, one request per session", async () => {
    const beginMs = Date.now();
    const run = await replay(await save("cowrie.json", log), { speed: 10 });
    expect(run.isGood).toBe(true);
    expect(worker.posts.map((events) => events.length)).toEqual([2, 2, 2]);
    expect(Date.now() - beginMs).toBeGreaterThanOrEqual(900);
  });

  it("of many sessions is sent in several requests, in order, none above the limit", async () => {
    const many = Array.from({ length: 700 }, (_, index) =>
      session(`s${index}`, `192.0.2.${index % 50}`, 0),
    ).join("");
    const run = await replay(await save("cowrie.json", many));
    expect(run.isGood).toBe(true);
    expect(worker.posts.map((events) => events.length)).toEqual([1000, 400]);
    expect(worker.posts.flat().map(({ evidence_ref }) => /s(\d+)#/.exec(evidence_ref ?? "")?.[1])).toEqual(
      Array.from({ length: 1400 }, (_, index) => String(Math.floor(index / 2))),
    );
    expect(worker.requests.filter((request) => request.startsWith("PUT"))).toHaveLength(50);
  });
});

describe("[replay] refusals", () => {
  it("make the run fail, and the first ones are listed with code, field and detail", async () => {
    worker.refuse = ({ primitive }) =>
      primitive === "toolchain.ssh.client_banner"
        ? { code: "invalid_field", field: "value", detail: "value must be shorter" }
        : null;
    const many = Array.from({ length: 30 }, (_, index) => session(`s${index}`, "192.0.2.1", 0)).join("");
    const run = await replay(await save("cowrie.json", many));
    expect(run.isGood).toBe(false);
    expect(run.out).toContain("30 observations accepted, 30 refused");
    expect(run.err).toContain("30 observations were refused:");
    expect(run.err.match(/invalid_field in value: value must be shorter \(event "/g)).toHaveLength(10);
    expect(run.err).toContain("… and 20 more");
  });

  it("of all events do not end the run", async () => {
    worker.refuse = () => ({ code: "missing_field", field: "id", detail: "id is missing" });
    const run = await replay(await save("cowrie.json", log));
    expect(run.isGood).toBe(false);
    expect(run.err).toContain("missing_field in id: id is missing");
  });

  it("as dead letters during the run make it fail", async () => {
    const stats = worker.stats;
    let looks = 0;
    worker.stats = (stored) => {
      looks += 1;
      return { ...stats(stored), dead_letters: { too_large: looks === 1 ? 1 : 3 } };
    };
    const run = await replay(await save("cowrie.json", log));
    expect(run.isGood).toBe(false);
    expect(run.err).toMatch(/Dead letters since the beginning:\s+2;/);
  });
});

describe("[replay] an error during the run", () => {
  it("is retried and reported", async () => {
    worker.failures.push({ status: 503 });
    const run = await replay(await save("cowrie.json", log));
    expect(run.isGood).toBe(true);
    expect(run.err).toContain("HTTP 503; retry 1 of 8");
    expect(worker.posts.flat()).toHaveLength(6);
  });

  it("with a wrong token ends at once", async () => {
    const run = await replay(await save("cowrie.json", log), { token: "nope" });
    expect(run.isGood).toBe(false);
    expect(run.err).toContain("HTTP 401 (unauthorized): no such token");
  });

  it("about a missing HASSH table is reported before anything is sent", async () => {
    const run = await replay(await save("cowrie.json", log), {
      hasshAlgorithms: join(directory, "none.json"),
    });
    expect(run.err).toContain("none.json");
    expect(worker.requests).toEqual([]);
  });
});

describe("[replay] other formats", () => {
  const attacker = "44dcda6a-0000-4000-8000-8775a8501e2c";
  const payload = (id: string) => ({
    v: 1,
    id,
    attacker_uuid: attacker.toUpperCase(),
    primitive: "motor.input_modality",
    value: "typed",
    confidence: 1,
    window: { start_ts: 100, end_ts: 200 },
    source: "test",
    evidence_ref: id,
    ts: 200,
  });

  it("observations are sent unchanged: payloads, bus events and lists", async () => {
    const bus = { v: 1, topic: "attacker.observation.motor.input_modality", payload: payload("b") };
    const lines = [payload("a"), bus, { events: [payload("c"), bus] }].map((line) => JSON.stringify(line));
    const run = await replay(await save("made.ndjson", lines.join("\r\n")));
    expect(run.isGood).toBe(true);
    expect(worker.posts).toEqual([[payload("a"), bus, payload("c"), bus]]);
    expect([...worker.attackers]).toEqual([[attacker, { first_seen: 100 }]]);
  });

  it("a recording is detected by its lines", async () => {
    const base = { sid: "r1", src_ip: "192.0.2.7" };
    const lines = [
      { ...base, t: 1_525_628_000, ch: "o", n: 12 },
      { ...base, t: 1_525_628_001, ch: "i", d: "aaaaa aaaa\n" },
    ].map((line) => JSON.stringify(line));
    const run = await replay(await save("tty-pot.ndjson", lines.join("\n")));
    expect(run.isGood).toBe(true);
    expect(worker.posts.flat().map((event) => [event.primitive, event.evidence_ref])).toContainEqual([
      "motor.input_modality",
      "cowrie:pot/r1#keys",
    ]);
  });

  it("a HASSH table in the directory of the log is used without an option", async () => {
    const kex = { session: "s1", src_ip: "192.0.2.1", ts: "2026-03-22T00:00:00Z", ev: "cowrie.client.kex" };
    const hassh = "d9c2b0e4aa9d9c1bb6e0e0e5a3d2f9a1";
    const table = await readFile(
      await save("hassh-algorithms.json", JSON.stringify({ [hassh]: lists })),
      "utf8",
    );
    expect(table).toContain(hassh);
    const file = await save("cowrie.json", `${JSON.stringify({ ...kex, hassh })}\n`);
    const wrong = await replay(file);
    expect(wrong.err).toContain(`entry ${hassh} holds lists whose HASSH is ${rightHassh}`);
    await save("hassh-algorithms.json", JSON.stringify({ [rightHassh]: lists }));
    await save("cowrie.json", `${JSON.stringify({ ...kex, hassh: rightHassh })}\n`);
    const right = await replay(file);
    expect(right.isGood).toBe(true);
    expect(worker.posts.flat()).toContainEqual(
      expect.objectContaining({ primitive: "toolchain.ssh.kex_algorithm_order", value: ["kex-b", "kex-a"] }),
    );
  });

  const lists = { kex: "kex-b,kex-a", enc: "aes", mac: "hmac", comp: "none" };
  // echo -n 'kex-b,kex-a;aes;hmac;none' | md5sum
  const rightHassh = "ad3a2b77e053c3d0d2de2e7f2d7daa36";
});

it("[replay] identities that are not stable are shown, and a sample is called a sample", async () => {
  worker.states = (uuid) =>
    uuid === attackerUuidOfAddress("192.0.2.2")
      ? [
          {
            primitive: "motor.input_modality",
            current_value: "pasted",
            state: "multi_actor",
            confidence: 0.6,
            observation_count: 5,
            last_change_ts: 1,
            last_observation_ts: 2,
          },
        ]
      : [];
  const run = await replay(await save("cowrie.json", log));
  expect(run.out).toContain("The most interesting of 2 identities");
  expect(run.out).toMatch(/192\.0\.2\.2.*multi_actor.*motor\.input_modality \(5\)/);
  expect(run.out).not.toContain("most active");

  const crowd = Array.from({ length: 1_001 }, (_, each) =>
    session(`c${each}`, `10.0.${each >> 8}.${each & 255}`, 0),
  );
  const sampled = await replay(await save("crowd.json", crowd.join("")));
  expect(sampled.isGood).toBe(true);
  expect(sampled.out).toContain("Looked at the 1,000 most active of 1,001 attackers only.");
});

describe("[replay] the command", () => {
  it("ends with 0 after success, and prints only the result on standard output", async () => {
    const run = await command(await save("cowrie.json", log));
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run.stdout).toContain("6 observations accepted, 0 refused");
  });

  it("sends words with the secret of the option or of the environment, and none with an empty one", async () => {
    const line = { ts: "2026-03-22T00:00:01.000000Z", ev: "cowrie.command.input", tok: "uname", len: 5 };
    const file = await save(
      "words.json",
      `${JSON.stringify({ ...line, session: "s1", src_ip: "192.0.2.1" })}\n`,
    );
    const words = (secret: string) => [
      createHmac("sha256", secret).update("uname").digest("hex").slice(0, 16),
    ];
    const sent = async (args: readonly string[], secret: string) => {
      const before = worker.posts.length;
      const flags = ["--url", worker.url, "--settle", "0.05", file, ...args];
      const env = { WORD_SECRET: secret };
      await execa(process.execPath, ["src/cli/replay.ts", ...flags], { env });
      const events = worker.posts.slice(before).flat();
      expect(events.length).toBeGreaterThan(0);
      return events.flatMap(({ primitive, value }) =>
        primitive === "cognitive.command_words" ? [value] : [],
      );
    };
    expect(await sent(["--word-secret", "given"], "of the environment")).toEqual([words("given")]);
    expect(await sent([], "of the environment")).toEqual([words("of the environment")]);
    expect(await sent([], "")).toEqual([]);
  });

  it("ends with 1 if an observation was refused", async () => {
    worker.refuse = ({ evidence_ref }) =>
      evidence_ref?.endsWith("#close")
        ? { code: "invalid_field", field: "value", detail: "value must be shorter" }
        : null;
    const run = await command(await save("cowrie.json", log));
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("invalid_field in value: value must be shorter");
  });

  it("ends with 1 and a sentence if a file is missing", async () => {
    const run = await command(join(directory, "none.json"));
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/^replay: cannot read .*none\.json: /);
  });

  it("refuses invalid options and names them", async () => {
    const wrong: [string[], string][] = [
      [["--speed", "0"], "number above 0"],
      [["--format", "csv"], "cowrie, tty, observations"],
      [["--sensor", "a b"], "letters, digits"],
      [["--url", "localhost:8787"], "http://"],
      [["--retries", "-1"], "whole number"],
      [["--settle", "soon"], "number of seconds"],
    ];
    const file = await save("cowrie.json", log);
    const runs = await Promise.all(wrong.map(([args]) => command(...args, file)));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual(wrong.map(() => 1));
    for (const [index, run] of runs.entries()) expect(run.stderr).toContain(wrong[index]?.[1]);
    expect(worker.requests).toEqual([]);
  });

  it("--help names every option", async () => {
    const { stdout, exitCode } = await command("--help");
    expect(exitCode).toBe(0);
    for (const option of [
      "--url",
      "--token",
      "--read-token",
      "--format",
      "--speed",
      "--hassh-algorithms",
      "--sensor",
    ])
      expect(stdout).toContain(option);
  });
});
