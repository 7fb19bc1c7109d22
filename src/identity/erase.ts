/** Erasing an attacker from an identity object: everything but a tombstone and the identity's `seq` counter. */
import { newIdentityHead } from "../core/index.ts";
import { redactionStatement } from "../storage/index.ts";
import { type ExchangeContext, type Exchanged, recomputeWithout } from "./exchange.ts";

/**
 * Erases an attacker. Runs inside one transaction.
 * @param erasedTs - epoch seconds; observations of it with a ts up to this are refused from now on
 */
export function eraseAttacker(context: ExchangeContext, attackerUuid: string, erasedTs: number): Exchanged {
  const { store, sql } = context;
  store.prepare();
  sql.exec(
    `INSERT INTO erased (attacker_uuid, erased_ts) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET erased_ts = max(erased_ts, excluded.erased_ts)`,
    attackerUuid,
    erasedTs,
  );
  sql.exec("DELETE FROM observations WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, erasedTs);
  sql.exec("DELETE FROM staged WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, erasedTs);
  sql.exec("DELETE FROM backfills WHERE attacker_uuid = ?", attackerUuid);
  sql.exec(redactionStatement("outbox"), attackerUuid);
  const isGone =
    sql.exec("SELECT 1 FROM observations WHERE attacker_uuid = ? LIMIT 1", attackerUuid).toArray().length ===
    0;
  if (isGone) store.forgetLink(attackerUuid);
  const before = store.head();
  const exchanged = recomputeWithout(context, attackerUuid);
  if (store.winner() !== null && store.links().length > 0) return exchanged;
  if (store.linked().attackerUuids.length > 0) return exchanged;
  store.forgetWinner();
  // Nobody is left: what remains of the identity is the number of its last event.
  const head = { ...newIdentityHead(before.identityUuid), seq: exchanged.head.seq };
  store.saveHead(head);
  return { ...exchanged, head };
}
