/** Clears what the histories before left behind. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { MAINTENANCE } from "../../src/maintenance/index.ts";

const TABLES = [
  "attackers",
  "identities",
  "observations",
  "events",
  "attributions",
  "dead_letters",
  "dead_letter_attackers",
  "former_links",
  "jobs",
  "merges",
  "erasures",
  "control",
  "outbox_backlog",
];

/** Seeds that were played: playing one again finds objects that it left. Those of other seeds have objects of their own. */
const played = new Set<number>();
let isMaintenanceUsed = false;

/** Notes that the maintenance object, which all histories share, has something of this one. */
export function noteMaintenance(): void {
  isMaintenanceUsed = true;
}

/** Whether it has. */
export function usesMaintenance(): boolean {
  return isMaintenanceUsed;
}

/** Empties D1, and the objects that a history is going to meet. */
export async function clear(seed: number, identities: readonly string[]): Promise<void> {
  await env.DB.batch([
    ...TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("UPDATE counters SET value = 0"),
  ]);
  const stubs: DurableObjectStub[] = isMaintenanceUsed ? [env.MAINTENANCE.getByName(MAINTENANCE)] : [];
  if (played.has(seed)) for (const uuid of identities) stubs.push(env.IDENTITIES.getByName(uuid));
  for (const stub of stubs) {
    await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
    await evictDurableObject(stub);
  }
  played.add(seed);
  isMaintenanceUsed = false;
}
