/**
 * The capabilities that follow the engine: the one place that knows both. Evidence follows the series of an identity inside its decisions,
 * answers for what it keeps, and estimates operators outside of decisions.
 */
import { readConfig, tryConfig } from "./config.ts";
import {
  type AppliedObservation,
  type Cause,
  type HookEvent,
  type MergeKind,
  mergeKindIn,
  type Policy,
  type SeriesHook,
} from "./core/index.ts";
import {
  type ChangeKind,
  type ChangeView,
  type CommandsView,
  describeCommands,
  describeSeries,
  evidenceE,
  evidenceHook,
  type EvidenceInputs,
  keyOf,
  offHook,
  PATH_OBSERVATIONS,
  pathOf,
  type PathWalk,
  type SeriesAsOf,
  seriesAsOf,
  summarizeIdentity,
  summarizeSeries,
  traitFilter,
  wordsOfBag,
} from "./evidence/index.ts";
import { wordSharesJob, wordStampOf } from "./evidence/job.ts";
import { ESTIMATE_RULE, estimateOf } from "./evidence/operators-event.ts";
import { sharesFor, UNSEEN_SHARE, wordShareReader } from "./evidence/shares.ts";
import type { CapabilityJob } from "./maintenance/index.ts";
import { firstShard } from "./shard.ts";
import { readEvidenceSecret } from "./storage/index.ts";

/** Long work of capabilities. */
export const capabilityJobs: readonly CapabilityJob[] = [wordSharesJob];

/** The share of a word over all identities, above 0 to 1. */
export type WordShares = (word: string) => number;

/** Secrets that were read from the first shard. They are made once and never change. */
const storedSecrets = new WeakMap<Env, string>();

/**
 * Reads what decisions need and what no variable holds: the secret of evidence, if `EVIDENCE_SECRET` is not set. Once per isolate.
 * @returns what reads it, or null if there is nothing to read
 */
export function prepareHook(env: Env): (() => Promise<void>) | null {
  if (isOff(env) || secretOf(env) !== null) return null;
  return async () => {
    storedSecrets.set(env, await readEvidenceSecret(firstShard(env).db));
  };
}

interface Known {
  readonly inputs: EvidenceInputs;
  readonly hook: SeriesHook;
}

const known = new WeakMap<Env, Known>();

/**
 * What follows the series of an identity inside its decisions, or null.
 * @param shares - of the words of bags; null: all words have the share of an unseen one
 * @throws ConfigError if a variable is wrong
 * @throws Error if the secret is neither set nor read: see `prepareHook`
 */
export function seriesHook(env: Env, shares: WordShares | null): SeriesHook | null {
  const all = knownOf(env);
  if (all === null) return null;
  const { inputs, hook } = all;
  if (shares === null || inputs.words === null) return hook;
  return evidenceHook({ ...inputs, words: { stamp: inputs.words.stamp, shareOf: shares } });
}

/** What takes part in a decision while nothing follows the series: an erasure also takes out what was kept of them before. */
export function hookWhileOff(cause: Cause): SeriesHook | null {
  return cause.kind === "recompute" && cause.reason.kind === "erased" ? offHook : null;
}

/** What says what is kept of series and identities, for the read model. */
export type SeriesSummaries = Pick<SeriesHook, "summarizeSeries" | "summarizeIdentity">;

/** The part of the hook that writes the read model, which needs no secret; null if evidence is switched off or a variable is wrong. Never throws. */
export function seriesSummaries(env: Env): SeriesSummaries | null {
  return isOff(env) ? null : { summarizeSeries, summarizeIdentity };
}

/** By variables and secret, both of which an isolate keeps. */
function knownOf(env: Env): Known | null {
  const before = known.get(env);
  if (before) return before;
  const { evidence } = readConfig(env);
  if (evidence === null) return null;
  const secret = secretOf(env);
  if (secret === null) throw new Error("the secret of evidence must be read before a decision");
  const stamp = wordStampOf(env);
  const words = stamp === null ? null : { stamp, shareOf: () => UNSEEN_SHARE };
  const inputs = { constants: evidence, key: keyOf(secret), words };
  const all = { inputs, hook: evidenceHook(inputs) };
  known.set(env, all);
  return all;
}

function isOff(env: Env): boolean {
  return (tryConfig(env)?.evidence ?? null) === null;
}

function secretOf(env: Env): string | null {
  // The type says that a secret is set; it need not be.
  const secret: string | undefined = env.EVIDENCE_SECRET;
  return secret || (storedSecrets.get(env) ?? null);
}

type ValueOf = Pick<AppliedObservation, "primitive" | "value">;

/**
 * Reads the shares of the words of bags among observations, for the calls that apply them. At most one query, once an hour.
 * @returns the shares of the words among some of them, by word; undefined if there are none
 */
export async function wordSharesFor(
  env: Env,
  policy: Policy,
  observations: readonly ValueOf[],
): Promise<(some: readonly ValueOf[]) => Readonly<Record<string, number>> | undefined> {
  const words = areWordsScored(env) ? wordsIn(policy, observations) : [];
  if (words.length === 0) return () => undefined;
  const shares = new Map(Object.entries(await sharesFor(env, words)));
  return (some) => {
    const found = wordsIn(policy, some).map((word) => [word, shares.get(word) ?? UNSEEN_SHARE] as const);
    return found.length === 0 ? undefined : Object.fromEntries(found);
  };
}

