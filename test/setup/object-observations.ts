/** The stored observations of an identity object, and changing them behind its back. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { AppliedObservation } from "../../src/core/index.ts";
import type { IdentityObject } from "../../src/identity/index.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";

type Stub = DurableObjectStub<IdentityObject>;

/** What an object holds, in the order (attacker, place). */
export function heldObservations(stub: Stub): Promise<AppliedObservation[]> {
  return runInDurableObject(stub, (_, { storage }) => everything(new IdentityStore(storage, "")));
}

/** How many observations an object holds. */
export async function countHeld(stub: Stub): Promise<number> {
  return (await heldObservations(stub)).length;
}

/** Removes observations from an object, which does not notice: its states stay. */
export async function loseObservations(
  stub: Stub,
  isLost: (observation: AppliedObservation) => boolean = () => true,
): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const store = new IdentityStore(storage, "");
    storage.transactionSync(() => store.observations.remove(everything(store).filter(isLost)));
  });
  // The object may have kept decoded rows.
  await evictDurableObject(stub);
}

/** Adds observations to an object, which does not notice: its states stay. */
export async function addObservations(
  stub: Stub,
  observations: readonly AppliedObservation[],
): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const store = new IdentityStore(storage, "");
    storage.transactionSync(() => {
      store.prepare();
      store.observations.put(observations);
    });
  });
  await evictDurableObject(stub);
}

/** Stages what an object holds, as an exchange does with what it has read. */
export async function stageHeld(stub: Stub, key: string): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    const store = new IdentityStore(storage, "");
    storage.transactionSync(() => store.staged.add(key, everything(store)));
  });
  await evictDurableObject(stub);
}

function everything(store: IdentityStore): AppliedObservation[] {
  if (store.isEmpty) return [];
  const rows = [...store.observations.range({ after: null, through: null })];
  return rows.flatMap(({ observations }) => observations);
}
