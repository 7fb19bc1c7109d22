/** From totals to their wire shape. */
import type { z } from "zod";
import { type Totals, UNPUBLISHABLE } from "../../storage/index.ts";
import type { statsSchema } from "./wire.ts";

/** What is known of the inbound queue; null where it does not say. */
export interface QueueDepth {
  readonly backlog: number | null;
  readonly oldestTs: number | null;
}

/** The totals, as they are answered. @param hasEvidence - whether evidence is switched on */
export function toWireStats(
  totals: Totals,
  queue: QueueDepth,
  hasEvidence: boolean,
): z.infer<typeof statsSchema> {
  return {
    observations: totals.observations,
    attackers: totals.attackers,
    identities: totals.identities,
    states: totals.states,
    evidence: hasEvidence
      ? {
          unchanged: totals.evidence.unchanged,
          changed_within_day: totals.evidence.changedWithinDay,
          several_operators: totals.evidence.severalOperators,
        }
      : null,
    deferred: totals.deferred,
    dead_letters: totals.deadLetters,
    unpublishable: totals.deadLetters[UNPUBLISHABLE] ?? 0,
    outbox: { pending: totals.outbox.pending, oldest_ts: totals.outbox.oldestTs },
    queue: { backlog: queue.backlog, oldest_ts: queue.oldestTs },
    unlisted_values: totals.unlistedValues,
    ignored: totals.ignored,
    events: totals.events,
  };
}
