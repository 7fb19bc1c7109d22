/** From what was read of evidence to its wire shape. */
import type { z } from "zod";
import type { ReadOperators } from "./operators-read.ts";
import type { Summary } from "./statistics.ts";
import type { operatorsSchema, valueSummarySchema } from "./wire.ts";

/** The operators, as they are answered. */
export function toWireOperators(read: ReadOperators): z.infer<typeof operatorsSchema> {
  const { sessions, model, groups, primitives } = read;
  return {
    estimate: model.estimate,
    sessions: sessions.length,
    active: model.active,
    gain: model.gain,
    needed: model.needed,
    primitives: [...primitives],
    groups: groups.map(({ operator, sessions: count, share, first_ts, last_ts, values }) => ({
      operator,
      sessions: count,
      share,
      first_ts,
      last_ts,
      values: Object.fromEntries(
        Object.entries(values).map(([primitive, summary]) => [primitive, toWireSummary(summary)]),
      ),
    })),
    assignment: sessions.map(({ startTs, endTs, attackerUuid }, i) => ({
      start_ts: startTs,
      end_ts: endTs,
      attacker_uuid: attackerUuid,
      operator: model.path[i] ?? 0,
      probability: model.probabilities[i] ?? 1,
    })),
  };
}

function toWireSummary(summary: Summary): z.infer<typeof valueSummarySchema> {
  if ("shares" in summary) return { count: summary.count, shares: [...summary.shares] };
  const { count, median, quartiles } = summary;
  return { count, median, quartiles: quartiles && [quartiles[0], quartiles[1]] };
}
