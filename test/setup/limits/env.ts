/** An environment whose bindings hold the Worker to the platform's limits. */
import { limitedDatabase } from "./database.ts";
import { limitedNamespace } from "./namespace.ts";
import { limitedQueue } from "./queue.ts";
import { count } from "./use.ts";

/** By the environment given; the same one gets the same answer, because the Worker remembers things by its environment. */
const known = new WeakMap<Env, Env>();
const limited = new WeakSet<Env>();

/** The environment with limits; one that has them already is returned as it is. */
export function limitedEnv(env: Env): Env {
  if (limited.has(env)) return env;
  const made = known.get(env) ?? make(env);
  known.set(env, made);
  limited.add(made);
  return made;
}

function make(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, binding]: [string, unknown]) => [name, limitedBinding(binding)]),
  ) as unknown as Env;
}

function limitedBinding(binding: unknown): unknown {
  if (typeof binding !== "object" || binding === null) return binding;
  if ("prepare" in binding && "batch" in binding) return limitedDatabase(binding as D1Database);
  if ("getByName" in binding) return limitedNamespace(binding as DurableObjectNamespace<Branded>);
  if ("sendBatch" in binding) return limitedQueue(binding as Queue);
  if ("fetch" in binding) return limitedFetcher(binding as Fetcher);
  return binding;
}

type Branded = DurableObject & Rpc.DurableObjectBranded;

function limitedFetcher(fetcher: Fetcher): Fetcher {
  return new Proxy(fetcher, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== "fetch") return member.bind(target);
      return async (...args: unknown[]): Promise<unknown> => {
        count("subrequests", 1, () => "fetch");
        return Reflect.apply(member, target, args);
      };
    },
  });
}

const nativeFetch = globalThis.fetch;
globalThis.fetch = (...args: Parameters<typeof fetch>) => {
  count("subrequests", 1, () => "fetch");
  return nativeFetch(...args);
};
