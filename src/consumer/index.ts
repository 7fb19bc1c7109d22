/** The queue consumers: messages in, one verdict each. */
import { registryOf } from "../core/index.ts";
import { cellOf, firstCell } from "../cells.ts";
import { readConfig } from "../config.ts";
import { logError, logInfo } from "../log.ts";
import { keepExhausted } from "../storage/index.ts";
import { type MessageContent, readMessage, toExhausted } from "./read-batch.ts";
import { settle } from "./settle.ts";
import { deadLetterDelaySecs } from "./verdict.ts";

/**
 * Handles a batch: everything it brings is stored in one transaction per database, then applied with one call per
 * identity. Each message is acknowledged when all of it is stored and applied, or put off on its own.
 * @throws ConfigError if a variable is wrong; the queue then delivers the whole batch again
 */
export async function handleBatch(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now();
  const contents = readBatch(batch, env, startMs);
  const { verdicts, isPaused, ...done } = await settle(contents, env, readConfig(env));
  let retried = 0;
  for (const [i, message] of batch.messages.entries()) {
    const verdict = verdicts[i];
    if (verdict?.kind === "done") message.ack();
    else {
      retried++;
      message.retry({ delaySeconds: verdict?.delaySecs ?? 0 });
    }
  }
  logInfo("batch", {
    messages: batch.messages.length,
    retried,
    paused: isPaused,
    observations: sumOf(contents, ({ observations }) => observations.length),
    refused: sumOf(contents, ({ deadLetters }) => deadLetters.length),
    ignored: sumOf(contents, ({ ignored }) => ignored),
    expired: sumOf(contents, ({ expired }) => expired),
    applied: done.applied,
    transitions: done.transitions,
    identity_calls: done.identityCalls,
    duration_ms: Date.now() - startMs,
  });
}

/**
 * Handles messages that ran out of retries. They get one more chance, which is how they return after a pause; what
 * fails again becomes a dead letter in D1. While D1 itself does not answer they wait, longer each time.
 */
export async function handleDeadLetters(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now();
  const contents = readBatch(batch, env, startMs);
  const { verdicts, isPaused } = await settle(contents, env, readConfig(env));
  let [kept, waiting] = [0, 0];
  for (const [i, message] of batch.messages.entries()) {
    const content = contents[i];
    if (!content || verdicts[i]?.kind === "done") message.ack();
    else if (!isPaused && (await keep(content, env, startMs / 1_000))) {
      kept++;
      message.ack();
    } else {
      waiting++;
      message.retry({ delaySeconds: deadLetterDelaySecs(message.attempts) });
    }
  }
  logInfo("dead_letters", {
    messages: batch.messages.length,
    kept,
    waiting,
    paused: isPaused,
    duration_ms: Date.now() - startMs,
  });
}

async function keep(content: MessageContent, env: Env, receivedTs: number): Promise<boolean> {
  const letter = toExhausted(content.message, receivedTs);
  const first = firstCell(env);
  const attackerUuids = new Set(content.observations.map(({ observation }) => observation.attackerUuid));
  const byCell = Map.groupBy(attackerUuids, (attackerUuid) => cellOf(env, attackerUuid));
  if (!byCell.has(first)) byCell.set(first, []);
  try {
    await Promise.all(
      [...byCell].map(([cell, uuids]) => keepExhausted(cell.DB, cell === first ? [letter] : [], uuids)),
    );
    return true;
  } catch (error) {
    logError("dead_letter_not_kept", error);
    return false;
  }
}

function readBatch(batch: MessageBatch, env: Env, nowMs: number): MessageContent[] {
  const { policy, retentionDays } = readConfig(env);
  const registry = registryOf(policy);
  const receivedTs = nowMs / 1_000;
  const keptFromTs = retentionDays === null ? null : receivedTs - retentionDays * 86_400;
  return batch.messages.map((message) => readMessage(message, { receivedTs, registry, keptFromTs }));
}

function sumOf(contents: readonly MessageContent[], count: (content: MessageContent) => number): number {
  return contents.reduce((sum, content) => sum + count(content), 0);
}
