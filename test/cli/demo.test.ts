/**
 * `npm run demo`: it shows the expected result, removes everything at its end, and detects a wrong result.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { demoCommand } from "../../src/cli/demo.ts";
import {
  describeSeen,
  describeStories,
  findDisagreements,
  renderSeen,
  type Seen,
} from "../../src/cli/demo-verdict.ts";
import { STATES } from "../../src/core/index.ts";
import { describeEvidence } from "../../src/cli/demo-evidence.ts";
import { castAttackers, SCENARIOS } from "../../src/simulate/index.ts";
import { type Running, start } from "./running.ts";

const PLAIN = { isColored: false, columns: 120 };

/** The answers of a Worker with the expected states. */
function asPromised(): Seen[] {
  return castAttackers({ seed: 1, endTs: 1_790_000_000 }).map((attacker) => {
    const { expected, isSuspected } = attacker.scenario;
    const primitives = Object.entries(expected).map(([primitive, state]) => ({
      primitive,
      state,
      current_value: `value of ${primitive}`,
    }));
    const alternating = primitives.filter(({ state }) => state === "multi_actor");
    return {
      attacker,
      identityUuid: "00000000-0000-4000-8000-000000000000",
      primitives,
      suspected: isSuspected ? alternating.map(({ primitive }) => primitive) : null,
    };
  });
}

/** The same with one scenario's part changed. */
function except(name: string, change: (seen: Seen) => Seen): Seen[] {
  return asPromised().map((seen) => (seen.attacker.scenario.name === name ? change(seen) : seen));
}

function withoutSuspicion(seen: Seen): Seen {
  return Object.assign({}, seen, { suspected: null });
}

describe("the demo's verdict", () => {
  it("finds no disagreement if all states are as expected", () => {
    expect(findDisagreements(asPromised())).toEqual([]);
  });

  it.each<[string, Seen[], string[]]>([
    [
      "another state",
      except("typing-to-pasting", (seen) => ({
        ...seen,
        primitives: seen.primitives.map((each) => ({
          ...each,
          state: each.primitive === "motor.input_modality" ? "stable" : each.state,
        })),
      })),
      ["typing-to-pasting: motor.input_modality is stable, not drifting"],
    ],
    [
      "a primitive that is missing",
      except("erratic-beacon", (seen) => ({ ...seen, primitives: seen.primitives.slice(1) })),
      ["erratic-beacon: toolchain.c2.beacon_interval_ms is missing, not conflicted"],
    ],
    [
      "a primitive that nobody sent",
      except("one-short-session", (seen) => ({
        ...seen,
        primitives: [...seen.primitives, { primitive: "motor.made_up", state: "stable", current_value: 1 }],
      })),
      ["one-short-session: motor.made_up was never sent"],
    ],
    [
      "a suspicion that was not published",
      except("shared-credentials", withoutSuspicion),
      ["shared-credentials: multi_actor_suspected was not published", "nobody is suspected"],
    ],
    [
      "a suspicion without reason",
      except("steady-operator", (seen) => ({ ...seen, suspected: ["a.b", "c.d"] })),
      ["steady-operator: multi_actor_suspected was published without reason"],
    ],
  ])("names %s", (_what, seen, expected) => {
    expect(findDisagreements(seen)).toEqual(expected);
  });

  it("names the states that no attacker is in", () => {
    const steady = asPromised().slice(0, 1);
    const absent = STATES.filter((state) => state !== "stable").map((state) => `nobody is ${state}`);
    expect(findDisagreements(steady)).toEqual([...absent, "nobody is suspected"]);
  });

  it.each([80, 120])("fits into a terminal of %d columns, and leaves out no state", (columns) => {
    const style = { isColored: false, columns };
    const seen = asPromised();
    const stories = describeStories(
      seen.map(({ attacker }) => attacker),
      style,
    );
    const text = [stories, renderSeen(seen, style), describeSeen(seen, style)].join("\n");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(columns);
    for (const word of [...STATES, ...SCENARIOS.map(({ name }) => name)]) expect(text).toContain(word);
    expect(text.includes("value now")).toBe(columns === 120);
  });

  it("tells of evidence only what is more than no change and one operator", () => {
    const operators = { estimate: 1, sessions: 9, active: 0, gain: 1, needed: 9, primitives: [] };
    const alike = { change: [], operators: { ...operators, groups: [], assignment: [] } };
    expect(describeEvidence([{ scenario: "calm", evidence: alike }])).toBe(
      "Evidence\n  no proven change, one operator each",
    );
    const shared = { ...alike, operators: { ...alike.operators, estimate: 2 } };
    expect(
      describeEvidence([
        { scenario: "calm", evidence: alike },
        { scenario: "shared", evidence: shared },
      ]),
    ).toBe("Evidence\n  shared: 2 operators");
  });

  it("has the same text with and without colours", () => {
    const colored = renderSeen(asPromised(), { ...PLAIN, isColored: true });
    // oxlint-disable-next-line no-control-regex -- that is what colours are made of
    expect(colored.replace(/\u001B\[\d+m/g, "")).toBe(renderSeen(asPromised(), PLAIN));
    expect(colored).not.toBe(renderSeen(asPromised(), PLAIN));
  });
});

describe("the demo's command line", () => {
  it.each(["0", "65536", "x", "80.5"])("refuses a port that is none: %s", (port) => {
    const command = demoCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    expect(() => command.parse(["--port", port], { from: "user" })).toThrow("whole number from 1 to 65535");
  });
});

describe("npm run demo", { timeout: 180_000 }, () => {
  let running: Running | null = null;
  let directory = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "demo-test-"));
  });

  afterEach(async () => {
    running?.destroy();
    await rm(directory, { recursive: true, force: true });
  });

  it("shows all five states and a suspicion, and leaves no process or file", async () => {
    const port = await getPort({ host: "127.0.0.1" });
    running = start("src/cli/demo.ts", ["--once", "--port", String(port)], { TMPDIR: directory });
    const { exitCode, output } = await running.ended;
    expect(output).toContain("All five states and a suspicion, as the scenarios promise.");
    expect(exitCode).toBe(0);
    expect(output).toMatch(/motor\.input_modality +│ multi_actor/);
    expect(output).toContain("shared-credentials: multi_actor_suspected was published");
    expect(output).toContain(`http://127.0.0.1:${port}/`);
    expect(output).toMatch(/curl -s -H 'Authorization: Bearer dev-read-token' \S+\/attribution/);
    await expect.poll(() => running?.isAnyoneLeft(), { timeout: 5_000 }).toBe(false);
    expect((await readdir(directory)).filter((name) => name.startsWith("attribution-demo"))).toEqual([]);
  });
});
