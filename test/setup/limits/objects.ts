/** Object classes under the platform's limits: each call and each alarm is an invocation of its own. */
import { DurableObject } from "cloudflare:workers";
import { nameOf, replace, writesOneRow } from "./database.ts";
import { limitedEnv } from "./env.ts";
import { inInvocation } from "./invocation.ts";
import { sqlBytes, textBytes } from "./size.ts";
import { use } from "./use.ts";

type ObjectClass = new (ctx: DurableObjectState, env: Env) => DurableObject<Env>;

/**
 * The class, with limits before its bindings and its SQL.
 * @param name - how the report calls it
 */
export function limitedObject<Class extends ObjectClass>(name: string, objectClass: Class): Class {
  const Base: ObjectClass = objectClass;
  class Limited extends Base {
    constructor(ctx: DurableObjectState, env: Env) {
      limitSql(ctx.storage.sql);
      super(ctx, limitedEnv(env));
    }
  }
  for (const [method, run] of methodsOf(Base)) {
    const act = function (this: object, ...args: unknown[]): unknown {
      return inInvocation(`${name}.${method}`, this, () => Reflect.apply(run, this, args));
    };
    replace(Limited.prototype, method, method === "alarm" ? watched(act) : act);
  }
  return Limited as Class;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** Every method of a class and of those that it extends, the nearest first to go. */
function methodsOf(objectClass: ObjectClass): Map<string, Method> {
  const methods = new Map<string, Method>();
  let prototype: unknown = objectClass.prototype;
  while (typeof prototype === "object" && prototype !== null && prototype !== DurableObject.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== "constructor" && typeof value === "function" && !methods.has(name)) {
        methods.set(name, value as Method);
      }
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return methods;
}

/** An alarm that throws is given up by the platform after six retries, so not one may throw. */
function watched(alarm: Method): Method {
  return async function (this: object, ...args: unknown[]): Promise<unknown> {
    try {
      return await Reflect.apply(alarm, this, args);
    } catch (error) {
      try {
        use("alarm_failures", 1, () => String(error));
      } catch {
        // Noted; what goes on is what was thrown.
      }
      throw error;
    }
  };
}

function limitSql(sql: SqlStorage): void {
  const exec = sql.exec.bind(sql);
  replace(sql, "exec", (query: string, ...bindings: unknown[]) => {
    use("object_statement", textBytes(query), () => nameOf(query));
    use("object_parameters", bindings.length, () => nameOf(query));
    let bytes = 0;
    for (const value of bindings) {
      const size = sqlBytes(value);
      bytes += size;
      use("object_value", size, () => nameOf(query));
    }
    if (writesOneRow(query)) use("object_row", bytes, () => nameOf(query));
    return exec(query, ...bindings);
  });
}
