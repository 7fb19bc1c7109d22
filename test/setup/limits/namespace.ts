/** Objects whose calls are counted, and refused if they carry too much. */
import { cloneBytes } from "./size.ts";
import { count, use } from "./use.ts";

/** Members of a stub that are no calls. */
const NO_CALLS = new Set<string | symbol>(["dup", "connect"]);

/** The namespace, with the platform's limits before each of its objects. */
export function limitedNamespace<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
): DurableObjectNamespace<T> {
  return new Proxy(namespace, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== "get" && name !== "getByName") return member.bind(target);
      return (...args: unknown[]) => limitedStub(Reflect.apply(member, target, args) as object);
    },
  });
}

function limitedStub(stub: object): object {
  return new Proxy(stub, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function" || typeof name === "symbol" || NO_CALLS.has(name)) return member;
      return async (...args: unknown[]) => {
        count("subrequests", 1, () => `object call ${name}`);
        use("object_arguments", cloneBytes(args), () => `${name}()`);
        const answer: unknown = await Reflect.apply(member, target, args);
        use("object_answer", cloneBytes(answer), () => `${name}()`);
        return answer;
      };
    },
  });
}
