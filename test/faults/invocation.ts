/** An invocation of the Worker, which a fault can end at once. */
import { env } from "cloudflare:workers";
import { limitedEnv } from "../setup/limits/env.ts";
import { inInvocation } from "../setup/limits/invocation.ts";
import { faultyEnv } from "./bindings.ts";
import { type Actor, injection } from "./injection.ts";

let invocations = 0;

/**
 * Runs a part of the Worker as one invocation, with faulty bindings behind the platform's limits.
 * @param name - for the report of how much of each limit is used
 * @param variables - replace those of the environment
 * @returns null if it died on the way
 */
export async function invoke<T>(
  name: string,
  variables: Readonly<Record<string, string>>,
  act: (bindings: Env) => Promise<T>,
): Promise<T | null> {
  const death = Promise.withResolvers<null>();
  const actor: Actor = {
    name: "worker",
    isObject: false,
    isDead: false,
    awaiting: new Set(),
    leaves: new Set(),
    die() {
      actor.isDead = true;
      actor.awaiting.clear();
      actor.leaves.clear();
      death.resolve(null);
    },
  };
  const key = `worker ${++invocations}`;
  injection.actors.set(key, actor);
  const bindings = { ...faultyEnv(limitedEnv(env), actor), ...variables } as Env;
  try {
    return await Promise.race([inInvocation(name, null, () => act(bindings)), death.promise]);
  } finally {
    injection.actors.delete(key);
  }
}
