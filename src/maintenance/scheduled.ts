/** What cron starts: each minute the sums of the overview and the heartbeat, every five minutes the sweep and the jobs of the maintenance object. */
import { readConfig } from "../config.ts";
import { healthEvent } from "../core/index.ts";
import { logError } from "../log.ts";
import { updateOverviews } from "../overview/index.ts";
import { shardsOf } from "../shard.ts";
import { addTotals, readTotals } from "../storage/index.ts";
import { sweep, SWEEP_RUNS } from "./sweep.ts";
import { MAINTENANCE } from "./wake.ts";

/** The cron of the sweep; the other one runs every minute. */
export const SWEEP_CRON = "*/5 * * * *";

/** Handles a cron event. A part that fails does not stop the others. A wrong variable is logged by name. */
export async function handleScheduled(cron: string, scheduledMs: number, env: Env): Promise<void> {
  if (cron === SWEEP_CRON) {
    let hasMore = true;
    await attempt("sweep_not_run", async () => {
      ({ hasMore } = await sweep(env));
    });
    await attempt("maintenance_not_woken", () =>
      env.MAINTENANCE.getByName(MAINTENANCE).wake(hasMore ? SWEEP_RUNS - 1 : 0),
    );
  } else {
    await attempt("overview_not_updated", () => updateOverviews(shardsOf(env), scheduledMs / 1_000));
    await attempt("heartbeat_not_sent", async () => {
      if (readConfig(env).hasHeartbeat) await sendHeartbeat(env, scheduledMs / 1_000);
    });
  }
}

/** Publishes the heartbeat with its counters. */
async function sendHeartbeat(env: Env, nowTs: number): Promise<void> {
  const totals = addTotals(await Promise.all(shardsOf(env).map(({ db }) => readTotals(db))));
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
