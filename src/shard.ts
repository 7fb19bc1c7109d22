/**
 * Shards: the bound databases (`DB`, `DB_2`, `DB_3`, …), each a value that is passed to whoever reads or writes it.
 * Everything that concerns an attacker is in one of them: its observations, its link, and the history, list entry and
 * merges of its identity. An attacker's shard follows from its UUID; an identity's is where its attackers are, which has
 * to be asked. With one database bound nothing is hashed, asked or waited for.
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

/** Every shard, by index; at least one. The first also holds what belongs to no attacker: dead letters, tickets, switches. */
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
 * Checks, once per isolate, that a shard was filled under the set of databases that is bound now: under another set,
 * attackers would be looked for where they are not. Call it before anything is written for an attacker if there are
 * several shards.
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
