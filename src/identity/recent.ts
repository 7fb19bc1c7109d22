/**
 * The newest observations, for the page of an identity: of every primitive those that its state row carries, which costs a
 * row for each primitive however many observations there are; of one primitive as many as its chart draws.
 */
import type { Member } from "../core/index.ts";
import { readTail } from "./tail-text.ts";

/** Characters of a value's JSON that are given of every primitive; a longer one is cut, and marked as such. */
const SHOWN_CHARACTERS = 200;

/** An observation of a primitive. */
export interface RecentObservation extends Member {
  readonly primitive: string;
  /** Whether `value` is only the beginning of its JSON. */
  readonly isCut: boolean;
}

interface TailRow extends Record<string, SqlStorageValue> {
  primitive: string;
  tail: string;
}

interface MemberRow extends Record<string, SqlStorageValue> {
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

/** The members of every primitive's tail: informative observations, in the order of their series, by primitive. */
export function readRecent(sql: SqlStorage): RecentObservation[] {
  const rows = sql.exec<TailRow>("SELECT primitive, tail FROM attributions ORDER BY primitive").toArray();
  return rows.flatMap(({ primitive, tail: text }) => {
    const tail = readTail(text);
    const members = tail.kind === "hash" ? tail.latest : tail.newest;
    return members.map(({ value, ts, evidenceRef, attackerUuid }) => {
      const isCut = value.length > SHOWN_CHARACTERS;
      const shown = isCut ? value.slice(0, SHOWN_CHARACTERS) : value;
      return { primitive, value: shown, isCut, ts, evidenceRef, attackerUuid };
    });
  });
}

/**
 * The newest observations of a primitive, abstentions included, in the order of the series. Costs one pass over the
 * object's own rows of that primitive, and none of D1.
 * @param limit - how many at most
 */
export function readNewest(sql: SqlStorage, primitive: string, limit: number): Member[] {
  return sql
    .exec<MemberRow>(
      `SELECT value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid FROM observations
       WHERE primitive = ? ORDER BY ts DESC, evidence_ref DESC, attacker_uuid DESC LIMIT ?`,
      primitive,
      limit,
    )
    .toArray()
    .toReversed();
}
