/**
 * `npm run simulate`: the same options give the same bytes, labels are correct, and sessions are sent.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRegistry, parseMessage } from "../../src/core/index.ts";
import { SCENARIOS } from "../../src/simulate/index.ts";
import { startTinyWorker, type TinyWorker } from "./tiny-worker.ts";

const END = "2026-11-20T00:00:00Z";
const END_TS = Date.parse(END) / 1_000;

let directory = "";
let worker: TinyWorker;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "simulate-test-"));
  worker = await startTinyWorker();
});

afterEach(async () => {
  await worker.close();
  await rm(directory, { recursive: true, force: true });
});

async function simulate(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const result = await execa(process.execPath, ["src/cli/simulate.ts", ...args], {
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
  });
  return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

function lines(text: string): unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("npm run simulate", { timeout: 30_000 }, () => {
  it("writes the same bytes to a file as to standard output, one message of the contract per line", async () => {
    const file = join(directory, "sessions.ndjson");
    const written = await simulate("--end", END, "--seed", "7", "--out", file);
    const printed = await simulate("--end", String(END_TS), "--seed", "7");
    expect([written.exitCode, written.stdout, printed.exitCode]).toEqual([0, "", 0]);
    expect(await readFile(file, "utf8")).toBe(printed.stdout);
    const messages = lines(printed.stdout);
    expect(messages).toHaveLength(SCENARIOS.reduce((sum, { sessions }) => sum + sessions, 0));
    const context = { registry: createRegistry(), receivedTs: END_TS };
    const outcomes = messages.flatMap((message) =>
      parseMessage(message, context).map(({ outcome }) => outcome),
    );
    expect(new Set(outcomes)).toEqual(new Set(["observation"]));
  });

  it("labels every attacker with its scenario and the expected states", async () => {
    const file = join(directory, "labels.ndjson");
    const { stdout } = await simulate("--end", END, "--identities", "20", "--labels", file);
    const labels = lines(await readFile(file, "utf8"));
    expect(labels).toHaveLength(20);
    expect(labels[2]).toMatchObject({
      scenario: "shared-credentials",
      sessions: 8,
      expected_states: { "motor.input_modality": "multi_actor" },
      expected_suspicion: true,
    });
    const sent = new Set(stdout.match(/"attacker_uuid":"[^"]+"/g));
    const labelled = new Set(
      labels.map((label) => JSON.stringify(label).match(/"attacker_uuid":"[^"]+"/)?.[0]),
    );
    expect(labelled).toEqual(sent);
  });

  it("labels no states if the number of sessions is another", async () => {
    const file = join(directory, "labels.ndjson");
    await simulate("--end", END, "--scenario", "steady-operator", "--sessions", "2", "--labels", file);
    expect(lines(await readFile(file, "utf8"))).toEqual([
      expect.objectContaining({ sessions: 2, expected_states: null, expected_suspicion: null }),
    ]);
  });

  it("sends everything to a Worker, the attackers with their addresses first", async () => {
    const { exitCode, stderr } = await simulate("--identities", "3", "--url", worker.url);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("0 refused");
    expect([...worker.attackers.values()]).toEqual(
      Array.from({ length: 3 }, () => ({ ip: expect.stringMatching(/^192\.0\.2\.\d+$/) })),
    );
    expect(worker.requests.findIndex((request) => request.startsWith("POST"))).toBe(3);
    const events = worker.posts.flat();
    expect(stderr).toContain(`${events.length} observations accepted`);
    expect(new Set(events.map((event) => event.attacker_uuid)).size).toBe(3);
    expect(events.map(({ ts }) => ts ?? 0)).toEqual(
      events.map(({ ts }) => ts ?? 0).toSorted((a, b) => a - b),
    );
    expect(Math.max(...events.map(({ ts }) => ts ?? 0))).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  it("fails with the reason if a Worker refuses an observation", async () => {
    worker.refuse = ({ primitive }) =>
      primitive === "motor.input_modality"
        ? { code: "invalid_field", field: "value", detail: "value must be something else" }
        : null;
    const { exitCode, stderr } = await simulate("--scenario", "steady-operator", "--url", worker.url);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("7 refused");
    expect(stderr).toContain("invalid_field: value must be something else");
  });

  it.each([
    [["--seed", "-1"], "--seed"],
    [["--seed", "4294967296"], "seed must be a whole number from 0 to 4294967295, got 4294967296"],
    [["--identities", "many"], "It must be a whole number"],
    [["--sessions", "0"], "sessions must be a whole number from 1 to 1000, got 0"],
    [["--scenario", "made-up"], "Allowed choices are steady-operator"],
    [["--end", "yesterday"], "It must be epoch seconds or an ISO 8601 time"],
    [["--end", "1790000000000"], "this looks like milliseconds"],
    [["--out", "x", "--url", "http://127.0.0.1:1"], "cannot be used with option"],
  ])("refuses %j by name", async (args, message) => {
    const { exitCode, stdout, stderr } = await simulate(...args);
    expect(stderr).toContain(message);
    expect([exitCode, stdout]).toEqual([1, ""]);
  });
});
