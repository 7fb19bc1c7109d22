/**
 * Invocations: one per request, queue batch, cron event, object call and alarm, as the platform counts them. What an
 * invocation calls is counted with it, also what it leaves to run after its answer.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { LimitName } from "./platform.ts";

/** One invocation and what it has used so far. */
export interface Invocation {
  /** As the report shows it: `queue attacker-observations`, `IdentityObject.apply`. */
  readonly name: string;
  /** The object whose method runs, or null for the Worker. */
  readonly owner: object | null;
  readonly used: Partial<Record<LimitName, number>>;
}

const invocations = new AsyncLocalStorage<Invocation>();

/** The invocation that is running, or null in code that a test calls directly. */
export function currentInvocation(): Invocation | null {
  return invocations.getStore() ?? null;
}

/**
 * Runs something as an invocation of its own.
 * @param owner - the object whose method it is; what such a method calls on its own object stays in its invocation
 */
export function inInvocation<T>(name: string, owner: object | null, act: () => T): T {
  const outer = currentInvocation();
  if (owner !== null && outer?.owner === owner) return act();
  return invocations.run({ name, owner, used: {} }, act);
}
