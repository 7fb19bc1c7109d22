/**
 * Bounds the work of one invocation. A batch of 100 messages may hold observations of 75,000 attackers, and every
 * attacker may be an identity of its own, which takes a call to its object.
 */
import type { MessageContent } from "./read-batch.ts";

/**
 * Attackers that one invocation handles, and so the most calls to objects before links are read again. The platform
 * allows 10,000 calls to objects, databases and queues; half of them leaves room for repeats and for D1. A message holds
 * at most about 750 attackers, so at least six messages of a batch are handled.
 */
export const MAX_ATTACKERS = 5_000;

/**
 * The messages of a batch that one invocation can handle, those that were delivered most often first. The others are to
 * be put off as they are. At least one message is taken, whatever it holds.
 */
export function limitAttackers(contents: readonly MessageContent[]): readonly MessageContent[] {
  const most = contents.reduce((sum, { observations }) => sum + observations.length, 0);
  if (most <= MAX_ATTACKERS) return contents;
  const taken: MessageContent[] = [];
  const attackers = new Set<string>();
  for (const content of contents.toSorted((a, b) => b.message.attempts - a.message.attempts)) {
    const own = new Set(content.observations.map(({ observation }) => observation.attackerUuid));
    const further = [...own].filter((attackerUuid) => !attackers.has(attackerUuid));
    if (taken.length > 0 && attackers.size + further.length > MAX_ATTACKERS) continue;
    taken.push(content);
    for (const attackerUuid of further) attackers.add(attackerUuid);
  }
  return taken;
}
