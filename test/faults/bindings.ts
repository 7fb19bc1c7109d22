/** The bindings of an environment, each call of which goes through the injection. */
import { awaited, type Actor, injection } from "./injection.ts";

const natives = new WeakMap<object, D1PreparedStatement>();

/** What an actor gets for its environment. */
export function faultyEnv(env: Env, actor: Actor): Env {
  return {
    ...env,
    ...injection.variables,
    DB: faultyDatabase(env.DB, actor),
    IDENTITIES: faultyNamespace(env.IDENTITIES, "identity", actor),
    MAINTENANCE: faultyNamespace(env.MAINTENANCE, "maintenance", actor),
    EVENT_QUEUE: faultyQueue("events", injection.published, actor),
    OBSERVATION_QUEUE: faultyQueue("observations", injection.requeued, actor),
    // Live streams are no part of this.
    FEED: { getByName: () => ({ poke: () => Promise.resolve() }) } as never,
  };
}

function faultyDatabase(db: D1Database, actor: Actor): D1Database {
  const faulty = {
    prepare: (sql: string) => faultyStatement(db.prepare(sql), sql, actor),
    batch: (statements: D1PreparedStatement[]) =>
      awaited(actor, `D1 batch of ${statements.length}`, () => db.batch(statements.map(nativeOf))),
  };
  return faulty as unknown as D1Database;
}

function faultyStatement(statement: D1PreparedStatement, sql: string, actor: Actor): D1PreparedStatement {
  const what = `D1 ${sql.trim().replaceAll(/\s+/g, " ").slice(0, 60)}`;
  const faulty = {
    bind: (...values: unknown[]) => faultyStatement(statement.bind(...values), sql, actor),
    first: () => awaited(actor, what, () => statement.first()),
    run: () => awaited(actor, what, () => statement.run()),
    all: () => awaited(actor, what, () => statement.all()),
    raw: () => awaited(actor, what, () => statement.raw()),
  } as unknown as D1PreparedStatement;
  natives.set(faulty, statement);
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
                awaited(actor, `${kind} ${name.slice(0, 4)} ${method}`, async () => target[method]?.(...args))
            : undefined,
      });
    },
  };
  return faulty as unknown as DurableObjectNamespace<T>;
}

function faultyQueue<T>(name: string, taken: unknown[], actor: Actor): Queue<T> {
  const send = (bodies: readonly unknown[]) =>
    awaited(actor, `queue ${name}`, async () => {
      // As the queue does: what is sent is a copy.
      taken.push(...bodies.map((body) => JSON.parse(JSON.stringify(body))));
    });
  return {
    send: (body: unknown) => send([body]),
    sendBatch: (messages: Iterable<MessageSendRequest>) => send([...messages].map(({ body }) => body)),
  } as unknown as Queue<T>;
}
