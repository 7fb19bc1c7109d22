/** Simulates the outbox: sends fail before or after they took effect, delays increase, and the clock is a number. */
import type { OutboundEvent } from "../../src/core/index.ts";
import {
  DRAIN_GRACE_MS,
  RETRY_FIRST_MS,
  RETRY_LONGEST_MS,
  retryDelayMs,
} from "../../src/identity/schedule.ts";
import type { Random } from "../../src/simulate/random.ts";

/**
 * Sends events page by page over a queue that fails at random.
 * @returns the events that arrived, without repeats of an `id`
 */
export function drainAtRandom(
  random: Random,
  events: readonly OutboundEvent[],
  problems: string[],
): OutboundEvent[] {
  const arrived: OutboundEvent[] = [];
  let [pending, failures, waitedMs, lastWaitMs] = [events, 0, DRAIN_GRACE_MS, 0];
  while (pending.length > 0) {
    const page = pending.slice(0, 3);
    const luck = failures > 12 ? 0 : random.integer(0, 3);
    if (luck !== 1) arrived.push(...page);
    if (luck === 0) {
      pending = pending.slice(page.length);
      [failures, lastWaitMs] = [0, 0];
      continue;
    }
    failures++;
    const waitMs = retryDelayMs(failures);
    if (failures === 1 && waitMs !== RETRY_FIRST_MS) problems.push(`the first wait is ${waitMs} ms`);
    if (waitMs < lastWaitMs || waitMs > RETRY_LONGEST_MS)
      problems.push(`${waitMs} ms after ${lastWaitMs} ms`);
    if (waitMs !== RETRY_LONGEST_MS && lastWaitMs > 0 && waitMs !== 2 * lastWaitMs)
      problems.push(`${waitMs} ms`);
    lastWaitMs = waitMs;
    waitedMs += waitMs;
  }
  if (!Number.isSafeInteger(waitedMs)) problems.push(`waited ${waitedMs} ms`);
  const byId = new Map<string, OutboundEvent>();
  for (const event of arrived) if (!byId.has(event.id)) byId.set(event.id, event);
  if (byId.size !== events.length) problems.push(`${events.length} events, ${byId.size} ids`);
  return [...byId.values()];
}
