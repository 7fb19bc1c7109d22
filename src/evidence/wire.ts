/** Evidence as it is answered: changes with a proven error rate, operators, commands. */
import * as z from "zod";
import { described, named } from "../http/shared/schema.ts";

const numberSummary = z.object({
  count: described(z.int(), "Observations on this side of the change; the figures are of a sample of them"),
  median: z.nullable(z.number()),
  quartiles: z.nullable(z.tuple([z.number(), z.number()])),
});

const sharesSummary = z.object({
  count: described(z.int(), "Observations on this side of the change; the shares are of a sample of them"),
  shares: described(
    z.array(z.object({ value: z.unknown(), share: z.number() })),
    "Largest first, at most 16. A long value is `{ digest }`, with 32 hexadecimal digits",
  ),
});

/** Summary of the values of a primitive: of numbers median and quartiles, else the share of each value. */
export const valueSummarySchema = named("ValueSummary", z.union([numberSummary, sharesSummary]));

/** A proven change of a series. */
export const provenChangeSchema = named(
  "ProvenChange",
  z.object({
    id: described(z.string(), "The same for as long as the change stands"),
    ts: described(z.number(), "Time of the observation at which E reached the threshold"),
    since_ts: described(z.number(), "Time of the observation that most likely began the change"),
    e: z.number(),
    before: described(z.nullable(valueSummarySchema), "Null after an erasure"),
    after: described(z.nullable(valueSummarySchema), "Null after an erasure"),
    effect: described(
      z.nullable(z.number()),
      "Shift of the median over the median before; of other values the total variation, 0 to 1",
    ),
  }),
);

/** Evidence that one primitive of an identity has changed. */
export const seriesEvidenceSchema = named(
  "SeriesEvidence",
  z.object({
    primitive: z.string(),
    e: described(
      z.nullable(z.number()),
      "Evidence that it has changed since `regime_since_ts`, from 0; 1 says nothing. Null as of a time before the series is followed",
    ),
    threshold: described(z.number(), "E from which a change is published"),
    noted_ts: described(z.nullable(z.number()), "When E reached 100 in this regime"),
    observations: described(z.int(), "Of this regime"),
    regime_since_ts: described(z.nullable(z.number()), "First observation since the last proven change"),
    likeliest_ts: described(
      z.nullable(z.number()),
      "The likeliest start of a change in this regime, proven or not",
    ),
    effect: described(z.nullable(z.number()), "Effect of that likeliest change"),
    changes: described(z.array(provenChangeSchema), "Every proven change that stands, oldest first"),
  }),
);

/** How many operators share an identity, and who sat at which session. */
export const operatorsSchema = named(
  "Operators",
  z.object({
    estimate: described(z.int(), "How many operators, at least 1"),
    sessions: described(z.int(), "Sessions that were looked at: the last 64"),
    active: described(z.nullable(z.int()), "Operator of the last session; null without sessions"),
    gain: described(z.nullable(z.number()), "Gain in log-likelihood; null with fewer than 8 sessions"),
    needed: described(z.nullable(z.number()), "Gain that is needed for that many operators"),
    primitives: described(z.array(z.string()), "The traits that were looked at"),
    groups: z.array(
      z.object({
        operator: described(z.int(), "From 0, by first appearance"),
        sessions: z.int(),
        share: described(z.number(), "Share of the sessions, 0 to 1"),
        first_ts: described(z.number(), "Start of its first session"),
        last_ts: described(z.number(), "End of its last session"),
        values: described(z.record(z.string(), valueSummarySchema), "By primitive"),
      }),
    ),
    assignment: described(
      z.array(
        z.object({
          start_ts: z.number(),
          end_ts: z.number(),
          attacker_uuid: z.string(),
          operator: z.int(),
          probability: described(z.number(), "Probability of this operator, 0 to 1"),
        }),
      ),
      "The sessions, oldest first",
    ),
  }),
);

/** How foreign the commands of the last session are. */
export const commandsSchema = named(
  "CommandsEvidence",
  z.object({
    sessions: described(z.int(), "Sessions with commands so far"),
    last: described(
      z.nullable(z.object({ score: z.nullable(z.number()), p: z.nullable(z.number()) })),
      "The last of them. `score`: the greater, the more foreign; `p`: share of the learnt sessions that are at least as foreign. Both are null in the first five",
    ),
  }),
);

/** Answer to `GET /identities/{uuid}/evidence`. */
export const evidenceSchema = named(
  "Evidence",
  z.object({
    identity_uuid: z.string(),
    policy: described(
      z.nullable(z.string()),
      "The policy by which evidence is computed; null while a variable is wrong",
    ),
    e: described(
      z.nullable(z.number()),
      "The identity's E: the sum over its primitives / 32. At most 1 % of identities that never change ever reach 100 × it",
    ),
    change: described(z.array(seriesEvidenceSchema), "By primitive"),
    operators: operatorsSchema,
    commands: described(
      z.nullable(commandsSchema),
      "Null as of a time, without `WORD_SECRET`, or if no sensor has sent words of commands",
    ),
  }),
);

/** Evidence in a state, with `include=evidence`. */
export const stateEvidenceSchema = named(
  "StateEvidence",
  z.object({
    e: described(
      z.nullable(z.number()),
      "Evidence that the primitive has changed since its last proven change",
    ),
    changed_since: described(
      z.nullable(z.number()),
      "Likeliest start of the last proven change that stands; null if there is none",
    ),
  }),
);

/** Evidence in an entry of the list of identities. */
export const listedEvidenceSchema = named(
  "ListedEvidence",
  z.object({
    e: described(z.nullable(z.number()), "The identity's E; null until it is known"),
    changed_ts: described(
      z.nullable(z.number()),
      "Time of the last proven change that stands, null if there is none",
    ),
    operators: described(z.nullable(z.int()), "The last published estimate, null until it is known"),
  }),
);
