/** Puts a steady load on the real queue and compares memory and lag of the first minute with those of the last. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Measure, measureOf } from "../../bench/measures.ts";
import { median } from "../../bench/statistics.ts";
import { SESSION_PRIMITIVES } from "../../bench/workload.ts";
import type { Bench } from "./bench.ts";
import { figure } from "./figures.ts";

/** Sessions sent per second. A session has thirty observations; each session belongs to the next attacker. */
const SESSIONS_PER_SECOND = 10;
const ATTACKERS = 200;
/**
 * Seconds of load before the first minute counts. After them every identity is known, its object is in memory, and the
 * page caches of all objects' SQLite databases are full. On this machine one process holds all of them.
 */
const WARM_UP_SECS = 240;
const MINUTE_SECS = 60;
const SAMPLE_SECS = 5;

interface Minute {
  readonly messages: number;
  readonly lagMedianMs: number;
  readonly lagP99Ms: number;
  readonly backlog: number;
  readonly memoryMb: number;
}

/** Number of steps that a soak will report. */
export function soakSteps(minutes: number): number {
  return Math.ceil((minutes * MINUTE_SECS + WARM_UP_SECS) / SAMPLE_SECS);
}

/** Runs the load and compares the last minute with the first. */
export async function soak(bench: Bench, minutes: number): Promise<Measure[]> {
  await send(bench, WARM_UP_SECS, 0);
  const seen: Minute[] = [];
  for (let i = 0; i < minutes; i++) {
    seen.push(await send(bench, MINUTE_SECS, WARM_UP_SECS + i * MINUTE_SECS));
  }
  bench.raw["soak"] = { observationsPerSecond: SESSIONS_PER_SECOND * SESSION_PRIMITIVES, minutes: seen };
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last) throw new Error("a soak must last a minute at least");
  return [
    measureOf(
      "soak_memory",
      last.memoryMb / first.memoryMb,
      `${figure(first.memoryMb)} MB in the first minute, ${figure(last.memoryMb)} MB in the last of ${minutes}`,
    ),
    measureOf(
      "soak_lag",
      last.lagMedianMs / first.lagMedianMs,
      `from queued to applied, median ${figure(first.lagMedianMs)} ms in the first minute, ${figure(last.lagMedianMs)} ms in the last; p99 ${figure(first.lagP99Ms)} and ${figure(last.lagP99Ms)} ms; backlog ${last.backlog}`,
    ),
  ];
}

/** Sends for a number of seconds and takes a sample every `SAMPLE_SECS`. */
async function send(bench: Bench, secs: number, fromSecs: number): Promise<Minute> {
  const runtime = await bench.runtime();
  const startMs = Date.now();
  const samples: { messages: number; median: number; p99: number; backlog: number; memory: number }[] = [];
  for (let sec = 0; sec < secs; sec++) {
    const n = (fromSecs + sec) * SESSIONS_PER_SECOND;
    await runtime.ask({
      command: "send",
      workload: {
        group: "soak",
        firstAttacker: n % ATTACKERS,
        attackers: SESSIONS_PER_SECOND,
        mix: "session",
        from: Math.floor(n / ATTACKERS) * SESSION_PRIMITIVES,
        perAttacker: SESSION_PRIMITIVES,
        order: "by_attacker",
        perMessage: SESSION_PRIMITIVES,
        pointers: "by_day",
      },
    });
    if ((sec + 1) % SAMPLE_SECS === 0) {
      const { messages, median: middle, p99, backlog } = await runtime.lag();
      if (middle !== null && p99 !== null) {
        samples.push({ messages, median: middle, p99, backlog, memory: await runtime.memory() });
      }
      bench.step(`${messages} messages, lag ${figure(middle ?? 0)} ms`);
    }
    await sleep(Math.max(0, startMs + (sec + 1) * 1_000 - Date.now()));
  }
  if (samples.length === 0) throw new Error("messages must arrive, none did");
  return {
    messages: samples.reduce((sum, { messages }) => sum + messages, 0),
    lagMedianMs: median(samples.map((sample) => sample.median)),
    lagP99Ms: Math.max(...samples.map(({ p99 }) => p99)),
    backlog: samples.at(-1)?.backlog ?? 0,
    memoryMb: median(samples.map(({ memory }) => memory)) / 1e6,
  };
}
