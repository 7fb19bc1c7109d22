/** Two databases under one Worker: attackers of either, and what each holds. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { stubIdentityUuid } from "../../src/core/index.ts";
import { shardOf, shardsOf } from "../../src/shard.ts";

/** Both databases, in the order of their bindings. */
export const DATABASES = shardsOf(env).map(({ db }) => db);

/** The index of the shard that an attacker's rows must be in: 0 or 1. */
export function shardIndexOf(attackerUuid: string): number {
  return shardOf(env, attackerUuid).index;
}

export interface Known {
  readonly attackerUuid: string;
  readonly identityUuid: string;
}

/** A fresh attacker whose rows belong in a database. */
export function attackerIn(index: number): Known {
  for (;;) {
    const attackerUuid = crypto.randomUUID();
    if (shardIndexOf(attackerUuid) === index) {
      return { attackerUuid, identityUuid: stubIdentityUuid(attackerUuid) };
    }
  }
}

/** One column of what a database answers. */
export async function columnOf(db: D1Database, sql: string, ...values: unknown[]): Promise<unknown[]> {
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all();
  return results.map((row) => Object.values(row)[0]);
}

/** The environment with one of its databases not answering, in part or at all. */
export function withoutDatabase(index: number): Env {
  const fail = () => Promise.reject(new Error("Network connection lost."));
  const broken = new Proxy(DATABASES[index] ?? env.DB, {
    get(target, name) {
      if (name === "batch") return fail;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { ...env, [index === 0 ? "DB" : `DB_${index + 1}`]: broken };
}

/** Asserts that every row about these is in its database, and none in the other. */
export async function expectApart(knowns: readonly Known[]): Promise<void> {
  const attackers = JSON.stringify(knowns.map(({ attackerUuid }) => attackerUuid));
  const identities = JSON.stringify(knowns.map(({ identityUuid }) => identityUuid));
  const columns = [
    ["attackers", "uuid", attackers],
    ["attackers JOIN sessions ON sessions.id >> 32 = number", "uuid", attackers],
    ["identities", "uuid", identities],
    ["events", "identity_uuid", identities],
    ["attributions", "identity_uuid", identities],
  ] as const;
  for (const [index, db] of DATABASES.entries()) {
    const expected = knowns.filter(({ attackerUuid }) => shardIndexOf(attackerUuid) === index);
    for (const [table, column, uuids] of columns) {
      const found = await columnOf(
        db,
        `SELECT DISTINCT ${column} FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?1)) ORDER BY 1`,
        uuids,
      );
      const wanted = expected.map((known) => (uuids === attackers ? known.attackerUuid : known.identityUuid));
      expect(found, `${table} of shard ${index}`).toEqual(wanted.toSorted());
    }
  }
}
