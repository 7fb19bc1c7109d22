/**
 * Shards: the bound databases (`DB`, `DB_2`, `DB_3`, …). A shard is a value and an argument of every function that reads or writes
 * it. All rows about an attacker are in one shard: its observations, its link, and the history, list entry and merges of its
 * identity. An attacker's shard follows from its UUID. An identity's shard is that of its attackers and is found by a query.
 * With one bound database there is no hashing and no query.
 */
import { ConfigError } from "./config.ts";
import { chooseShard } from "./core/index.ts";
import { claimShardNames, hasIdentity } from "./storage/index.ts";

/** A bound database and its number. */
export interface Shard {
  /** 0 for `DB`, then in the order of the numbers in the bindings' names. */
  readonly index: number;
  /** The name of the binding. */
  readonly name: string;
  readonly db: D1Database;
}

const FURTHER_DATABASE = /^DB_([2-9]|[1-9]\d+)$/;

const known = new WeakMap<Env, readonly Shard[]>();
const claimed = new WeakSet<Shard>();

/** All shards by index, at least one. The first also has the rows that belong to no attacker: dead letters, tickets, switches. */
export function shardsOf(env: Env): readonly Shard[] {
  const shards = known.get(env) ?? readShards(env);
  known.set(env, shards);
  return shards;
}

/** The shard of an attacker. */
export function shardOf(env: Env, attackerUuid: string): Shard {
  const shards = shardsOf(env);
  const [first] = shards;
  if (first !== undefined && shards.length === 1) return first;
  const name = chooseShard(
    attackerUuid,
    shards.map((shard) => shard.name),
  );
  return shards.find((shard) => shard.name === name) ?? firstShard(env);
}

/** The first shard. */
export function firstShard(env: Env): Shard {
  const [first] = shardsOf(env);
  if (first === undefined) throw new Error("there must be a database bound as DB, found none");
  return first;
}

/**
 * The shard that an identity is in, or null if none has it. With one database bound it is that one, without asking
 * whether the identity exists.
 * @throws what a database throws that cannot be asked, unless another one has the identity
 */
export async function findShard(env: Env, identityUuid: string): Promise<Shard | null> {
  const shards = shardsOf(env);
  if (shards.length === 1) return firstShard(env);
  const answers = await Promise.allSettled(shards.map(({ db }) => hasIdentity(db, identityUuid)));
  const found = shards.find((_, i) => answers[i]?.status === "fulfilled" && answers[i].value);
  if (found) return found;
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  return null;
}

/** Like `findShard`, but falls back to the first shard, whose read then returns "not found". */
export async function shardOfIdentity(env: Env, identityUuid: string): Promise<Shard> {
  return (await findShard(env, identityUuid)) ?? firstShard(env);
}

/**
 * Checks, once per isolate, that a shard was filled with the same set of databases as is bound now. With another set attackers
 * would be looked up in the wrong shard. With several shards, call it before every write for an attacker.
 * @throws ConfigError naming the databases that were bound when the first attacker came
 */
export async function claimShard(env: Env, shard: Shard): Promise<void> {
  if (claimed.has(shard)) return;
  const names = shardsOf(env)
    .map(({ name }) => name)
    .join(", ");
  const under = await claimShardNames(shard.db, names);
  if (under !== names) {
    throw new ConfigError(
      `the databases bound are ${names}, but attackers were spread over ${under ?? "one database"} before: see docs/scale.md`,
    );
  }
  claimed.add(shard);
}

function readShards(env: Env): readonly Shard[] {
  const further = Object.entries(env)
    .flatMap(([name, db]: [string, unknown]) => {
      const number = FURTHER_DATABASE.exec(name)?.[1];
      return number !== undefined && isDatabase(db) ? [{ name, db, number: Number(number) }] : [];
    })
    .toSorted((a, b) => a.number - b.number);
  return [{ name: "DB", db: env.DB }, ...further].map(({ name, db }, index) => ({ index, name, db }));
}

function isDatabase(value: unknown): value is D1Database {
  return typeof value === "object" && value !== null && "prepare" in value && "batch" in value;
}
