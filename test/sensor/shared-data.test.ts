/**
 * The sensors on real honeypot logs and on labelled typing. The data lies beside the project and is not part of it; without
 * it these tests are skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createRegistry, parseMessage, PRIMITIVES } from "../../src/core/index.ts";
import {
  CowrieSensor,
  type LogSensor,
  readHasshTable,
  type SessionMessage,
  TtySensor,
} from "../../src/sensor/index.ts";
import { MACHINE_SPREAD, MIN_KEY_GAPS, THINKING_SECS } from "../../src/sensor/thresholds.ts";
import { spread } from "../../src/sensor/statistics.ts";
import { cadenceClass } from "../../src/sensor/tty-findings.ts";
import { valuesOf } from "./messages.ts";

const DATA = resolve("../shared/data");
const isHere = existsSync(DATA);

/** Expected observations of each primitive, for both files. */
const COUNTS_A = {
  "cognitive.command_branch_diversity": 81,
  "cognitive.inter_command_consistency": 8,
  "cognitive.inter_command_latency_class": 149,
  "cognitive.tool_vocabulary": 81,
  "environmental.locale": 9,
  "motor.shell_mastery.pipe_chaining_depth": 272,
  "temporal.lifecycle_markers.exit_behavior": 7,
  "temporal.lifecycle_markers.landing_ritual": 84,
  "temporal.session_duration": 6_402,
  "toolchain.payload.sha256": 100,
  "toolchain.ssh.client_banner": 5_841,
  "toolchain.ssh.hassh_client": 5_819,
  "toolchain.ssh.kex_algorithm_order": 5_819,
};
const COUNTS_B = {
  "cognitive.command_branch_diversity": 28,
  "cognitive.inter_command_consistency": 28,
  "cognitive.inter_command_latency_class": 38,
  "cognitive.tool_vocabulary": 28,
  "environmental.locale": 3,
  "motor.shell_mastery.pipe_chaining_depth": 31,
  "temporal.lifecycle_markers.landing_ritual": 29,
  "temporal.session_duration": 11_366,
  "toolchain.payload.sha256": 4,
  "toolchain.ssh.client_banner": 10_382,
  "toolchain.ssh.hassh_client": 10_382,
  "toolchain.ssh.kex_algorithm_order": 10_382,
};

const linesOf = (name: string) =>
  gunzipSync(readFileSync(`${DATA}/${name}.gz`))
    .toString()
    .trimEnd()
    .split("\n");

/** Replays a file as the command does. */
function replayed(sensor: LogSensor, name: string): SessionMessage[] {
  const sensorName = basename(name, ".ndjson").replace(/^(ssh|tty)-/, "");
  const messages: SessionMessage[] = [];
  for (const line of linesOf(name)) {
    const { problem, messages: over } = sensor.push(JSON.parse(line), sensorName);
    if (problem !== null) throw new Error(`${problem}: ${line}`);
    messages.push(...over);
  }
  return [...messages, ...sensor.end()];
}

