/**
 * Health: whether every variable has a value in its range, and whether the databases and an object answer. A good answer
 * is kept for a moment: anybody may ask, so a request must not cost a read each time.
 */
import type { z } from "zod";
import { ConfigError, configProblems } from "../../config.ts";
import { logError } from "../../log.ts";
import { claimShard, firstShard, shardsOf } from "../../shard.ts";
import { countUnpublishable } from "../../storage/index.ts";
import type { healthSchema } from "./wire.ts";

type Health = z.infer<typeof healthSchema>;

/** An identity that does not exist: a question to its object writes nothing. */
const PROBE = "00000000-0000-0000-0000-000000000000";
/** How long D1 and an object may take to answer, ms. */
const PROBE_LIMIT_MS = 5_000;
/** How long a good answer is kept, ms. */
const HEALTHY_FOR_MS = 1_000;

const healthy = new WeakMap<Env, { readonly health: Health; readonly untilMs: number }>();

/** The answer to `GET /health`. Never throws. */
export async function readHealth(env: Env): Promise<Health> {
  const kept = healthy.get(env);
  if (kept && Date.now() < kept.untilMs) return kept.health;
  const problems = configProblems(env);
  if (problems.length > 0) return { status: "unavailable", problems: [...problems] };
  try {
    const unpublishable = await Promise.race([probe(env), expire()]);
    const health: Health = { status: "ok", ...(unpublishable > 0 ? { unpublishable } : {}) };
    healthy.set(env, { health, untilMs: Date.now() + HEALTHY_FOR_MS });
    return health;
  } catch (error) {
    logError("health_failed", error);
    return {
      status: "unavailable",
      ...(error instanceof ConfigError ? { problems: [error.message] } : {}),
    };
  }
}

/** Asks every database and one object. @returns how many events could not be published */
async function probe(env: Env): Promise<number> {
  const shards = shardsOf(env);
  const [unpublishable] = await Promise.all([
    countUnpublishable(firstShard(env).db),
    ...shards.slice(1).map(({ db }) => countUnpublishable(db)),
    ...(shards.length > 1 ? shards.map((shard) => claimShard(env, shard)) : []),
    env.IDENTITIES.getByName(PROBE).attribution(),
  ]);
  return unpublishable;
}

async function expire(): Promise<never> {
  await scheduler.wait(PROBE_LIMIT_MS);
  throw new Error(`D1 and an object must answer within ${PROBE_LIMIT_MS} ms, and did not`);
}
