/** Erases an attacker from an identity object. A tombstone and the identity's `seq` counter stay. */
import { type Cause, newIdentityHead } from "../core/index.ts";
import { backfillKey } from "./jobs/backfill.ts";
import { forgetLink } from "./jobs/exchange.ts";
import type { IdentityStore } from "./store/index.ts";

/**
 * Removes an attacker's observations and everything derived from them. Runs inside one transaction.
 * @param erasedTs - epoch seconds; observations of it with a ts up to this are refused from now on
 * @returns the cause of a decision
 */
export function eraseAttacker(store: IdentityStore, attackerUuid: string, erasedTs: number): Cause {
  store.links.erase(attackerUuid, erasedTs);
  store.observations.removeOf(attackerUuid, erasedTs);
  store.staged.removeOf(attackerUuid, erasedTs);
  store.jobs.finish(backfillKey(attackerUuid), false);
  store.jobs.invalidateSteps();
  store.outbox.redact(attackerUuid);
  if (!store.observations.has(attackerUuid)) {
    forgetLink(store, attackerUuid, store.links.version(attackerUuid) ?? 0);
  }
  return { kind: "recompute", forms: false, notice: null, reason: { kind: "erased", attackerUuid } };
}

/** Removes everything of an identity without attackers, except the number of its last event. */
export function forgetIfDeserted(store: IdentityStore): void {
  if (store.winner !== null && store.links.all().length > 0) return;
  if (store.links.count() > 0) return;
  store.forgetWinner();
  const { identityUuid, seq } = store.head;
  store.saveHead({ ...newIdentityHead(identityUuid), seq });
}
