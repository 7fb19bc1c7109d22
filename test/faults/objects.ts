/**
 * The Worker's objects, with faults where a test has switched them on: whatever they await goes through the injection,
 * and their alarms go off only when a test says so.
 */
import { IdentityObject, MaintenanceObject } from "../../src/worker.ts";
import { faultyEnv } from "./bindings.ts";
import { type Actor, inTransaction, injection } from "./injection.ts";

/** Far enough for no alarm to go off by itself. */
const ALARM_PUT_OFF_MS = 3_600_000;

/** The reason of a crash; begins like the one of ending a test, which is not reported as an error. */
const CRASHED = "Instance disposed: a crash by injection";

/** An identity object that can be made to fail. */
export class FaultyIdentityObject extends IdentityObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, injection.isActive ? prepared(ctx, env) : env);
  }
}

/** The maintenance object, likewise. */
export class FaultyMaintenanceObject extends MaintenanceObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, injection.isActive ? prepared(ctx, env) : env);
  }
}

function prepared(ctx: DurableObjectState, env: Env): Env {
  const { storage } = ctx;
  const actor: Actor = {
    name: ctx.id.name?.slice(0, 4) ?? "object",
    isObject: true,
    isDead: false,
    awaiting: new Set(),
    die() {
      actor.isDead = true;
      actor.awaiting.clear();
      ctx.abort(CRASHED);
    },
  };
  injection.actors.set(ctx.id.name ?? "", actor);
  const waitUntil = ctx.waitUntil.bind(ctx);
  replace(ctx, "waitUntil", (work: Promise<unknown>) => {
    const token = Symbol("background");
    actor.awaiting.add(token);
    const forget = () => void actor.awaiting.delete(token);
    waitUntil(work.then(forget, forget));
  });
  const setAlarm = storage.setAlarm.bind(storage);
  replace(storage, "setAlarm", (at: number) => setAlarm(at + ALARM_PUT_OFF_MS));
  const transactionSync = storage.transactionSync.bind(storage);
  replace(storage, "transactionSync", (closure: () => unknown) =>
    inTransaction(actor, transactionSync, closure),
  );
  return faultyEnv(env, actor);
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
