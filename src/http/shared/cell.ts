/** For functions that do not take a shard yet. */
import { cellsOf } from "../../cells.ts";
import type { Shard } from "../../shard.ts";

/** The environment whose `DB` is the database of a shard. */
export function cellAt(env: Env, shard: Shard): Env {
  return cellsOf(env)[shard.index] ?? env;
}
