/**
 * From messages to verdicts: everything is stored in one transaction per database, then applied with one call per
 * identity.
 */
import { cellsOf, claimCell, firstCell } from "../cells.ts";
import type { Config } from "../config.ts";
import { logError } from "../log.ts";
import { followLinks, recordBatch, resolveDeadLetters } from "../storage/index.ts";
import { type Dispatched, dispatch } from "./dispatch.ts";
import { type Part, partsOf, verdictsOf } from "./parts.ts";
import { type MessageContent, toRecordBatch } from "./read-batch.ts";
import { type Failure, failureOf, pausedDelaySecs, type Verdict, verdictOf } from "./verdict.ts";

/** What became of a batch. */
export interface Settled {
  /** One per message, in order. */
  readonly verdicts: readonly Verdict[];
  readonly isPaused: boolean;
  readonly identityCalls: number;
  readonly applied: number;
  readonly transitions: number;
}

/** Stores and applies what messages brought. Never throws. */
export async function settle(
  contents: readonly MessageContent[],
  env: Env,
  config: Config,
): Promise<Settled> {
  const parts = partsOf(contents, env);
  const settled = await Promise.all(parts.map((part) => settlePart(part, config)));
  const verdicts = verdictsOf(
    contents,
    parts,
    settled.map((part) => part.verdicts),
  );
  return {
    verdicts: await resolveReplays(contents, verdicts, env),
    isPaused: settled.some(({ isPaused }) => isPaused),
    identityCalls: settled.reduce((sum, part) => sum + part.identityCalls, 0),
    applied: settled.reduce((sum, part) => sum + part.applied, 0),
    transitions: settled.reduce((sum, part) => sum + part.transitions, 0),
  };
}

const NOTHING_DONE = { isPaused: false, identityCalls: 0, applied: 0, transitions: 0 };

async function settlePart({ cell, contents }: Part, config: Config): Promise<Settled> {
  try {
    if (cellsOf(cell).length > 1) await claimCell(cell);
    const batch = toRecordBatch(contents);
    const recorded = await recordBatch(cell.DB, batch, config.unknownAttacker === "register");
    if (recorded.outcome === "paused") {
      const verdicts = contents.map(({ message }): Verdict => ({
        kind: "retry",
        delaySecs: pausedDelaySecs(message.attempts),
      }));
      return { ...NOTHING_DONE, verdicts, isPaused: true };
    }
    const dispatched = await dispatch(
      {
        apply: (identityUuid, call) => cell.IDENTITIES.getByName(identityUuid).apply(call),
        followLinks: (attackerUuids) => followLinks(cell.DB, attackerUuids),
      },
      batch.observations.map(({ observation }) => observation),
      recorded.links,
    );
    const verdicts = contents.map((content) =>
      verdictOf(content.message.attempts, failuresOf(content, dispatched)),
    );
    return { ...dispatched, verdicts, isPaused: false };
  } catch (error) {
    logError("batch_failed", error, { messages: contents.length });
    const failure = failureOf(error);
    const verdicts = contents.map(({ message }) => verdictOf(message.attempts, [failure]));
    return { ...NOTHING_DONE, verdicts };
  }
}

/** A dead letter whose replay came through is dealt with; where that cannot be said, the replay comes again. */
async function resolveReplays(
  contents: readonly MessageContent[],
  verdicts: readonly Verdict[],
  env: Env,
): Promise<readonly Verdict[]> {
  const isDealtWith = ({ replayOf }: MessageContent, i: number) =>
    replayOf !== null && verdicts[i]?.kind === "done";
  const ids = contents.filter(isDealtWith).flatMap(({ replayOf }) => replayOf ?? []);
  if (ids.length === 0) return verdicts;
  try {
    await resolveDeadLetters(firstCell(env).DB, ids);
    return verdicts;
  } catch (error) {
    logError("replay_not_resolved", error, { letters: ids.length });
    const failure = failureOf(error);
    return contents.map((content, i) =>
      isDealtWith(content, i)
        ? verdictOf(content.message.attempts, [failure])
        : (verdicts[i] ?? verdictOf(content.message.attempts, [failure])),
    );
  }
}

function failuresOf(content: MessageContent, { failures }: Dispatched): Failure[] {
  return content.observations.flatMap(({ observation }) => failures.get(observation.attackerUuid) ?? []);
}
