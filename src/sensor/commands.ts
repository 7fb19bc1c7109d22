/**
 * Derives findings from the commands of one session: their pace, their variety, their pipes. The sensors for Cowrie logs and
 * for terminal recordings read the commands and call these functions.
 */
import type { CommandShape } from "./command-shape.ts";
import type { Finding } from "./observation.ts";
import { gapsOf, median, sampleConfidence, spread } from "./statistics.ts";
import * as limits from "./thresholds.ts";

/** A command and the time at which it was sent, epoch seconds. */
export interface TimedCommand {
  readonly ts: number;
  readonly shape: CommandShape;
}

const PART = "commands";

/** Commands that show a new user where he is. */
const ORIENTATION = new Set(["uname", "id", "whoami", "pwd", "hostname", "w", "who"]);
/** Commands that end a shell regularly. */
const FAREWELLS = new Set(["exit", "logout"]);

/** The pace: `cognitive.inter_command_latency_class` from two inputs on, `…_consistency` from four inputs on.
 * @param times - time of each command, epoch seconds, ascending
 */
export function paceFindings(times: readonly number[]): Finding[] {
  const gaps = pausesOf(times);
  if (gaps.length === 0) return [];
  const confidence = sampleConfidence(gaps.length, limits.SAMPLES_FOR_HALF);
  const latency: Finding = {
    primitive: "cognitive.inter_command_latency_class",
    value: latencyClass(median(gaps)),
    confidence,
    part: PART,
  };
  if (gaps.length < limits.MIN_GAPS_FOR_CONSISTENCY) return [latency];
  return [
    latency,
    {
      primitive: "cognitive.inter_command_consistency",
      value: consistencyClass(spread(gaps)),
      confidence,
      part: PART,
    },
  ];
}

/** The gaps between inputs, seconds. Commands that arrived at once are one input, which the honeypot split. */
function pausesOf(times: readonly number[]): number[] {
  return gapsOf(times).filter((gap) => gap > limits.ONE_GO_SECS);
}

/** Findings from the first words: diversity, vocabulary, landing ritual, and a command that ends the shell. */
export function varietyFindings(shapes: readonly CommandShape[]): Finding[] {
  const words = shapes.map((shape) => shape.word).filter((word) => word !== "");
  const findings: Finding[] = [];
  const confidence = sampleConfidence(words.length, limits.SAMPLES_FOR_HALF);
  if (words.length >= limits.MIN_COMMANDS_FOR_DIVERSITY) {
    const distinct = new Set(words).size;
    const isLinear = distinct / words.length >= limits.LINEAR_PLAYBOOK_SHARE;
    const diversity = isLinear ? "linear_playbook" : "adaptive_branching";
    findings.push(
      { primitive: "cognitive.command_branch_diversity", value: diversity, confidence, part: PART },
      { primitive: "cognitive.tool_vocabulary", value: vocabularyClass(distinct), confidence, part: PART },
    );
  }
  if (words.length >= limits.MIN_LANDING_COMMANDS) {
    const first = words.slice(0, limits.LANDING_COMMANDS);
    const hits = first.filter((word) => ORIENTATION.has(word)).length;
    findings.push({
      primitive: "temporal.lifecycle_markers.landing_ritual",
      value: hits >= limits.LANDING_HITS ? "present" : "absent",
      confidence: sampleConfidence(first.length, limits.SAMPLES_FOR_HALF),
      part: PART,
    });
  }
  if (FAREWELLS.has(words.at(-1) ?? "")) findings.push(gracefulExit(PART));
  return findings;
}

/** Depth of pipes, from `MIN_PIPELINES` pipelines on: the median over the lines of pipes per pipeline. */
export function pipeFindings(shapes: readonly CommandShape[]): Finding[] {
  const pipelines = shapes.map((shape) => shape.separators + shape.lines);
  const total = pipelines.reduce((sum, count) => sum + count, 0);
  if (total < limits.MIN_PIPELINES) return [];
  const depth = median(shapes.map((shape, index) => shape.pipes / (pipelines[index] ?? 1)));
  return [
    {
      primitive: "motor.shell_mastery.pipe_chaining_depth",
      value: pipeClass(depth),
      confidence: sampleConfidence(total, limits.SAMPLES_FOR_HALF),
      part: PART,
    },
  ];
}

/** The finding that the shell was ended regularly. Its absence means nothing, because a log does not show every way to leave. */
export function gracefulExit(part: string): Finding {
  return {
    primitive: "temporal.lifecycle_markers.exit_behavior",
    value: "graceful",
    confidence: limits.READING_CONFIDENCE,
    part,
  };
}

/** The class of a median gap between commands, seconds. The names are those of the registry. `llm_lightweight` names a pace;
 * it does not state that a language model typed. */
function latencyClass(gapSecs: number): string {
  if (gapSecs <= limits.INSTANT_SECS) return "instant";
  if (gapSecs <= limits.TYPING_SPEED_SECS) return "typing_speed";
  if (gapSecs <= limits.DELIBERATE_SECS) return "deliberate";
  if (gapSecs <= limits.LLM_LIGHTWEIGHT_SECS) return "llm_lightweight";
  return gapSecs <= limits.LLM_HEAVYWEIGHT_SECS ? "llm_heavyweight" : "long";
}

/** The class of the spread of gaps between commands. */
function consistencyClass(gapSpread: number): string {
  if (gapSpread < limits.METRONOMIC_SPREAD) return "metronomic";
  return gapSpread > limits.BIMODAL_SPREAD ? "bimodal" : "variable";
}

function vocabularyClass(distinct: number): string {
  if (distinct <= limits.NARROW_VOCABULARY) return "narrow";
  return distinct >= limits.BROAD_VOCABULARY ? "broad" : "moderate";
}

function pipeClass(depth: number): string {
  if (depth >= limits.DEEP_PIPES) return "deep";
  return depth >= limits.MODERATE_PIPES ? "moderate" : "shallow";
}
