/** What cron starts: a sign of life each minute, the sweep, and whatever the maintenance object has under way. */
import { cellsOf } from "../cells.ts";
import { readConfig } from "../config.ts";
import { healthEvent } from "../core/index.ts";
import { logError } from "../log.ts";
import { updateOverviews } from "../overview/index.ts";
import { shardsOf } from "../shard.ts";
import { addTotals, readTotals } from "../storage/index.ts";
import { MAINTENANCE } from "./object.ts";
import { sweep } from "./sweep.ts";

/** The cron of the sweep; the other one runs every minute. */
export const SWEEP_CRON = "*/5 * * * *";

/** Handles a cron event. Each part is tried, whatever becomes of the others. */
export async function handleScheduled(cron: string, scheduledMs: number, env: Env): Promise<void> {
  if (cron === SWEEP_CRON) {
    await attempt("sweep_not_run", () => sweep(env));
    await attempt("maintenance_not_woken", () => env.MAINTENANCE.getByName(MAINTENANCE).wake());
  } else {
    await attempt("overview_not_updated", () => updateOverviews(shardsOf(env), scheduledMs / 1_000));
    if (readConfig(env).hasHeartbeat) {
      await attempt("heartbeat_not_sent", () => sendHeartbeat(env, scheduledMs / 1_000));
    }
  }
}

/** Publishes that the Worker is alive, with its counters. */
async function sendHeartbeat(env: Env, nowTs: number): Promise<void> {
  const totals = addTotals(await Promise.all(cellsOf(env).map(({ DB }) => readTotals(DB))));
  const counters = {
    observations: totals.observations,
    attackers: totals.attackers,
    identities: totals.identities,
    events: totals.events,
    deferred: totals.deferred,
    outbox_pending: totals.outbox.pending,
  };
  await env.EVENT_QUEUE.send(healthEvent("attribution-worker", nowTs, counters), { contentType: "json" });
}

async function attempt(name: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    logError(name, error);
  }
}
