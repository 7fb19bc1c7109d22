/** A batch by shard: each part is stored in one transaction and applied, independently of the others. */
import { firstShard, type Shard, shardOf, shardsOf } from "../shard.ts";
import type { IncomingMessage, MessageContent } from "./read-batch.ts";
import { laterOf, POSTPONED, type Verdict } from "./verdict.ts";

/** What of a batch belongs to one shard. */
export interface Part {
  readonly shard: Shard;
  readonly contents: readonly MessageContent[];
}

/**
 * The parts of a batch, every message in at least one of them. What belongs to no attacker (refusals, counts) is in the
 * part of the first shard. With one database bound there is one part.
 */
export function partsOf(contents: readonly MessageContent[], env: Env): readonly Part[] {
  const first = firstShard(env);
  if (shardsOf(env).length === 1) return [{ shard: first, contents }];
  const shards = new Map<string, Shard>();
  const parts = new Map<Shard, MessageContent[]>();
  for (const content of contents) {
    const byShard = Map.groupBy(content.observations, ({ observation: { attackerUuid } }) => {
      const shard = shards.get(attackerUuid) ?? shardOf(env, attackerUuid);
      shards.set(attackerUuid, shard);
      return shard;
    });
    const { deadLetters, ignored, expired } = content;
    if (byShard.size === 0 || deadLetters.length + ignored + expired > 0) {
      byShard.set(first, byShard.get(first) ?? []);
    }
    for (const [shard, observations] of byShard) {
      const rest = shard === first ? {} : { deadLetters: [], ignored: 0, expired: 0 };
      const part = parts.get(shard) ?? [];
      parts.set(shard, part);
      part.push({ ...content, observations, ...rest });
    }
  }
  return [...parts].map(([shard, part]) => ({ shard, contents: part }));
}

/**
 * The verdict on each message: done when it is done in every part that holds some of it, else put off for the longest
 * wait. A message that is in no part is postponed.
 * @param verdicts - per part, one for each of its messages
 */
export function verdictsOf(
  contents: readonly MessageContent[],
  parts: readonly Part[],
  verdicts: readonly (readonly Verdict[])[],
): Verdict[] {
  const worst = new Map<IncomingMessage, Verdict>();
  for (const [p, part] of parts.entries()) {
    for (const [i, { message }] of part.contents.entries()) {
      const verdict = verdicts[p]?.[i] ?? POSTPONED;
      worst.set(message, laterOf(worst.get(message) ?? verdict, verdict));
    }
  }
  return contents.map(({ message }) => worst.get(message) ?? POSTPONED);
}
