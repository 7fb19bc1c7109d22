/**
 * From messages to verdicts: everything is stored in one transaction per shard, then applied with one call per identity.
 *
 * Worst case of one invocation with one database: 5,000 calls to objects, and 4,000 repeated ones if links change
 * meanwhile; the platform allows 10,000. Queries to D1, of 1,000: 11 for 5,000 attackers that wait for registration, 75 for
 * 100 messages of 128 KB, and 3 each time links are read again. The Free plan allows 50 queries, which is enough for
 * 10 messages of any size (what `npm run deploy -- --free-plan` sets), or for 100 messages of 30 KB. It allows 1,000 calls
 * to objects; those beyond fail, and their messages are delivered again. Until all observations of the version before are packed, a
 * batch makes up to 26 queries more, usually 2; after that an isolate makes 2 more in its first batch, and one an hour where words of
 * commands are scored.
 */
import { type Config, ConfigError } from "../config.ts";
import { wordSharesFor } from "../hooks.ts";
import { logError } from "../log.ts";
import { claimShard, firstShard, shardsOf } from "../shard.ts";
import { followLinks, packBeforeRecording, recordBatch, resolveDeadLetters } from "../storage/index.ts";
import { dispatch, type Dispatched, type RepeatBudget, repeatBudget } from "./dispatch.ts";
import { limitAttackers } from "./limit-attackers.ts";
import { type Part, partsOf, verdictsOf } from "./parts.ts";
import { type MessageContent, toRecordBatch } from "./read-batch.ts";
import { type Failure, failureOf, pausedVerdict, POSTPONED, type Verdict, verdictOf } from "./verdict.ts";

/** What became of a batch. */
export interface BatchOutcome {
  /** One per message, in order. */
  readonly verdicts: readonly Verdict[];
  readonly identityCalls: number;
  readonly applied: number;
  readonly transitions: number;
}

/** Stores and applies what messages brought. Messages over the limit of one invocation are postponed. Never throws. */
export async function processBatch(
  contents: readonly MessageContent[],
  env: Env,
  config: Config,
): Promise<BatchOutcome> {
  const parts = partsOf(limitAttackers(contents), env);
  const repeats = repeatBudget();
  const outcomes = await Promise.all(parts.map((part) => processPart(part, env, config, repeats)));
  const verdicts = verdictsOf(
    contents,
    parts,
    outcomes.map((outcome) => outcome.verdicts),
  );
  return {
    verdicts: await resolveReplays(contents, verdicts, env),
    identityCalls: outcomes.reduce((sum, outcome) => sum + outcome.identityCalls, 0),
    applied: outcomes.reduce((sum, outcome) => sum + outcome.applied, 0),
    transitions: outcomes.reduce((sum, outcome) => sum + outcome.transitions, 0),
  };
}

const NOTHING_DONE = { identityCalls: 0, applied: 0, transitions: 0 };

async function processPart(
  { shard, contents }: Part,
  env: Env,
  config: Config,
  repeats: RepeatBudget,
): Promise<BatchOutcome> {
  const paused = () => contents.map(({ message }) => pausedVerdict(message.attempts));
  try {
    if (shardsOf(env).length > 1) await claimShard(env, shard);
    const isWaiting = await packOldRows(shard.db, contents);
    const batch = toRecordBatch(contents.filter((content) => !isWaiting(content)));
    const recorded = await recordBatch(shard.db, batch, config.unknownAttacker === "register");
    if (recorded.outcome === "paused") return { ...NOTHING_DONE, verdicts: paused() };
    const observations = batch.observations
      .map(({ observation }) => observation)
      .filter(({ attackerUuid }) => !recorded.unfinished.has(attackerUuid));
    const sharesOf = await wordSharesFor(env, config.policy, observations);
    const dispatched = await dispatch(
      {
        apply: (identityUuid, call) => {
          const wordShares = sharesOf(call.observations);
          return env.IDENTITIES.getByName(identityUuid).apply(wordShares ? { ...call, wordShares } : call);
        },
        followLinks: (attackerUuids) => followLinks(shard.db, attackerUuids),
      },
      observations,
      recorded.links,
      repeats,
    );
    const verdicts = contents.map((content) => {
      const { attempts } = content.message;
      if (isWaiting(content)) return pausedVerdict(attempts);
      if (concerns(content, recorded.unfinished)) return POSTPONED;
      return verdictOf(attempts, failuresOf(content, dispatched));
    });
    return { ...dispatched, verdicts };
  } catch (error) {
    logError("batch_failed", error, { messages: contents.length });
    if (error instanceof ConfigError) return { ...NOTHING_DONE, verdicts: paused() };
    const failure = failureOf(error);
    const verdicts = contents.map(({ message }) => verdictOf(message.attempts, [failure]));
    return { ...NOTHING_DONE, verdicts };
  }
}

/**
 * Packs what the version before has stored of the attackers of messages, as far as it can be done at once.
 * @returns whether a message must wait until the rest is packed
 */
async function packOldRows(
  db: D1Database,
  contents: readonly MessageContent[],
): Promise<(content: MessageContent) => boolean> {
  const attackerUuids = contents.flatMap(({ observations }) =>
    observations.map(({ observation }) => observation.attackerUuid),
  );
  const left = await packBeforeRecording(db, [...new Set(attackerUuids)]);
  return (content) => concerns(content, left);
}

/** Whether a message has an observation of one of some attackers. */
function concerns({ observations }: MessageContent, attackerUuids: ReadonlySet<string>): boolean {
  return observations.some(({ observation }) => attackerUuids.has(observation.attackerUuid));
}

/** Deletes dead letters whose replay came through. If they can't be deleted, the replay is delivered again. */
async function resolveReplays(
  contents: readonly MessageContent[],
  verdicts: readonly Verdict[],
  env: Env,
): Promise<readonly Verdict[]> {
  const isResolved = ({ replayOf }: MessageContent, i: number) =>
    replayOf !== null && verdicts[i]?.kind === "done";
  const ids = contents.filter(isResolved).flatMap(({ replayOf }) => replayOf ?? []);
  if (ids.length === 0) return verdicts;
  try {
    await resolveDeadLetters(firstShard(env).db, ids);
    return verdicts;
  } catch (error) {
    logError("replay_not_resolved", error, { letters: ids.length });
    const failure = failureOf(error);
    return verdicts.map((verdict, i) => {
      const content = contents[i];
      return content && isResolved(content, i) ? verdictOf(content.message.attempts, [failure]) : verdict;
    });
  }
}

function failuresOf(content: MessageContent, { failures }: Dispatched): Failure[] {
  return content.observations.flatMap(({ observation }) => failures.get(observation.attackerUuid) ?? []);
}
