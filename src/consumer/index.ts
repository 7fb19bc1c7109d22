/** The queue consumer: messages in, one verdict each. */
import { readConfig } from "../config.ts";
import { logError, logInfo } from "../log.ts";
import { readLinks, recordBatch } from "../storage/index.ts";
import { type Dispatched, dispatch } from "./dispatch.ts";
import { type MessageContent, readMessage, toRecordBatch } from "./read-batch.ts";
import { type Failure, failureOf, type Verdict, verdictOf } from "./verdict.ts";

/**
 * Handles a batch: everything it brings is stored in one transaction, then applied with one call per identity. Each
 * message is acknowledged when all of it is stored and applied, or put off on its own.
 * @throws ConfigError if a variable is wrong; the queue then delivers the whole batch again
 */
export async function handleBatch(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now();
  const config = readConfig(env);
  const context = { receivedTs: startMs / 1_000, registry: config.registry };
  const contents = batch.messages.map((message) => readMessage(message, context));
  const verdicts = await settle(contents, env, config.unknownAttacker === "register");
  let retried = 0;
  for (const [i, message] of batch.messages.entries()) {
    const verdict = verdicts.verdicts[i];
    if (verdict?.kind === "done") message.ack();
    else {
      retried++;
      message.retry({ delaySeconds: verdict?.delaySecs ?? 0 });
    }
  }
  logInfo("batch", {
    messages: batch.messages.length,
    retried,
    observations: sumOf(contents, ({ observations }) => observations.length),
    refused: sumOf(contents, ({ deadLetters }) => deadLetters.length),
    ignored: sumOf(contents, ({ ignored }) => ignored),
    applied: verdicts.dispatched?.applied ?? 0,
    transitions: verdicts.dispatched?.transitions ?? 0,
    identity_calls: verdicts.dispatched?.identityCalls ?? 0,
    duration_ms: Date.now() - startMs,
  });
}

interface Settled {
  /** One per message, in order. */
  readonly verdicts: readonly Verdict[];
  readonly dispatched: Dispatched | null;
}

async function settle(
  contents: readonly MessageContent[],
  env: Env,
  registerUnknown: boolean,
): Promise<Settled> {
  try {
    const record = toRecordBatch(contents);
    const links = await recordBatch(env.DB, record, registerUnknown);
    const dispatched = await dispatch(
      {
        apply: (identityUuid, call) => env.IDENTITIES.getByName(identityUuid).apply(call),
        readLinks: (attackerUuids) => readLinks(env.DB, attackerUuids),
      },
      record.observations.map(({ observation }) => observation),
      links,
    );
    const verdicts = contents.map((content) =>
      verdictOf(content.message.attempts, failuresOf(content, dispatched)),
    );
    return { verdicts, dispatched };
  } catch (error) {
    logError("batch_failed", error, { messages: contents.length });
    const failure = failureOf(error);
    return {
      verdicts: contents.map(({ message }) => verdictOf(message.attempts, [failure])),
      dispatched: null,
    };
  }
}

function failuresOf(content: MessageContent, { failures }: Dispatched): Failure[] {
  return content.observations.flatMap(({ observation }) => failures.get(observation.attackerUuid) ?? []);
}

function sumOf(contents: readonly MessageContent[], count: (content: MessageContent) => number): number {
  return contents.reduce((sum, content) => sum + count(content), 0);
}
