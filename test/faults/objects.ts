/**
 * The Worker's objects, with faults while a history is played: each call that they await goes through the injection, and
 * their alarms go off only when a test says so.
 */
import { IdentityObject, MaintenanceObject } from "../../src/worker.ts";
import { faultyEnv } from "./bindings.ts";
import { type Actor, inTransaction, injection } from "./injection.ts";
import { snapshotOf } from "./snapshot.ts";

/** Long enough that no alarm goes off by itself. */
const ALARM_PUT_OFF_MS = 3_600_000;

/** The reason of a crash; begins like the reason of ending a test, which is not reported as an error. */
const CRASHED = "Instance disposed: a crash by injection";

/** Observations of one page of long work: so few that a handful of observations takes several pages. */
const SHORT_PAGE = 3;

/** An identity object that can be made to fail. */
export class FaultyIdentityObject extends IdentityObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, injection.isActive ? prepared(ctx, env) : env);
    if (injection.isActive) this.pageSizes = { backfill: SHORT_PAGE, exchange: SHORT_PAGE, pack: SHORT_PAGE };
  }

  /** Notes what the object held when it was merged away, so that it can be compared with what it holds at the end. */
  override mergeAway(...args: Parameters<IdentityObject["mergeAway"]>): void {
    const wasAlone = this.inspect().winnerUuid === null;
    super.mergeAway(...args);
    if (!injection.isActive || !wasAlone || this.inspect().winnerUuid === null) return;
    injection.mergedAway.set(this.ctx.id.name ?? "", snapshotOf(this.ctx.storage.sql));
  }
}

/** A maintenance object that can be made to fail. */
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
    leaves: new Set(),
    die() {
      actor.isDead = true;
      actor.awaiting.clear();
      actor.leaves.clear();
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
