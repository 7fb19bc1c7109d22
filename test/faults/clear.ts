/** Removes what earlier histories left behind. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { shardsOf } from "../../src/shard.ts";
import { MAINTENANCE } from "../../src/maintenance/index.ts";

const TABLES = [
  "attackers",
  "identities",
  "sessions",
  "observation_rows",
  "events",
  "attributions",
  "profile_pages",
  "dead_letters",
  "dead_letter_attackers",
  "former_links",
  "jobs",
  "merges",
  "erasures",
  "outbox_backlog",
];

/** Seeds that were played: playing one again finds the objects that it left. Other seeds have objects of their own. */
const played = new Set<number>();

/** Empties the databases, and the objects that a history is going to use. */
export async function clear(seed: number, identities: readonly string[]): Promise<void> {
  for (const { db } of shardsOf(env)) {
    await db.batch([
      ...TABLES.map((table) => db.prepare(`DELETE FROM ${table}`)),
      db.prepare("DELETE FROM control WHERE name <> 'evidence_secret'"),
      db.prepare("UPDATE counters SET value = 0"),
    ]);
  }
  const stubs: DurableObjectStub[] = [env.MAINTENANCE.getByName(MAINTENANCE)];
  if (played.has(seed)) for (const uuid of identities) stubs.push(env.IDENTITIES.getByName(uuid));
  for (const stub of stubs) {
    await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
    await evictDurableObject(stub);
  }
  played.add(seed);
}