/** The shares that came with a call. */
export function sharesIn(wordShares: Readonly<Record<string, number>> | undefined): WordShares | null {
  if (wordShares === undefined) return null;
  const shares = new Map(Object.entries(wordShares));
  return (word) => shares.get(word) ?? UNSEEN_SHARE;
}

/**
 * Reads the shares of all words, for decisions about stored observations. At most one query, once an hour.
 * @param primitives - of the identity: without one of bags nothing is read; null: it is not known which
 * @returns null if no word is scored
 */
export async function readWordShares(
  env: Env,
  primitives: readonly string[] | null,
): Promise<WordShares | null> {
  if (!areWordsScored(env)) return null;
  const { policy } = readConfig(env);
  const mayHoldBags = primitives?.some((primitive) => mergeKindIn(policy, primitive) === "bag") ?? true;
  return mayHoldBags ? wordShareReader(env) : null;
}

/** Whether words of commands are scored. A wrong variable is reported where something is decided. */
function areWordsScored(env: Env): boolean {
  return !isOff(env) && wordStampOf(env) !== null;
}

function wordsIn(policy: Policy, observations: readonly ValueOf[]): string[] {
  return observations.flatMap(({ primitive, value }) =>
    mergeKindIn(policy, primitive) === "bag" ? wordsOfBag(value) : [],
  );
}

/** Answers questions about what is kept of series, by the variables of an environment. */
export interface EvidenceReader {
  /** Of a series now; null if nothing is known of it. */
  describe(primitive: string, kept: Uint8Array, entries: readonly string[]): ChangeView | null;
  /** Of a series at a time; null if it is none in which changes are looked for. */
  asOf(primitive: string, kept: Uint8Array, entries: readonly string[], asOfTs: number): SeriesAsOf | null;
  /** E of a series over its newest observations; null if it is none in which changes are looked for. */
  path(primitive: string, kept: Uint8Array): PathWalk | null;
  /** Of the commands of the last session; null if the primitive holds none, or words are not scored. */
  describeCommands(primitive: string, kept: Uint8Array): CommandsView | null;
  /** E of an identity. @param es - of its series, in ASCII order of the primitives */
  eOfIdentity(es: readonly number[]): number;
}

/** What reads evidence, or null if it is switched off. @throws as `seriesHook` */
export function evidenceReader(env: Env): EvidenceReader | null {
  const { policy } = readConfig(env);
  const inputs = knownOf(env)?.inputs ?? null;
  if (inputs === null) return null;
  return {
    describe(primitive, kept, entries) {
      const kind = changeKindOf(mergeKindIn(policy, primitive));
      return kind && describeSeries(primitive, kind, kept, entries, inputs);
    },
    asOf(primitive, kept, entries, asOfTs) {
      const kind = changeKindOf(mergeKindIn(policy, primitive));
      return kind && seriesAsOf(primitive, kind, kept, entries, inputs, asOfTs);
    },
    path(primitive, kept) {
      const kind = changeKindOf(mergeKindIn(policy, primitive));
      return kind && pathOf(primitive, kind, kept, inputs, PATH_OBSERVATIONS);
    },
    describeCommands: (primitive, kept) =>
      inputs.words !== null && mergeKindIn(policy, primitive) === "bag" ? describeCommands(kept) : null,
    eOfIdentity: evidenceE,
  };
}

/** Changes are looked for in every kind but bags. */
function changeKindOf(kind: MergeKind): ChangeKind | null {
  return kind === "bag" ? null : kind;
}

/** When an estimate is due. */
export interface EstimateRule {
  /** Whether the observations of a primitive count. */
  readonly isCounted: (primitive: string) => boolean;
  /** An estimate is made when the largest count has passed a multiple of this, … */
  readonly every: number;
  /** … and is at least this. */
  readonly fewest: number;
}

/** When operators are estimated, or null if evidence is switched off. */
export function estimateRule(env: Env): EstimateRule | null {
  const constants = tryConfig(env)?.evidence ?? null;
  return constants && { isCounted: filterOf(constants.traitPrimitives), ...ESTIMATE_RULE };
}

const filters = new WeakMap<readonly string[], (primitive: string) => boolean>();

function filterOf(globs: readonly string[]): (primitive: string) => boolean {
  const filter = filters.get(globs) ?? traitFilter(globs);
  filters.set(globs, filter);
  return filter;
}

/** What an estimate adds to an identity. */
export interface Estimate {
  readonly keptOfIdentity: string;
  readonly events: readonly HookEvent[];
}

export { ESTIMATE_QUERIES } from "./evidence/operators-event.ts";

/**
 * Estimates the operators of an identity from the record.
 * @param keptOfIdentity - with the last estimate that was published
 * @returns null if it is still that one
 * @throws what D1 throws
 */
export async function estimate(
  env: Env,
  db: D1Database,
  identityUuid: string,
  keptOfIdentity: string | null,
): Promise<Estimate | null> {
  const { policy, evidence } = readConfig(env);
  return evidence && estimateOf(db, identityUuid, keptOfIdentity, policy, evidence);
}
