/** The operators of an identity, estimated from its last sessions in D1. */
import { type Policy, registryOf } from "../core/index.ts";
import type { LatestOf } from "../storage/index.ts";
import type { EvidenceConstants } from "./constants.ts";
import {
  estimateOperators,
  groupsOf,
  type Kinds,
  type OperatorGroup,
  type OperatorModel,
} from "./operators/index.ts";
import { readSessions } from "./sessions-read.ts";
import { type Session, traitFilter } from "./sessions.ts";

/** An estimate, and what it was made from. */
export interface ReadOperators {
  /** In the order of the model's path. */
  readonly sessions: readonly Session[];
  readonly model: OperatorModel;
  /** By number. */
  readonly groups: readonly OperatorGroup[];
  /** The traits that the sessions have, sorted. */
  readonly primitives: readonly string[];
}

/**
 * Reads the last sessions and estimates who sat at which. Costs of reading as of `readSessions`, and some 20 ms.
 * @param asOfTs - epoch seconds: from the observations whose ts is not later; null: from all
 */
export async function readOperators(
  db: D1Database,
  of: LatestOf,
  policy: Policy,
  { traitPrimitives }: EvidenceConstants,
  asOfTs: number | null,
): Promise<ReadOperators> {
  const registry = registryOf(policy);
  const isMatched = traitFilter(traitPrimitives);
  // A bag of words is for the score of commands alone.
  const isTrait = (primitive: string) => isMatched(primitive) && registry.kindOf(primitive) !== "bag";
  const { sessions } = await readSessions(db, of, { isTrait, asOfTs });
  const primitives = [...new Set(sessions.flatMap(({ values }) => Object.keys(values)))].toSorted();
  const kinds: Kinds = Object.fromEntries(primitives.map((name) => [name, registry.kindOf(name)]));
  const model = estimateOperators(
    sessions.map(({ values }) => values),
    kinds,
  );
  return { sessions, model, groups: groupsOf(model, sessions, kinds), primitives };
}
