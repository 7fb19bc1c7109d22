/**
 * The capabilities that follow the engine: the one place that knows both. Evidence follows the series of an identity inside its decisions,
 * and estimates operators outside of them.
 */
import { readConfig, tryConfig } from "./config.ts";
import {
  type AppliedObservation,
  type HookEvent,
  type JsonValue,
  type Member,
  mergeKindIn,
  type Policy,
  type SeriesHook,
} from "./core/index.ts";
import { wordSharesJob } from "./evidence/job.ts";
import { sharesFor, wordShareReader } from "./evidence/shares.ts";
import type { CapabilityJob } from "./maintenance/index.ts";
import { firstShard } from "./shard.ts";
import { readEvidenceSecret } from "./storage/index.ts";

/** Long work of capabilities. */
export const capabilityJobs: readonly CapabilityJob[] = [wordSharesJob];

/** The share of a word over all identities, above 0 to 1. */
export type WordShares = (word: string) => number;

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
    const known = wordsIn(policy, some).map((word) => [word, shares.get(word) ?? 0] as const);
    return known.length === 0 ? undefined : Object.fromEntries(known);
  };
}

function wordsIn(policy: Policy, observations: readonly ValueOf[]): string[] {
  return observations.flatMap(({ primitive, value }) =>
    mergeKindIn(policy, primitive) === "bag" ? wordsOf(value) : [],
  );
}

/** Reads the shares of all words, for decisions about stored observations. At most one query, once an hour. Null if no word is scored. */
export async function readWordShares(env: Env): Promise<WordShares | null> {
  return areWordsScored(env) ? wordShareReader(env) : null;
}

/** Whether words of commands are scored. A wrong variable is reported where something is decided. */
function areWordsScored(env: Env): boolean {
  const secret: string | undefined = env.WORD_SECRET;
  return Boolean(secret) && (tryConfig(env)?.evidence ?? null) !== null;
}

/** The words of a bag. A value of another kind, from before the kind was changed, has none. */
function wordsOf(value: string): string[] {
  const read: unknown = JSON.parse(value);
  return Array.isArray(read) ? read.filter((word) => typeof word === "string") : [];
}

/** Secrets that were read from the first shard. They are made once and never change. */
const stored = new WeakMap<Env, string>();

/**
 * Reads what decisions need and what no variable holds: the secret of evidence, if `EVIDENCE_SECRET` is not set. Once per isolate.
 * @returns null if there is nothing to read
 */
export function prepareHook(env: Env): Promise<void> | null {
  if ((tryConfig(env)?.evidence ?? null) === null || secretOf(env) !== null) return null;
  return readEvidenceSecret(firstShard(env).db).then((secret) => {
    stored.set(env, secret);
  });
}

/**
 * What follows the series of an identity inside its decisions, or null.
 * @param shares - of the words of bags; null: no word is known
 * @throws ConfigError if a variable is wrong
 * @throws Error if the secret is neither set nor read: see `prepareHook`
 */
export function seriesHook(env: Env, _shares: WordShares | null): SeriesHook | null {
  const { evidence } = readConfig(env);
  if (evidence === null) return null;
  if (secretOf(env) === null) throw new Error("the secret of evidence must be read before a decision");
  return null;
}

/** What says what is kept of series and identities, for the read model. */
export type SeriesSummaries = Pick<SeriesHook, "summarizeSeries" | "summarizeIdentity">;

/** The same part of the hook, which needs no secret; null if evidence is switched off or a variable is wrong. Never throws. */
export function seriesSummaries(_env: Env): SeriesSummaries | null {
  return null;
}

/** What is said of evidence to readers. */
export interface EvidenceReader {
  /** Of a series now, or null if it is none that is followed. */
  describe(primitive: string, kept: Uint8Array, entries: readonly string[]): SeriesView | null;
  /** Of a series at a time: takes its members up to then, in order. */
  asOf(
    primitive: string,
    kept: Uint8Array,
    entries: readonly string[],
    asOfTs: number,
  ): { take(member: Member): void; view(): SeriesView | null };
  /** Of the commands of the last session, or null if the primitive holds none. */
  describeCommands(primitive: string, kept: Uint8Array): JsonValue;
  /** E of an identity. @param es - of its series, in ASCII order of the primitives */
  eOfIdentity(es: readonly number[]): number;
}

/** What is said of a series: wire names. */
export interface SeriesView {
  readonly primitive: string;
  /** Null: not known at that time. */
  readonly e: number | null;
  readonly [field: string]: unknown;
}

/** What reads evidence, or null if it is switched off. @throws as `seriesHook` */
export function evidenceReader(_env: Env): EvidenceReader | null {
  return null;
}

/** When an estimate is due. */
export interface EstimateRule {
  /** Whether the observations of a primitive count. */
  isCounted(primitive: string): boolean;
  /** An estimate is made when the largest count has passed a multiple of this, … */
  readonly every: number;
  /** … and is at least this. */
  readonly fewest: number;
}

/** When operators are estimated, or null if evidence is switched off. */
export function estimateRule(_env: Env): EstimateRule | null {
  return null;
}

/** What an estimate adds to an identity. */
export interface Estimate {
  readonly keptOfIdentity: string | null;
  readonly events: readonly HookEvent[];
}

/** Maximum queries of an estimate. */
export const ESTIMATE_QUERIES = 16;

/**
 * Estimates the operators of an identity from the record.
 * @param keptOfIdentity - with the last estimate that was published
 * @returns null if it is still that one
 * @throws what D1 throws
 */
export function estimate(
  _env: Env,
  _db: D1Database,
  _identityUuid: string,
  _keptOfIdentity: string | null,
): Promise<Estimate | null> {
  return Promise.resolve(null);
}

function secretOf(env: Env): string | null {
  return env.EVIDENCE_SECRET || (stored.get(env) ?? null);
}
