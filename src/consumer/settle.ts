/** From messages to verdicts: everything is stored in one transaction, then applied with one call per identity. */
import type { Config } from "../config.ts";
import { logError } from "../log.ts";
import { readLinks, recordBatch, resolveDeadLetters } from "../storage/index.ts";
import { type Dispatched, dispatch } from "./dispatch.ts";
import { type MessageContent, toRecordBatch } from "./read-batch.ts";
import { type Failure, failureOf, pausedDelaySecs, type Verdict, verdictOf } from "./verdict.ts";

/** What became of a batch. */
export interface Settled {
  /** One per message, in order. */
  readonly verdicts: readonly Verdict[];
  readonly isPaused: boolean;
  readonly dispatched: Dispatched | null;
}

/** Stores and applies what messages brought. Never throws. */
export async function settle(
  contents: readonly MessageContent[],
  env: Env,
  config: Config,
): Promise<Settled> {
  try {
    const batch = toRecordBatch(contents);
    const recorded = await recordBatch(env.DB, batch, config.unknownAttacker === "register");
    if (recorded.outcome === "paused") {
      const verdicts = contents.map(({ message }): Verdict => ({
        kind: "retry",
        delaySecs: pausedDelaySecs(message.attempts),
      }));
      return { verdicts, isPaused: true, dispatched: null };
    }
    const dispatched = await dispatch(
      {
        apply: (identityUuid, call) => env.IDENTITIES.getByName(identityUuid).apply(call),
        readLinks: (attackerUuids) => readLinks(env.DB, attackerUuids),
      },
      batch.observations.map(({ observation }) => observation),
      recorded.links,
    );
    const verdicts = contents.map((content) =>
      verdictOf(content.message.attempts, failuresOf(content, dispatched)),
    );
    await resolveReplays(contents, verdicts, env);
    return { verdicts, isPaused: false, dispatched };
  } catch (error) {
    logError("batch_failed", error, { messages: contents.length });
    const failure = failureOf(error);
    const verdicts = contents.map(({ message }) => verdictOf(message.attempts, [failure]));
    return { verdicts, isPaused: false, dispatched: null };
  }
}

/** A dead letter whose replay came through is dealt with. */
async function resolveReplays(
  contents: readonly MessageContent[],
  verdicts: readonly Verdict[],
  env: Env,
): Promise<void> {
  const ids = contents.flatMap(({ replayOf }, i) =>
    replayOf !== null && verdicts[i]?.kind === "done" ? [replayOf] : [],
  );
  if (ids.length > 0) await resolveDeadLetters(env.DB, ids);
}

function failuresOf(content: MessageContent, { failures }: Dispatched): Failure[] {
  return content.observations.flatMap(({ observation }) => failures.get(observation.attackerUuid) ?? []);
}
