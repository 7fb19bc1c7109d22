/** Reaching into an identity object: its storage, and what it publishes to. */
import { runInDurableObject } from "cloudflare:test";
import type { IdentityObject } from "../../src/identity/index.ts";

type Stub = DurableObjectStub<IdentityObject>;

/** Runs something on an object's own SQLite. */
export function inObject<T>(stub: Stub, act: (sql: SqlStorage) => T): Promise<T> {
  return runInDurableObject(stub, (_, state) => act(state.storage.sql));
}

/** Puts something in the place of what an object publishes to and reads from. */
export function retarget(
  stub: Stub,
  change: (targets: IdentityObject["targets"]) => IdentityObject["targets"],
): Promise<void> {
  return runInDurableObject(stub, (instance: IdentityObject) => {
    instance.targets = change(instance.targets);
  });
}

/**
 * Lets something happen once, right after an object has read a page of an attacker's observations from D1, before it
 * goes on with what it read.
 */
export function afterPageRead(stub: Stub, happen: () => Promise<unknown>): Promise<void> {
  let isDue = true;
  return retarget(stub, (targets) => ({
    ...targets,
    db: afterwards(targets.db, async (sql) => {
      if (!isDue || !isPageRead(sql)) return;
      isDue = false;
      await happen();
    }),
  }));
}

/** Whether a statement reads a page of observations. */
export function isPageRead(sql: string): boolean {
  return /^\s*WITH RECURSIVE holder/.test(sql);
}

function afterwards(db: D1Database, then: (sql: string) => Promise<void>): D1Database {
  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, property) {
        if (property === "bind") return (...values: unknown[]) => wrap(target.bind(...values), sql);
        if (property !== "all") return bound(target, property);
        return async () => {
          const result = await target.all();
          await then(sql);
          return result;
        };
      },
    });
  return new Proxy(db, {
    get: (target, property) =>
      property === "prepare" ? (sql: string) => wrap(target.prepare(sql), sql) : bound(target, property),
  });
}

function bound(target: object, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property);
  return typeof value === "function" ? value.bind(target) : value;
}
