/**
 * Explains why a state changed, with everything that is needed to recompute it (contract §5): the deciding windows, what
 * entered and left them, and the comparison. It has wire names, because receivers read it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type JsonValue, utf8Length } from "./json.ts";
import { HASH_LISTED, isSameKey, type Rule, type Tail, type Verdict, windowsOf } from "./merge/index.ts";
import type { Member } from "./observation.ts";
import type { Thresholds } from "./thresholds.ts";

/** Bytes of canonical JSON above which a value is replaced by its digest. */
const LONGEST_VALUE = 256;

/** The digest of a long value. Two digests are equal if and only if the values are. */
export interface ValueDigest {
  readonly sha256: string;
  readonly bytes: number;
}

export interface ExplainedMember {
  readonly value: JsonValue | ValueDigest;
  readonly ts: number;
  readonly evidence_ref: string;
  readonly attacker_uuid: string;
}

export interface ExplainedKey {
  readonly evidence_ref: string;
  readonly attacker_uuid: string;
}

export interface Explanation {
  readonly rule: Rule;
  /** Oldest first. For a hash: the latest of each distinct value in the window, at most 16. */
  readonly recent: readonly ExplainedMember[];
  readonly older: readonly ExplainedMember[];
  /** Hash only: the full count of distinct values in the window. */
  readonly distinct?: number;
  readonly entered: readonly ExplainedKey[];
  readonly left: readonly ExplainedKey[];
  readonly statistic: number;
  readonly threshold: number;
  /** Distance of the statistic from the threshold, never negative. */
  readonly margin: number;
}

/**
 * Explains a verdict.
 * @param before - the tail of the state before, or null at first
 */
export function explain(
  verdict: Verdict,
  before: Tail | null,
  after: Tail,
  thresholds: Thresholds,
): Explanation {
  const { recent, older } = explainedWindows(after, thresholds);
  const known = before === null ? [] : membersOf(before);
  const members = [...older, ...recent];
  return {
    rule: verdict.rule,
    recent: recent.map(toExplainedMember),
    older: older.map(toExplainedMember),
    ...(after.kind === "hash" ? { distinct: after.distinct } : {}),
    entered: members.filter((member) => !includesKey(known, member)).map(toExplainedKey),
    left: known.filter((member) => !includesKey(members, member)).map(toExplainedKey),
    statistic: verdict.statistic,
    threshold: verdict.threshold,
    margin: Math.abs(verdict.statistic - verdict.threshold),
  };
}

function includesKey(members: readonly Member[], member: Member): boolean {
  return members.some((other) => isSameKey(other, member));
}

function explainedWindows(
  tail: Tail,
  thresholds: Thresholds,
): { recent: readonly Member[]; older: readonly Member[] } {
  if (tail.kind === "hash") return { recent: membersOf(tail), older: [] };
  return windowsOf(tail, thresholds);
}

function membersOf(tail: Tail): readonly Member[] {
  return tail.kind === "hash" ? tail.latest.slice(-HASH_LISTED) : tail.newest;
}

function toExplainedMember(member: Member): ExplainedMember {
  const bytes = utf8Length(member.value);
  return {
    value: bytes > LONGEST_VALUE ? { sha256: digest(member.value), bytes } : JSON.parse(member.value),
    ts: member.ts,
    evidence_ref: member.evidenceRef,
    attacker_uuid: member.attackerUuid,
  };
}

function toExplainedKey(member: Member): ExplainedKey {
  return { evidence_ref: member.evidenceRef, attacker_uuid: member.attackerUuid };
}

/**
 * The same explanation with a digest for every evidence pointer. It is used if the pointers make an event too long, which
 * happens with characters that JSON escapes to six.
 */
export function withDigestedPointers(explanation: Explanation): Explanation {
  return {
    ...explanation,
    recent: explanation.recent.map(withDigestedPointer),
    older: explanation.older.map(withDigestedPointer),
    entered: explanation.entered.map(withDigestedPointer),
    left: explanation.left.map(withDigestedPointer),
  };
}

function withDigestedPointer<T extends ExplainedKey>(key: T): T {
  return { ...key, evidence_ref: `sha256:${digest(key.evidence_ref)}` };
}

function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
