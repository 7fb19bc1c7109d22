/** Holding an identity object back at one of its calls, so that a test decides what happens before it goes on. */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import type { IdentityObject } from "../../src/identity/index.ts";
import { retarget } from "./identity-object.ts";

export { isPageRead } from "./identity-object.ts";

/** Begins like the reason of ending a test, which is not reported as an error. */
const ENDED = "Instance disposed: ended by a test";

/** Calls of an object that a test can hold back, numbered from 1. */
export interface Hold {
  /** Waits until the object has the answer to a call and is held back. */
  reached(nth: number): Promise<void>;
  /** Lets the object go on after a call; without a number after each of them, those to come too. */
  release(nth?: number): void;
  /** How many of the calls came so far. */
  count(): number;
}

/**
 * Holds an object back after D1 has answered some of its statements and before it goes on with the answers.
 * @param isMeant - whether a statement counts, by its SQL
 * @param held - which of those that count, from 1
 */
export async function holdAfter(
  identityUuid: string,
  isMeant: (sql: string) => boolean,
  held: readonly number[] = [1],
): Promise<Hold> {
  let count = 0;
  const reached = new Set<number>();
  const kept = new Set(held);
  await retarget(env.IDENTITIES.getByName(identityUuid), (targets) => ({
    ...targets,
    db: watched(targets.db, async (sql) => {
      if (!isMeant(sql)) return;
      const nth = ++count;
      reached.add(nth);
      // Polls, because another request releases it.
      while (kept.has(nth)) await scheduler.wait(1);
    }),
  }));
  return {
    reached: (nth) =>
      vi.waitFor(
        () => {
          if (!reached.has(nth))
            throw new Error(`the object must come to call ${nth} that is held, it did not`);
        },
        { timeout: 30_000, interval: 2 },
      ),
    count: () => count,
    release(nth) {
      if (nth === undefined) kept.clear();
      else kept.delete(nth);
    },
  };
}

/** Ends an object: what it stored stays, what it was doing is lost. */
export async function abort(identityUuid: string): Promise<void> {
  const stub = env.IDENTITIES.getByName(identityUuid);
  await runInDurableObject(stub, (_, state) => state.abort(ENDED)).catch(() => {});
}

/**
 * Ends an object right after one of its calls to D1 or the queue has been answered.
 * @param nth - which call, from 1
 * @returns whether the object came that far
 */
export async function abortAfter(identityUuid: string, nth: number): Promise<() => boolean> {
  let [count, isAborted] = [0, false];
  await runInDurableObject(env.IDENTITIES.getByName(identityUuid), (instance: IdentityObject, state) => {
    const { targets } = instance;
    const called = async () => {
      if (isAborted || ++count !== nth) return;
      isAborted = true;
      state.abort(ENDED);
      await new Promise(() => {});
    };
    instance.targets = {
      ...targets,
      db: watched(targets.db, called),
      queue: {
        async sendBatch(...args: Parameters<typeof targets.queue.sendBatch>) {
          const answer = await targets.queue.sendBatch(...args);
          await called();
          return answer;
        },
      },
    };
  });
  return () => isAborted;
}

/** A database that waits for something after each answer. */
function watched(db: D1Database, then: (sql: string) => Promise<void>): D1Database {
  const natives = new WeakMap<object, D1PreparedStatement>();
  const answered = async <T>(sql: string, ask: () => Promise<T>): Promise<T> => {
    const answer = await ask();
    await then(sql);
    return answer;
  };
  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), sql),
      first: () => answered(sql, () => statement.first()),
      run: () => answered(sql, () => statement.run()),
      all: () => answered(sql, () => statement.all()),
      raw: () => answered(sql, () => statement.raw()),
    } as unknown as D1PreparedStatement;
    natives.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(db.prepare(sql), sql),
    batch: (statements: D1PreparedStatement[]) =>
      answered("batch", () => db.batch(statements.map((statement) => natives.get(statement) ?? statement))),
  } as unknown as D1Database;
}
