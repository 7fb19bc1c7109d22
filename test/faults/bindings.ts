/** The bindings of an environment; each call of them goes through the injection. */
import { readConfig } from "../../src/config.ts";
import { awaited, type Actor, type Call, injection } from "./injection.ts";
import { FAULTY_THRESHOLD } from "./thresholds.ts";

const natives = new WeakMap<object, D1PreparedStatement>();
const texts = new WeakMap<object, string>();

/** Databases of the environment, by the names of their bindings, in order. */
export const DATABASE_NAMES = ["DB", "DB_2"] as const;

/** The environment that an actor gets. */
export function faultyEnv(env: Env, actor: Actor): Env {
  const bindings: Env = {
    ...env,
    ...injection.variables,
    ...databasesOf(env, actor),
    IDENTITIES: faultyNamespace(env.IDENTITIES, "identity", actor),
    MAINTENANCE: faultyNamespace(env.MAINTENANCE, "maintenance", actor),
    EVENT_QUEUE: faultyQueue("events", injection.published, actor),
    OBSERVATION_QUEUE: faultyQueue("observations", injection.requeued, actor),
    // Live streams are not simulated.
    FEED: { getByName: () => ({ poke: () => Promise.resolve() }) } as never,
  };
  // Lower than a variable may set it.
  const { evidence } = readConfig(bindings);
  if (evidence) Object.assign(evidence, { threshold: FAULTY_THRESHOLD });
  return bindings;
}

/** The databases that the history has; the others are not bound. */
function databasesOf(env: Env, actor: Actor): Partial<Env> {
  const databases = DATABASE_NAMES.map((name, i) => {
    const db: unknown = Reflect.get(env, name);
    return [name, i < injection.databases ? faultyDatabase(db as D1Database, actor) : undefined];
  });
  return Object.fromEntries(databases);
}

function faultyDatabase(db: D1Database, actor: Actor): D1Database {
  const faulty = {
    prepare: (sql: string) => faultyStatement(db.prepare(sql), sql, actor),
    batch: (statements: D1PreparedStatement[]) =>
      awaited(actor, batchCall(statements), () => db.batch(statements.map(nativeOf))),
  };
  return faulty as unknown as D1Database;
}

function batchCall(statements: readonly D1PreparedStatement[]): Call {
  const isRemoval = statements.some((statement) =>
    /^(DELETE FROM|UPDATE) sessions/.test(texts.get(statement) ?? ""),
  );
  return { what: `D1 batch of ${statements.length}`, isPageRead: false, isRemoval, isLeaf: true };
}

function faultyStatement(statement: D1PreparedStatement, sql: string, actor: Actor): D1PreparedStatement {
  const text = sql.trim().replaceAll(/\s+/g, " ");
  const isPageRead = /^(SELECT|WITH) .+ sessions/.test(text);
  const call = { what: `D1 ${text.slice(0, 60)}`, isPageRead, isRemoval: false, isLeaf: true };
  const faulty = {
    bind: (...values: unknown[]) => faultyStatement(statement.bind(...values), sql, actor),
    first: () => awaited(actor, call, () => statement.first()),
    run: () => awaited(actor, call, () => statement.run()),
    all: () => awaited(actor, call, () => statement.all()),
    raw: () => awaited(actor, call, () => statement.raw()),
  } as unknown as D1PreparedStatement;
  natives.set(faulty, statement);
  texts.set(faulty, text);
  return faulty;
}

function nativeOf(statement: D1PreparedStatement): D1PreparedStatement {
  return natives.get(statement) ?? statement;
}

function faultyNamespace<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  kind: string,
  actor: Actor,
): DurableObjectNamespace<T> {
  const faulty = {
    getByName(name: string) {
      const stub = namespace.getByName(name) as unknown as Record<
        string,
        (...args: unknown[]) => Promise<unknown>
      >;
      return new Proxy(stub, {
        get: (target, method) =>
          typeof method === "string"
            ? (...args: unknown[]) =>
                awaited(
                  actor,
                  {
                    what: `${kind} ${name.slice(0, 4)} ${method}`,
                    isPageRead: false,
                    isRemoval: false,
                    isLeaf: false,
                  },
                  async () => target[method]?.(...args),
                )
            : undefined,
      });
    },
  };
  return faulty as unknown as DurableObjectNamespace<T>;
}

function faultyQueue<T>(name: string, taken: unknown[], actor: Actor): Queue<T> {
  const send = (bodies: readonly unknown[]) =>
    awaited(actor, { what: `queue ${name}`, isPageRead: false, isRemoval: false, isLeaf: true }, async () => {
      // The queue takes a copy, too; bytes stay bytes.
      taken.push(
        ...bodies.map((body) =>
          ArrayBuffer.isView(body) ? structuredClone(body) : JSON.parse(JSON.stringify(body)),
        ),
      );
    });
  return {
    send: (body: unknown) => send([body]),
    sendBatch: (messages: Iterable<MessageSendRequest>) => send([...messages].map(({ body }) => body)),
  } as unknown as Queue<T>;
}
