/**
 * An identity's states as they were at an earlier time: what its stored observations up to then say, whenever they
 * arrived. Reads, and changes nothing.
 */
import { readConfig } from "../config.ts";
import { type Member, mergeKindIn, type Policy, replay } from "../core/index.ts";
import type { AttributionAnswer, PrimitiveAttribution } from "./protocol.ts";
import type { IdentityStore } from "./store.ts";

interface MemberRow extends Record<string, SqlStorageValue> {
  value: string;
  ts: number;
  evidenceRef: string;
  attackerUuid: string;
}

/** Answers for the identity, or says which one answers for it. */
export function answerAttribution(
  store: IdentityStore,
  sql: SqlStorage,
  env: Env,
  asOfTs: number | null,
): AttributionAnswer {
  const winnerUuid = store.winner();
  if (winnerUuid !== null) return { outcome: "merged_away", winnerUuid };
  const primitives =
    asOfTs === null
      ? store.attributionsJson()
      : JSON.stringify(attributionAt(store, sql, readConfig(env).policy, asOfTs));
  return { outcome: "states", primitives };
}

/**
 * The states as they would be with the observations whose ts is not later.
 *
 * `last_change_ts` is that of a replay in series order. A primitive that has no later observation is as it is now, so
 * it is answered from its record, `last_change_ts` (which tells what was seen when) included, at the cost of one row;
 * any other costs one pass over its observations up to then.
 * @param asOfTs - epoch seconds
 */
function attributionAt(
  store: IdentityStore,
  sql: SqlStorage,
  policy: Policy,
  asOfTs: number,
): PrimitiveAttribution[] {
  return store.attributions().flatMap((now): PrimitiveAttribution[] => {
    const { primitive } = now;
    const isCurrent = store.record(primitive)?.policyId === policy.id;
    if (isCurrent && now.lastObservationTs <= asOfTs) return [now];
    const kind = mergeKindIn(policy, primitive);
    const then = replay(kind, membersUpTo(sql, primitive, asOfTs), policy.thresholds);
    return then === null ? [] : [{ primitive, ...then }];
  });
}

/** In series order; read row by row. */
function* membersUpTo(sql: SqlStorage, primitive: string, asOfTs: number): Iterable<Member> {
  yield* sql.exec<MemberRow>(
    `SELECT value, ts, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid FROM observations
     WHERE primitive = ? AND ts <= ? ORDER BY ts, evidence_ref, attacker_uuid`,
    primitive,
    asOfTs,
  );
}