/** Number of observations of each primitive. */
function countsOf(messages: readonly SessionMessage[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { primitive } of messages.flatMap(({ events }) => events))
    counts[primitive] = (counts[primitive] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Checks every rule of the contract on every message: parsed by the core itself, values listed, keys unique. */
function expectValid(messages: readonly SessionMessage[]): void {
  const registry = createRegistry();
  const events = messages.flatMap((message) => message.events);
  const problems: unknown[] = events.filter(({ primitive }) => !Object.hasOwn(PRIMITIVES, primitive));
  for (const message of messages) {
    const body = { events: message.events };
    if (Buffer.byteLength(JSON.stringify(body)) >= 128_000) problems.push(message);
    const parsed = parseMessage(body, { receivedTs: message.endTs + 1, registry });
    problems.push(...parsed.filter((each) => each.outcome !== "observation" || each.isUnlisted));
  }
  expect(problems).toEqual([]);
  const keys = new Set(
    events.map((event) => `${event.attacker_uuid} ${event.primitive} ${event.evidence_ref}`),
  );
  expect(keys.size).toBe(events.length);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
}

const hasshTable = () => readHasshTable(JSON.parse(readFileSync(`${DATA}/hassh-algorithms.json`, "utf8")));
const once = () => JSON.stringify(replayed(new CowrieSensor(), "ssh-2026-03-sensor-a.ndjson"));
const refs = (messages: readonly SessionMessage[]) =>
  new Set(
    messages.flatMap(({ events }) => events.map((event) => `${event.attacker_uuid} ${event.evidence_ref}`)),
  );

/** The cadence of every labelled session. */
const classes = () => {
  const times = new Map<string, number[]>();
  for (const row of linesOf("keystrokes-fixed-text.csv").slice(1)) {
    const [user = "", session = "", , press = ""] = row.split(",");
    const key = `${user}/${session}`;
    times.set(key, [...(times.get(key) ?? []), Number(press) / 1_000]);
  }
  return [...times].map(([key, pressed]) => {
    const gaps = pressed
      .slice(1)
      .map((time, index) => time - (pressed[index] ?? time))
      .filter((gap) => gap <= THINKING_SECS);
    return { user: key.split("/", 1)[0] ?? "", gaps, cadence: cadenceClass(gaps) };
  });
};

describe.skipIf(!isHere)(
  "[shared data] (skipped where ../shared/data is absent)",
  { timeout: 60_000 },
  () => {
    it("the calculated HASSH of each of the 73 entries is its key", () => {
      expect(hasshTable().size).toBe(73);
    });

    it.each([
      {
        name: "ssh-2026-03-sensor-a.ndjson",
        sessions: 6_402,
        sources: 508,
        counts: COUNTS_A,
      },
      {
        name: "ssh-2018-05-sensor-b.ndjson",
        sessions: 11_366,
        sources: 814,
        counts: COUNTS_B,
      },
    ])(
      "$name: one message for each of $sessions sessions, every one valid",
      ({ name, sessions, sources, counts }) => {
        const sensor = new CowrieSensor(hasshTable());
        const messages = replayed(sensor, name);
        expect(sensor.counts).toEqual({ sessions, silentSessions: 0, lateLines: 0 });
        expect(messages).toHaveLength(sessions);
        expect(new Set(messages.map(({ attackerUuid }) => attackerUuid)).size).toBe(sources);
        expect(messages.map(({ endTs }) => endTs)).toEqual(
          messages.map(({ endTs }) => endTs).toSorted((a, b) => a - b),
        );
        expect(countsOf(messages)).toEqual(counts);
        expectValid(messages);
      },
    );

    it("a second replay gives the same bytes", () => {
      expect(once()).toBe(once());
    });

    it("the recordings: 66.79.183.91 pastes, 88.223.26.58 types, 122.228.64.12 runs scripts 4 s apart", () => {
      const sensor = new TtySensor();
      const messages = replayed(sensor, "tty-2018-05-sensor-b.ndjson");
      expect(sensor.counts).toEqual({ sessions: 10, silentSessions: 0, lateLines: 0 });
      expectValid(messages);
      const of = (address: string) => messages.filter((message) => message.address === address).map(valuesOf);
      const pasted = { "motor.input_modality": "pasted", "motor.paste_burst_rate": "habitual" };
      expect(of("66.79.183.91")).toEqual([expect.objectContaining(pasted), expect.objectContaining(pasted)]);
      const typed = {
        "motor.input_modality": "typed",
        "motor.paste_burst_rate": "none",
        "motor.keystroke_cadence": "bursty",
        "temporal.lifecycle_markers.exit_behavior": "graceful",
      };
      expect(of("88.223.26.58")).toEqual([expect.objectContaining(typed), expect.objectContaining(typed)]);
      const scripted = {
        ...pasted,
        "motor.shell_mastery.pipe_chaining_depth": "shallow",
        "cognitive.inter_command_latency_class": "llm_lightweight",
        "cognitive.inter_command_consistency": "metronomic",
        "cognitive.feedback_loop_engagement": "fire_and_forget",
      };
      expect(of("122.228.64.12")).toEqual(Array.from({ length: 5 }, () => scripted));
    });

    it("recordings and log of one sensor point to the same commands", () => {
      const log = refs(replayed(new CowrieSensor(), "ssh-2018-05-sensor-b.ndjson"));
      const shared = [...refs(replayed(new TtySensor(), "tty-2018-05-sensor-b.ndjson"))].filter((ref) =>
        log.has(ref),
      );
      expect(shared.length).toBeGreaterThan(0);
      expect(shared.every((ref) => ref.endsWith("#commands"))).toBe(true);
    });

    describe("labelled typing: 60 typists, 4 sessions each", () => {
      it("no typist is classified as a machine", () => {
        const sessions = classes();
        expect(sessions).toHaveLength(240);
        expect(sessions.filter(({ cadence }) => cadence === "machine")).toEqual([]);
        expect(Math.min(...sessions.map(({ gaps }) => gaps.length))).toBeGreaterThan(MIN_KEY_GAPS);
        expect(Math.min(...sessions.map(({ gaps }) => spread(gaps)))).toBeGreaterThan(5 * MACHINE_SPREAD);
      });

      it("two sessions of one typist have the same cadence far more often than two of different typists", () => {
        const sessions = classes();
        const agree = { same: [0, 0], other: [0, 0] } satisfies Record<string, [number, number]>;
        for (const [index, one] of sessions.entries()) {
          for (const two of sessions.slice(index + 1)) {
            const pair = one.user === two.user ? agree.same : agree.other;
            pair[0] += one.cadence === two.cadence ? 1 : 0;
            pair[1] += 1;
          }
        }
        expect(agree.same[0] / agree.same[1]).toBeGreaterThan(0.8);
        expect(agree.other[0] / agree.other[1]).toBeLessThan(0.56);
      });
    });
  },
);
