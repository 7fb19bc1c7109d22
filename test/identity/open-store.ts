/** The store of an identity object by itself, on a real object's SQLite, with a count of the rows that its statements read and write. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { AppliedObservation } from "../../src/core/index.ts";
import { IdentityStore } from "../../src/identity/store/index.ts";
import { metered, type Rows } from "./metered.ts";

export interface OpenStore {
  readonly store: IdentityStore;
  /** The same SQLite, not counted. */
  readonly sql: SqlStorage;
  /** What statements have cost since it was asked last. */
  readonly takeCost: () => Rows;
  /** Another store over the same SQLite, as after an eviction. */
  readonly reopen: () => IdentityStore;
}

/** Runs something on a new store. */
export function withStore<T>(act: (open: OpenStore) => T | Promise<T>): Promise<T> {
  return runInDurableObject(env.IDENTITIES.getByName(crypto.randomUUID()), (_, state) => {
    const { sql, take: takeCost } = metered(state.storage.sql);
    const { storage } = state;
    const transactionSync = storage.transactionSync.bind(storage);
    const metering = new Proxy(storage, {
      get: (target, member) => {
        if (member === "sql") return sql;
        return member === "transactionSync" ? transactionSync : Reflect.get(target, member);
      },
    });
    const reopen = () => new IdentityStore(metering, crypto.randomUUID());
    return act({ store: reopen(), sql: state.storage.sql, takeCost, reopen });
  });
}

/** An observation of which only what matters is given. */
export function observation(given: Partial<AppliedObservation>): AppliedObservation {
  return {
    id: "i",
    attackerUuid: "00000000-0000-4000-8000-000000000001",
    primitive: "motor.input_modality",
    value: '"typed"',
    ts: 1_700_000_000,
    evidenceRef: "cowrie:s/1#kex",
    ...given,
  };
}
