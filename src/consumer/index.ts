/** The queue consumers: messages in, one verdict each. */
import { type Config, configProblems, ConfigError, tryConfig } from "../config.ts";
import { registryOf } from "../core/index.ts";
import { logError, logInfo } from "../log.ts";
import { keepAsDeadLetter, PUT_BACK_ATTEMPTS, putBack } from "./dead-letters.ts";
import { type BatchOutcome, processBatch } from "./process-batch.ts";
import { type MessageContent, readMessage } from "./read-batch.ts";
import { deadLetterDelaySecs, pausedVerdict, POSTPONED, type Verdict } from "./verdict.ts";

/**
 * Handles a batch of observations: everything in it is stored in one transaction per shard, then applied with one call
 * per identity. Each message is acknowledged when all of it is stored and applied, else put off on its own. While a
 * variable is wrong every message is put off, as in a pause. Never throws.
 */
export async function handleBatch(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now();
  const { contents, outcome } = await processMessages(batch, env, startMs);
  for (const [i, message] of batch.messages.entries()) {
    const verdict = outcome.verdicts[i] ?? POSTPONED;
    if (verdict.kind === "done") message.ack();
    else message.retry({ delaySeconds: verdict.delaySecs });
  }
  logInfo("batch", {
    messages: batch.messages.length,
    retried: outcome.verdicts.filter(({ kind }) => kind === "retry").length,
    paused: outcome.verdicts.some(isPaused),
    observations: sumOf(contents, ({ observations }) => observations.length),
    refused: sumOf(contents, ({ deadLetters }) => deadLetters.length),
    ignored: sumOf(contents, ({ ignored }) => ignored),
    expired: sumOf(contents, ({ expired }) => expired),
    applied: outcome.applied,
    transitions: outcome.transitions,
    identity_calls: outcome.identityCalls,
    duration_ms: Date.now() - startMs,
  });
}

/**
 * Handles messages that ran out of retries. Each is processed once more; what fails again becomes a dead letter in D1.
 * While D1 does not answer, during a pause, and while a variable is wrong they wait, longer each time. In a pause that
 * lasts they are put back on the queue of observations, so that no pause outlasts their retries. Never throws.
 */
export async function handleDeadLetters(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now();
  const { contents, outcome } = await processMessages(batch, env, startMs);
  const counts: Record<DeadLetterEnd, number> = { applied: 0, kept: 0, put_back: 0, waiting: 0 };
  for (const [i, message] of batch.messages.entries()) {
    const verdict = outcome.verdicts[i] ?? POSTPONED;
    // oxlint-disable-next-line no-await-in-loop -- one after the other: each may take several queries
    const end = await endOf(message, contents[i] ?? null, verdict, env, startMs / 1_000);
    counts[end]++;
    if (end === "waiting") message.retry({ delaySeconds: waitOf(message, verdict) });
    else message.ack();
  }
  logInfo("dead_letters", {
    messages: batch.messages.length,
    ...counts,
    paused: outcome.verdicts.some(isPaused),
    duration_ms: Date.now() - startMs,
  });
}

/** How a delivery by the dead-letter queue ends. */
type DeadLetterEnd = "applied" | "kept" | "put_back" | "waiting";

async function endOf(
  message: Message,
  content: MessageContent | null,
  verdict: Verdict,
  env: Env,
  receivedTs: number,
): Promise<DeadLetterEnd> {
  if (verdict.kind === "done") return "applied";
  const { reason } = verdict;
  if (reason === "failure" && content && (await keepAsDeadLetter(content, env, receivedTs))) return "kept";
  const isLong = reason === "paused" && message.attempts >= PUT_BACK_ATTEMPTS;
  return isLong && (await putBack(message, env)) ? "put_back" : "waiting";
}

function waitOf({ attempts }: Message, verdict: Verdict): number {
  const isPostponed = verdict.kind === "retry" && verdict.reason === "postponed";
  return isPostponed ? verdict.delaySecs : deadLetterDelaySecs(attempts);
}

/** Reads and processes a batch. While a variable is wrong nothing is read, and every message is paused. */
async function processMessages(
  batch: MessageBatch,
  env: Env,
  startMs: number,
): Promise<{ contents: readonly MessageContent[]; outcome: BatchOutcome }> {
  const config = tryConfig(env);
  if (config === null) {
    logError("paused_by_variable", new ConfigError(configProblems(env).join("; ")));
    const verdicts = batch.messages.map(({ attempts }) => pausedVerdict(attempts));
    return { contents: [], outcome: { verdicts, identityCalls: 0, applied: 0, transitions: 0 } };
  }
  const contents = readBatch(batch, config, startMs);
  return { contents, outcome: await processBatch(contents, env, config) };
}

function readBatch(batch: MessageBatch, config: Config, nowMs: number): MessageContent[] {
  const { policy, retentionDays } = config;
  const registry = registryOf(policy);
  const receivedTs = nowMs / 1_000;
  const keptFromTs = retentionDays === null ? null : receivedTs - retentionDays * 86_400;
  return batch.messages.map((message) => readMessage(message, { receivedTs, registry, keptFromTs }));
}

function isPaused(verdict: Verdict): boolean {
  return verdict.kind === "retry" && verdict.reason === "paused";
}

function sumOf(contents: readonly MessageContent[], count: (content: MessageContent) => number): number {
  return contents.reduce((sum, content) => sum + count(content), 0);
}
